"""The days of a report, as the wall calendar of a zone has them."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from mentorship.domain.reports.ranges import (
    DateRange,
    Preset,
    months_of,
    parse_range,
    presets,
    weeks_of,
)
from mentorship.domain.shared.calendar_weeks import local_day
from mentorship.domain.shared.errors import InvalidInput

NOW = datetime(2026, 11, 24, 9, 50, tzinfo=UTC)


def a_range(first, last, zone="UTC"):
    return DateRange(date.fromisoformat(first), date.fromisoformat(last), zone)


def parsed(first, last, zone="UTC"):
    return parse_range(first, last, timezone=zone, now=NOW)


@pytest.mark.parametrize(
    ("zone", "day", "since", "until"),
    [
        ("UTC", "2026-11-24", "2026-11-24T00:00Z", "2026-11-25T00:00Z"),
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00Z", "2026-10-25T23:00Z"),
        ("America/New_York", "2026-11-01", "2026-11-01T04:00Z", "2026-11-02T05:00Z"),
        ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30Z", "2026-10-04T13:00Z"),
        ("Asia/Kathmandu", "2026-11-24", "2026-11-23T18:15Z", "2026-11-24T18:15Z"),
        # Midnight does not exist on that day.
        ("America/Santiago", "2026-09-06", "2026-09-06T04:00Z", "2026-09-07T03:00Z"),
    ],
)
def test_a_day_is_as_long_as_the_clocks_of_its_zone_make_it(zone, day, since, until):
    found = a_range(day, day, zone)

    assert found.since == datetime.fromisoformat(since)
    assert found.until == datetime.fromisoformat(until)
    assert found.days == 1


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Santiago", "Asia/Kathmandu"])
@pytest.mark.parametrize("cut", [weeks_of, months_of])
def test_the_parts_of_a_range_follow_each_other_without_a_gap(zone, cut):
    whole = a_range("2025-12-17", "2027-02-02", zone)

    parts = list(cut(whole))

    assert parts[0].range.since == whole.since
    assert parts[-1].range.until == whole.until
    for part, following in pairwise(parts):
        assert part.range.until == following.range.since
    assert len({part.key for part in parts}) == len(parts)


def test_weeks_have_the_numbers_of_iso_8601_and_are_cut_by_the_range():
    parts = list(weeks_of(a_range("2026-12-30", "2027-01-06")))

    assert [(it.key, str(it.range.first), str(it.range.last)) for it in parts] == [
        ("2026-W53", "2026-12-30", "2027-01-03"),
        ("2027-W01", "2027-01-04", "2027-01-06"),
    ]


def test_months_are_cut_by_the_range():
    parts = list(months_of(a_range("2026-11-30", "2027-01-01")))

    assert [(it.key, it.range.days) for it in parts] == [
        ("2026-11", 1),
        ("2026-12", 31),
        ("2027-01", 1),
    ]


@pytest.mark.parametrize(
    ("first", "last", "before"),
    [
        ("2026-11-01", "2026-11-30", ("2026-10-01", "2026-10-31")),
        ("2026-04-01", "2026-09-30", ("2025-10-01", "2026-03-31")),
        ("2026-11-03", "2026-11-09", ("2026-10-27", "2026-11-02")),
        ("2026-11-01", "2026-11-29", ("2026-10-03", "2026-10-31")),
    ],
)
def test_the_range_before_ends_the_day_before_and_is_as_long(first, last, before):
    assert a_range(first, last).before == a_range(*before)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (
            "2026-11-24T09:50Z",
            {
                Preset.THIS_MONTH: ("2026-11-01", "2026-11-30"),
                Preset.LAST_MONTH: ("2026-10-01", "2026-10-31"),
                Preset.THIS_TERM: ("2026-10-01", "2027-03-31"),
                Preset.ONE_YEAR: ("2025-11-25", "2026-11-24"),
            },
        ),
        (
            "2027-01-31T23:30Z",
            {  # The first of February in Berlin.
                Preset.THIS_MONTH: ("2027-02-01", "2027-02-28"),
                Preset.LAST_MONTH: ("2027-01-01", "2027-01-31"),
                Preset.THIS_TERM: ("2026-10-01", "2027-03-31"),
                Preset.ONE_YEAR: ("2026-02-02", "2027-02-01"),
            },
        ),
        (
            "2027-04-01T00:00Z",
            {
                Preset.THIS_MONTH: ("2027-04-01", "2027-04-30"),
                Preset.LAST_MONTH: ("2027-03-01", "2027-03-31"),
                Preset.THIS_TERM: ("2027-04-01", "2027-09-30"),
                Preset.ONE_YEAR: ("2026-04-02", "2027-04-01"),
            },
        ),
    ],
)
def test_the_usual_ranges_are_those_of_the_wall_calendar(now, expected):
    found = presets(datetime.fromisoformat(now), "Europe/Berlin")

    assert found == {name: a_range(*days, "Europe/Berlin") for name, days in expected.items()}


def test_without_days_the_range_is_this_month():
    assert parsed(None, None) == a_range("2026-11-01", "2026-11-30")


def test_both_days_are_included_and_may_be_the_same():
    assert parsed("2026-11-24", "2026-11-24").days == 1


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        ("2026-11-24", "2026-11-23", "The range ends before it begins"),
        ("2016-11-24", "2026-11-24", "longer than 10 years"),
        ("2016-02-29", "2026-03-01", "longer than 10 years"),
        ("2026-02-30", "2026-11-24", "'from' must be a day"),
        ("2026-11-24", "tomorrow", "'to' must be a day"),
        ("20261124", "2026-11-24", "'from' must be a day"),
        ("2026-W48-2", "2026-11-24", "'from' must be a day"),
        ("2026-11-24T00:00", "2026-11-24", "'from' must be a day"),
        ("2026-11-\u0662\u0664", "2026-11-24", "'from' must be a day"),
        ("", "2026-11-24", "'from' must be a day"),
        ("2026-11-24", None, "'to' is missing"),
        (None, "2026-11-24", "'from' is missing"),
        ("0001-01-01", "0001-01-02", "too far away"),
        ("9999-12-31", "9999-12-31", "too far away"),
    ],
)
def test_what_makes_no_range_is_refused_with_a_sentence(first, last, message):
    with pytest.raises(InvalidInput, match=message):
        parsed(first, last)


@pytest.mark.parametrize(
    ("first", "last"), [("2016-11-25", "2026-11-24"), ("2016-02-29", "2026-02-28")]
)
def test_ten_years_are_not_too_long(first, last):
    assert parsed(first, last).days > 3650


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_a_range_has_the_instants_whose_day_it_has(zone):
    whole = a_range("2026-10-24", "2026-11-02", zone)
    edges = {whole.since, whole.until}
    for edge in edges:
        for nudge in (timedelta(microseconds=-1), timedelta(0)):
            is_inside = whole.since <= edge + nudge < whole.until
            assert is_inside is (whole.first <= local_day(edge + nudge, zone) <= whole.last)
