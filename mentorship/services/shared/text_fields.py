"""Cleaning and checking the texts that people enter."""

import re
import unicodedata
from collections.abc import Sequence

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.shared.email_addresses import LONGEST_ADDRESS, is_mailbox, normalized
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.messages import N_
from mentorship.domain.shared.search_text import fold
from mentorship.domain.shared.zones import UTC_NAME, current_name

LONGEST_NAME = 120
LONGEST_ZONE = 64

_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_PILE = "M" * 9
"""Too many combining marks on one letter, as first letters of their Unicode categories."""


def clean_text(value: str, *, what: str, longest: int, required: bool = True) -> str:
    """`value` without surrounding whitespace. Raises InvalidInput.

    Refuses control characters and lone surrogates, which break headers, calendars and databases;
    characters that change the direction of the text around them (Unicode Standard Annex 9, 2.1
    to 2.5); and piles of combining marks. Text without a visible character counts as empty.
    """
    value = value.strip()
    categories = [unicodedata.category(character) for character in value]
    if _TURNS.search(value) or _has_unusable(categories):
        raise InvalidInput(N_("%(what)s contains a character that cannot be used.", what=what))
    if not _shows_something(categories):
        value = ""
    if required and not value:
        raise InvalidInput(N_("%(what)s is missing.", what=what))
    if len(value) > longest:
        raise InvalidInput(
            N_("%(what)s is longer than %(longest)s characters.", what=what, longest=longest)
        )
    return value


def _has_unusable(categories: Sequence[str]) -> bool:
    """Whether there are control characters, lone surrogates or piles of combining marks."""
    first_letters = "".join(category[0] for category in categories)
    return "Cc" in categories or "Cs" in categories or _PILE in first_letters


def _shows_something(categories: Sequence[str]) -> bool:
    """Whether any character is visible; characters unknown to this Python count as visible."""
    return any(category[0] not in "MZ" and category != "Cf" for category in categories)


def clean_email(value: str) -> str:
    """The address in lower case. Raises InvalidInput."""
    email = normalized(clean_text(value, what=N_("The e-mail address"), longest=LONGEST_ADDRESS))
    if is_mailbox(email):
        return email
    if email.startswith("mailto:") or email.endswith(">"):
        raise InvalidInput(
            N_(
                "'%(email)s' contains more than an e-mail address. Please enter only the address, "
                "like kim@example.org.",
                email=email,
            )
        )
    if "@" in email and not email.isascii():  # Most servers take no other (RFC 6531).
        raise InvalidInput(
            N_(
                "Mail cannot be sent to '%(email)s': only the letters A to Z are allowed.",
                email=email,
            )
        )
    raise InvalidInput(N_("'%(email)s' is not an e-mail address.", email=email))


def clean_name(value: str) -> str:
    """A person's name. Raises InvalidInput."""
    return clean_text(value, what=N_("The name"), longest=LONGEST_NAME)


def folded_name(name: str) -> str:
    """The name in the form that is searched and sorted."""
    return fold(name)[:LONGEST_NAME]


def clean_roles(value: str) -> frozenset[Role]:
    """The roles of a list of names with commas, in upper or lower case. Raises InvalidInput."""
    return frozenset(map(_clean_role, value.split(",")))


def _clean_role(value: str) -> Role:
    try:
        return Role(value.strip().upper())
    except ValueError:
        raise InvalidInput(
            N_("'%(value)s' is not a role. Roles are student, mentor and admin.", value=value)
        ) from None


def clean_timezone(value: str) -> str:
    """The current IANA name of a zone, also of an old name; empty is UTC. Raises InvalidInput."""
    name = current_name(value.strip() or UTC_NAME)
    if name is None:
        raise InvalidInput(
            N_("'%(value)s' is not a time zone like Europe/Berlin.", value=value[:LONGEST_ZONE])
        )
    return name


def chosen_timezone(value: str) -> str:
    """The same for a zone that must be chosen. Raises InvalidInput if it is empty."""
    if not value.strip():
        raise InvalidInput(N_("Please choose your time zone."))
    return clean_timezone(value)


def clean_hour_cycle(value: str) -> HourCycle | None:
    """The chosen 12 or 24 hours; empty is no choice. Raises InvalidInput."""
    try:
        return HourCycle(value) if value else None
    except ValueError:
        raise InvalidInput(N_("The time format must be h12 or h23.")) from None


def clean_language(value: str) -> Language | None:
    """The chosen language; empty is no choice. Raises InvalidInput."""
    try:
        return Language(value) if value else None
    except ValueError:
        raise InvalidInput(N_("The language must be en or de.")) from None
