"""Parsing instants in ISO 8601 with an offset."""

import re
from datetime import UTC, datetime

from mentorship.domain.shared.errors import InvalidInput

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
YEARS_AHEAD = 2
"""Times outside these years are typing errors; a slot that long would block its mentor for good."""

_FORM = re.compile(
    r"(?P<day>[0-9-]+)(?:[T ] *(?P<clock>[0-9:.,]+) *(?P<offset>Z|[+-][0-9:]+)?)?", re.IGNORECASE
)


def parse_timestamp(text: str, *, now: datetime) -> datetime:
    """The instant in UTC of an ISO 8601 time with an offset, like 2026-11-24T09:00:00+01:00.

    Hours need no leading zero, the letters may be small, and blanks may stand around the time of
    day. Raises InvalidInput for anything else, and outside 2000 to two years after `now` (UTC).
    """
    written = _FORM.fullmatch(text.strip())
    try:
        if written is None:
            raise ValueError(text)
        day, clock, offset = written["day"], written["clock"], written["offset"]
        local = datetime.fromisoformat(f"{day}T{_two_digits(clock)}" if clock else day)
        if offset is None:
            raise InvalidInput(f"'{text}' has no offset, like 2026-11-24T09:00:00+01:00.")
        zone = offset[0] + _two_digits(offset[1:]) if offset[1:] else "Z"
        instant = datetime.fromisoformat(f"{local.isoformat()}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"'{text}' is not a time like 2026-11-24T09:00:00+01:00.") from None
    if not EARLIEST <= instant <= _years_after(now):
        raise InvalidInput(
            f"'{text}' is too far from the present: times lie between the year 2000 and "
            f"{YEARS_AHEAD} years from now."
        )
    return instant


def _two_digits(clock: str) -> str:
    return re.sub(r"^(\d)(?!\d)", r"0\1", clock)


def _years_after(now: datetime) -> datetime:
    try:
        return now.replace(year=now.year + YEARS_AHEAD)
    except ValueError:  # The 29th of February.
        return now.replace(year=now.year + YEARS_AHEAD, day=28)
