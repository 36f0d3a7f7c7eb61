"""A hold lasts for the student's waking hours, and never past the moment when it is of no use."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentorship.domain.booking.holds import DAY_BEGINS, DAY_ENDS, hold_ends

HALF_AN_HOUR = timedelta(minutes=30)
FAR = datetime(2030, 1, 1, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe",
         "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Santiago")  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "begins", "minutes", "ends"),
    [
        ("UTC", "2026-11-24T10:00", 30, "2026-11-24T10:30"),
        ("UTC", "2026-11-24T21:50", 30, "2026-11-25T08:20"),
        ("UTC", "2026-11-24T21:30", 30, "2026-11-24T22:00"),
        ("UTC", "2026-11-24T23:00", 30, "2026-11-25T08:30"),
        ("UTC", "2026-11-24T03:00", 30, "2026-11-24T08:30"),
        ("UTC", "2026-11-24T08:00", 840, "2026-11-24T22:00"),
        ("UTC", "2026-11-24T08:00", 841, "2026-11-25T08:01"),
        ("Europe/Berlin", "2026-11-24T10:00", 30, "2026-11-24T10:30"),
        ("Europe/Berlin", "2026-11-24T21:30", 30, "2026-11-25T07:30"),
        # The clocks change in the night between: it is an hour shorter.
        ("Europe/Berlin", "2027-03-27T22:00", 30, "2027-03-28T06:30"),
        ("Asia/Tokyo", "2026-11-24T14:00", 30, "2026-11-24T23:30"),
        ("America/New_York", "2026-11-24T02:50", 30, "2026-11-24T13:20"),
    ],
)
def test_nights_of_the_student_do_not_count(zone, begins, minutes, ends):
    begins, ends = (datetime.fromisoformat(f"{each}:00Z") for each in (begins, ends))

    found = hold_ends(begins, timedelta(minutes=minutes), timezone=zone, bookable_until=FAR)

    assert found == ends


@pytest.mark.parametrize("until", ["2026-11-24T10:15", "2026-11-24T10:30", "2026-11-24T10:00"])
def test_a_hold_ends_when_nobody_can_book_the_time_any_more(until):
    begins = datetime(2026, 11, 24, 10, tzinfo=UTC)
    until = datetime.fromisoformat(f"{until}:00Z")

    assert hold_ends(begins, HALF_AN_HOUR, timezone="UTC", bookable_until=until) == until


def waking(begins: datetime, ends: datetime, zone: str) -> timedelta:
    """The waking time between two instants, counted minute by minute."""
    minute, count = timedelta(minutes=1), 0
    while begins < ends:
        count += DAY_BEGINS <= begins.astimezone(ZoneInfo(zone)).time() < DAY_ENDS
        begins += minute
    return count * minute


@given(
    zone=st.sampled_from(ZONES),
    begins=st.integers(0, 2 * 365 * 24 * 60),
    minutes=st.integers(1, 1_500),
    left=st.integers(0, 4_000),
)
def test_a_hold_has_its_whole_length_of_waking_minutes_or_ends_with_the_time(
    zone, begins, minutes, left
):
    begins = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=begins)
    length, until = timedelta(minutes=minutes), begins + timedelta(minutes=left)

    ends = hold_ends(begins, length, timezone=zone, bookable_until=until)

    assert begins <= ends <= until
    counted = waking(begins, ends, zone)
    assert counted <= length
    if ends < until:
        assert counted == length
        last = (ends - timedelta(minutes=1)).astimezone(ZoneInfo(zone)).time()
        assert DAY_BEGINS <= last < DAY_ENDS, "it does not end in the middle of a night"
