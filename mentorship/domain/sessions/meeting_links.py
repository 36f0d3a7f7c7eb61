"""Links that people enter, to a meeting room or a recording."""

from datetime import datetime

from mentorship.domain.sessions.lifecycle import EARLY
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.messages import N_
from mentorship.domain.shared.urls import split_url

LONGEST_LINK = 2000


def clean_link(value: str, *, what: str) -> str:
    """The link without blanks around it; empty stays empty. Raises InvalidInput.

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
        raise InvalidInput(
            N_("%(what)s must be a web address like https://meet.example.org/room.", what=what)
        )
    return value


def _is_web_address(value: str) -> bool:
    if not value.isprintable() or " " in value or "\\" in value:
        return False
    try:
        parts = split_url(value)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and parts.port != 0
        )
    except ValueError:
        return False


def room_opens(start: datetime, started_at: datetime | None) -> datetime:
    """When (UTC) a session's room opens: shortly before its start, or once it has started."""
    opens = start - EARLY
    return min(opens, started_at) if started_at else opens
