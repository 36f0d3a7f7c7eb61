"""Comparing two releases of a zone's rules."""

from datetime import UTC, datetime, timedelta

from mentorship.domain.availability.zone_rules import Offsets
from tests.support.tzdata import other_rules

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_the_offsets_of_a_zone_change_where_its_clocks_do():
    berlin = Offsets.of("Europe/Berlin", since=NOW)

    assert berlin.steps[:3] == (
        (NOW, HOUR),
        (datetime(2027, 3, 28, 1, tzinfo=UTC), 2 * HOUR),
        (datetime(2027, 10, 31, 1, tzinfo=UTC), HOUR),
    )
    assert berlin.at(NOW) == HOUR
    assert berlin.at(datetime(2027, 3, 28, 0, 59, tzinfo=UTC)) == HOUR
    assert berlin.at(datetime(2027, 3, 28, 1, tzinfo=UTC)) == 2 * HOUR
    assert berlin.at(datetime(2028, 1, 1, tzinfo=UTC)) == HOUR


def test_before_the_first_step_the_offset_is_that_of_the_first():
    from_winter_to_summer = Offsets.of("Europe/Berlin", since=datetime(2027, 3, 1, tzinfo=UTC))

    assert from_winter_to_summer.steps[-1][1] == 2 * HOUR
    assert from_winter_to_summer.at(datetime(2027, 2, 1, tzinfo=UTC)) == HOUR


def test_offsets_are_read_as_they_were_written():
    for name in ("Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Africa/Casablanca", "UTC"):
        offsets = Offsets.of(name, since=NOW)
        assert Offsets.read(offsets.text) == offsets


def test_only_what_is_still_to_come_makes_a_difference(tmp_path):
    with other_rules(tmp_path, {"America/Vancouver": "America/Los_Angeles"}, release="old"):
        old = Offsets.of("America/Vancouver", since=NOW)
    new = Offsets.of("America/Vancouver", since=NOW)
    later = NOW + timedelta(days=30)

    assert old.differ_from(new, since=NOW)
    assert old.differ_from(Offsets.of("America/Vancouver", since=later), since=later)
    assert not old.differ_from(old, since=NOW)
    assert not new.differ_from(Offsets.of("America/Vancouver", since=later), since=later)


def test_zones_that_never_change_differ_from_now_on():
    one, other = Offsets.of("Asia/Tokyo", since=NOW), Offsets.of("Asia/Kolkata", since=NOW)

    assert one.differ_from(other, since=NOW)


def test_the_same_rules_a_year_later_are_no_difference():
    later = NOW + timedelta(days=365)
    for name in ("Europe/Berlin", "America/New_York", "Australia/Sydney", "Africa/Casablanca"):
        old, new = Offsets.of(name, since=NOW), Offsets.of(name, since=later)
        assert not old.differ_from(new, since=later)


def test_a_difference_of_a_few_weeks_is_found():
    berlin = Offsets.of("Europe/Berlin", since=NOW)
    late = tuple((at + timedelta(weeks=2) * (at > NOW), offset) for at, offset in berlin.steps)

    assert berlin.differ_from(Offsets(late), since=NOW)
    after_the_change = datetime(2027, 4, 20, tzinfo=UTC)
    assert berlin.differ_from(Offsets(late), since=after_the_change)
