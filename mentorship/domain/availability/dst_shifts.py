"""How clock changes affect weekly hours, for the mentor and for students in other zones."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import pairwise

from mentorship.domain.availability.slot_plan import exists, instant, is_whole
from mentorship.domain.availability.weekly_rules import WeeklyRule
from mentorship.domain.shared.zones import zone_of

LOOK_AHEAD = timedelta(days=370)
"""A year contains every clock change."""


@dataclass(frozen=True)
class Shift:
    """A clock change that moves a mentor's weekly hours for students in another zone.

    From `since` (UTC), hours that open at `opens` for the mentor open at `then` in `timezone`, and
    no longer at `usual`. `students` is how many of the mentor's students are there.
    """

    timezone: str
    students: int
    since: datetime
    opens: time
    usual: time
    then: time


def shifts(rule: WeeklyRule, *, zones: Mapping[str, int], now: datetime) -> tuple[Shift, ...]:
    """The shifts of a rule's hours in the year from `now` (UTC), for students in these zones.

    `zones` maps each zone to its number of students.
    """
    openings = list(_openings(rule, now))
    found = []
    for name, students in zones.items():
        zone = zone_of(name)
        for before, after in pairwise(openings):
            # The window always opens at the same hour for its mentor, so only clock changes move it
            # elsewhere.
            usual, then = (opening.astimezone(zone).time() for opening in (before, after))
            if usual != then:
                found.append(Shift(name, students, after, rule.opens, usual, then))
    return tuple(sorted(found, key=lambda shift: shift.since))


def skipped(rule: WeeklyRule, *, gap: int, now: datetime) -> tuple[datetime, ...]:
    """The starts in the year from `now` (UTC) that do not exist because the clocks skip them."""
    zone, length = zone_of(rule.timezone), timedelta(minutes=rule.slot_minutes)
    first = now.astimezone(zone).date()
    return tuple(
        start
        for day in rule.days(first, first + LOOK_AHEAD)
        if _changes_near(day, zone)
        for start in rule.cut(day, gap=gap)
        if not is_whole(start, length, zone)
    )


def _changes_near(day: date, zone: tzinfo) -> bool:
    """Whether the clocks change while a window of this day may be open; a quick check first."""
    begins = datetime.combine(day, time(), zone)
    return begins.utcoffset() != (begins + timedelta(days=2)).utcoffset()


def _openings(rule: WeeklyRule, now: datetime) -> Iterator[datetime]:
    zone = zone_of(rule.timezone)
    first = now.astimezone(zone).date()
    for day in rule.days(first, first + LOOK_AHEAD):
        wall = datetime.combine(day, rule.opens)
        if exists(wall, zone):
            yield instant(wall, zone)
