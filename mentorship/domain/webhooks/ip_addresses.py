"""IP addresses: which are public, and which belong to one subscriber."""

import re
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from socket import inet_aton, inet_ntoa
from urllib.parse import urlsplit

_NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        # From IANA's special-purpose registries; Python's `is_global` does not know them all.
        "192.0.0.0/24", "192.88.99.0/24",
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    )
)  # fmt: skip

_WEBHOOK_PORTS = (443, 8443)

_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
"""The prefix of addresses that end in an IPv4 address (RFC 6052)."""


def is_public(address: str) -> bool:
    """Whether a numeric address can be that of a service on the public internet.

    IPv6 addresses that stand for an IPv4 address are judged by the latter; those of tunnels (6to4,
    Teredo) are never public. Raises ValueError if this is not an address.
    """
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        if parsed in _NAT64:
            parsed = IPv4Address(int(parsed) & 0xFFFFFFFF)
        elif parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        elif parsed not in _UNICAST or parsed.scope_id:
            return False
    return (
        parsed.is_global
        and not parsed.is_multicast
        and not any(parsed in network for network in _NOT_PUBLIC)
    )


def literal_address(host: str) -> str | None:
    """The numeric address that a URL's host means in any network; None for a name to look up.

    Resolvers also accept numbers that are shortened, or written in another base ("127.1",
    "2130706433", "0x7f.1"), and digits of other scripts. Names under "localhost" always mean the
    machine itself (RFC 6761, section 6.3).
    """
    with suppress(UnicodeError):  # Not a valid name, so nothing resolves it either.
        host = host.encode("idna").decode()
    host = host.lower().removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):
        return "127.0.0.1"
    with suppress(OSError):
        return inet_ntoa(inet_aton(host))
    with suppress(ValueError):
        return str(ip_address(host))
    return None


_BRACKETED = re.compile(r"\[([^\]]*)\](?::\d+)?")
_WITH_PORT = re.compile(r"([^:]*):\d+")
_LONGEST = 64


def network_of(address: str) -> str:
    """The network that rate limits count for `address`: an IPv4 address, or an IPv6 /64.

    Each IPv6 subscriber has at least a /64. Proxies may add a port. Text that is not an address is
    returned unchanged.
    """
    text = address.strip()[:_LONGEST]
    found = _BRACKETED.fullmatch(text) or _WITH_PORT.fullmatch(text)
    try:
        parsed = ip_address((found[1] if found else text).partition("%")[0])
    except ValueError:
        return text
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    if parsed in _NAT64:
        return str(IPv4Address(int(parsed) & 0xFFFFFFFF))
    return str(ip_network((parsed, 64), strict=False))


def mailbox_of(email: str) -> str:
    """The mailbox behind an address: the part from "+" to "@" is only a label."""
    name, at, host = email.rpartition("@")
    return f"{name.partition('+')[0] or name}{at}{host}"


def truncated(network: str) -> str:
    """The part of a network that a log may contain: /24 of an IPv4 address, /48 of an IPv6 one."""
    try:
        first = ip_network(network).network_address
    except ValueError:
        return "unknown"
    return str(ip_network((first, 24 if first.version == 4 else 48), strict=False))


def is_secure_webhook(url: str) -> bool:
    """Whether production may call this address: with TLS, at one of the ports for it.

    Any other port would let an admin reach services that were never meant to be called from here.
    """
    parts = urlsplit(url)
    return parts.scheme == "https" and (parts.port or 443) in _WEBHOOK_PORTS
