"""Times to the tenth of a second, and how long something took."""

from datetime import UTC, datetime, timedelta

import pytest

from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.time_format import duration, precise_clock


@pytest.mark.parametrize(
    ("microseconds", "language", "cycle", "written"),
    [
        (0,       Language.EN, HourCycle.H23, "14:05:09"),
        (0,       Language.EN, HourCycle.H12, "2:05:09\xa0PM"),
        (460_000, Language.EN, HourCycle.H23, "14:05:09.4"),
        (999_999, Language.DE, HourCycle.H23, "14:05:09,9"),
        (50_000,  Language.DE, HourCycle.H12, "2:05:09,0\xa0PM"),
    ],
)  # fmt: skip
def test_a_time_is_written_to_the_second_and_a_broken_one_to_its_tenth(
    microseconds, language, cycle, written
):
    instant = datetime(2026, 11, 24, 13, 5, 9, microseconds, tzinfo=UTC)

    assert precise_clock(instant, "Europe/Berlin", language, cycle) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "0 s"),
        (0.04, "0 s"),
        (0.4, "0.4 s"),
        (9.99, "9.9 s"),
        (10.7, "10 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (180_000, "50 h"),
    ],
)
def test_a_duration_is_as_exact_as_it_is_short(seconds, written):
    assert duration(timedelta(seconds=seconds), Language.EN) == written


def test_german_writes_a_comma():
    assert duration(timedelta(seconds=1.5), Language.DE) == "1,5 s"
