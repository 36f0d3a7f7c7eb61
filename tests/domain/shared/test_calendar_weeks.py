"""A week is Monday to Sunday on somebody's wall, whatever the clocks do."""

from datetime import UTC, date, datetime, timedelta

import pytest

from mentorship.domain.shared.calendar_weeks import Week, day_hours, day_start, local_day


@pytest.mark.parametrize(
    ("zone", "monday", "start", "hours"),
    [
        ("UTC", date(2026, 11, 23), "2026-11-23T00:00Z", 168),
        ("Europe/Berlin", date(2027, 3, 22), "2027-03-21T23:00Z", 167),
        ("Europe/Berlin", date(2027, 10, 25), "2027-10-24T22:00Z", 169),
        ("America/New_York", date(2027, 3, 8), "2027-03-08T05:00Z", 167),
        ("Australia/Lord_Howe", date(2027, 3, 29), "2027-03-28T13:00Z", 168.5),
        ("Asia/Kathmandu", date(2026, 11, 23), "2026-11-22T18:15Z", 168),
        # On 5 September 2027 midnight does not exist in Santiago.
        ("America/Santiago", date(2027, 8, 30), "2027-08-30T04:00Z", 167),
    ],
)
def test_a_week_begins_at_midnight_of_its_zone_and_is_as_long_as_its_days(
    zone, monday, start, hours
):
    week = Week.of(monday + timedelta(days=3), zone)

    assert week == Week(monday, zone)
    assert week.start == datetime.fromisoformat(start)
    assert (week.end - week.start) / timedelta(hours=1) == hours
    assert week.next.previous == week
    assert Week.at(week.start, zone) == week
    assert Week.at(week.end, zone) == week.next
    assert Week.at(week.start - timedelta(microseconds=1), zone) == week.previous


def test_the_same_instant_is_another_day_elsewhere():
    instant = datetime(2026, 11, 24, 23, tzinfo=UTC)

    assert local_day(instant, "Asia/Tokyo") == date(2026, 11, 25)
    assert local_day(instant, "America/New_York") == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("UTC", date(2026, 11, 24), 24),
        ("Europe/Berlin", date(2027, 3, 28), 23),
        ("Europe/Berlin", date(2027, 10, 31), 25),
        ("Australia/Lord_Howe", date(2027, 4, 4), 25),  # Half an hour more.
        ("America/Santiago", date(2027, 9, 5), 23),
    ],
)
def test_the_hours_of_a_day_follow_each_other_to_its_end(zone, day, hours):
    found = day_hours(day, zone)

    assert (len(found), found[0]) == (hours, day_start(day, zone))
    assert {local_day(hour, zone) for hour in found} == {day}
    assert local_day(found[-1] + timedelta(hours=1), zone) == day + timedelta(days=1)
