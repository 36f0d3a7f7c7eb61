"""Links that people give: to a meeting room, to a recording."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from mentorship.domain.errors import InvalidInput
from mentorship.domain.lifecycle import OPEN, Status
from mentorship.domain.sentences import N_

LONGEST_LINK = 2000

OPENS_BEFORE = timedelta(minutes=15)
"""How long before the start the people of a session are shown where they meet."""


def clean_link(value: str, *, what: str) -> str:
    """The address without blanks around it; empty stays empty. Raises InvalidInput.

    Other schemes than http and https would let a link run code in the reader's browser. Names and
    passwords before the host make one address look like another (RFC 3986, section 7.6).
    """
    value = value.strip()
    if len(value) > LONGEST_LINK:
        raise InvalidInput(
            N_(
                "%(what)s is longer than %(longest)s characters.",
                what=what,
                longest=LONGEST_LINK,
            )
        )
    if value and not _is_web_address(value):
        raise InvalidInput(N_("%(what)s must be like https://meet.example.org/room.", what=what))
    return value


def _is_web_address(value: str) -> bool:
    if not value.isprintable() or " " in value or "\\" in value:
        return False
    try:
        parts = urlsplit(value)
        # An impossible port is found out only when it is asked for.
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and parts.port != 0
        )
    except ValueError:
        return False


def room_opens(start: datetime) -> datetime:
    """From when on (UTC) the room of a session that starts then is shown."""
    return start - OPENS_BEFORE


def is_room_open(status: Status, start: datetime, now: datetime) -> bool:
    """Whether the people of a session are shown its room: from shortly before until it is over."""
    return status in OPEN and now >= room_opens(start)
