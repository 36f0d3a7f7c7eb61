"""The time between two instants, as SQL counts it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import literal, select

from mentorship.database import UtcDateTime
from mentorship.queries.shared.elapsed import elapsed, minutes_between

START = datetime(2026, 10, 25, 0, 59, 59, 999_999, tzinfo=UTC)


@pytest.mark.parametrize(
    "lasts",
    [
        timedelta(0),
        timedelta(microseconds=1),
        timedelta(seconds=59, microseconds=999_999),
        timedelta(minutes=1),
        timedelta(hours=1, microseconds=1),
        timedelta(days=400, microseconds=501),
        -timedelta(minutes=3, microseconds=7),
    ],
)
def test_elapsed_time_is_exact_to_the_microsecond(session, lasts):
    """SQLite's own functions round 59.999999 seconds to a minute."""
    first, second = (literal(it, UtcDateTime) for it in (START, START + lasts))

    found = session.scalar(select(elapsed(first, second)))

    assert found == lasts // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [(0, 0), (0.000001, 0), (59.999999, 0), (60, 1), (60.000001, 1), (119.999999, 1), (3600, 60)],
)
def test_minutes_are_rounded_down(session, seconds, minutes):
    first, second = (literal(it, UtcDateTime) for it in (START, START + timedelta(seconds=seconds)))

    assert session.scalar(select(minutes_between(first, second))) == minutes
