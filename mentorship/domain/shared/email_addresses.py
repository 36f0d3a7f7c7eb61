"""Which e-mail addresses are accepted: one rule for sign-up, imports, settings and mail.

Accepted are addresses that every mail server delivers to: a plain local part in ASCII and a domain
name. Quoted local parts, comments, IP addresses, non-ASCII letters (RFC 6531) and forms like `Kim
<kim@example.org>` are refused, although standards allow them.
"""

import re

LONGEST_ADDRESS = 254
"""Characters; RFC 5321, 4.5.3.1.3, less the angle brackets of a path."""

_LONGEST_LOCAL, _LONGEST_DOMAIN = 64, 253

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"  # RFC 5322, 3.2.3.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# "=?" may begin an encoded word (RFC 2047), which some programs read as another address.
_LOCAL = re.compile(rf"(?!.*=\?.*\?=){_ATOM}(?:\.{_ATOM})*")
# A last label that begins with a digit belongs to an IPv4 address, not to a domain.
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?=[a-z]){_LABEL}")


def normalized(text: str) -> str:
    """An address as it is stored and looked up: in lower case, without blanks around it."""
    return text.strip().lower()


def is_mailbox(address: str) -> bool:
    """Whether mail can be written and sent to this normalized address."""
    local, _, domain = address.rpartition("@")
    return (
        len(address) <= LONGEST_ADDRESS
        and len(local) <= _LONGEST_LOCAL
        and _LOCAL.fullmatch(local) is not None
        and is_mail_domain(domain)
    )


def is_mail_domain(domain: str) -> bool:
    """Whether this can stand behind the @ of an address."""
    return len(domain) <= _LONGEST_DOMAIN and _DOMAIN.fullmatch(domain) is not None
