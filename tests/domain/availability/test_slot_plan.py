"""Rules become slots: six zones, five years, read a second time minute by minute."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentorship.domain.availability.slot_plan import (
    Calendar,
    DaysOff,
    KnownSlot,
    PlannedSlot,
    SlotSettings,
    slots_of,
)
from mentorship.domain.availability.weekly_rules import Recurrence, Weekday, WeeklyRule

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/Santiago",
    "Pacific/Auckland",
)
FIRST, LAST = date(2026, 1, 1), date(2030, 12, 31)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@cache
def changes(zone):
    """The days of five years on which the clocks of a zone change."""
    days = [FIRST + n * DAY for n in range((LAST - FIRST).days)]
    offsets = [datetime.combine(day, time(12), ZoneInfo(zone)).utcoffset() for day in days]
    return [day for day, one, two in zip(days, offsets, offsets[1:], strict=False) if one != two]


def a_rule(zone="Europe/Berlin", **others):
    """Tuesday evenings, unless said otherwise."""
    columns = {
        "id": 1,
        "timezone": zone,
        "rrule": "FREQ=WEEKLY;BYDAY=TU",
        "first_day": FIRST,
        "opens": time(18),
        "minutes": 120,
        "slot_minutes": 60,
        "capacity": 1,
    }
    return WeeklyRule(**columns | others)


@st.composite
def rules(draw):
    """A rule of one of the zones, with any window."""
    minutes = draw(st.integers(5, 1440))
    days = draw(st.sets(st.sampled_from(list(Weekday)), min_size=1))
    return a_rule(
        draw(st.sampled_from(ZONES)),
        rrule=Recurrence(tuple(days), draw(st.integers(1, 4))).rrule,
        first_day=FIRST + draw(st.integers(0, 30)) * DAY,
        opens=time(draw(st.integers(0, 23)), draw(st.sampled_from([0, 15, 30, 59]))),
        minutes=minutes,
        slot_minutes=draw(st.integers(5, minutes).filter(lambda length: length >= minutes / 60)),
    )


def looks(zone):
    """A day of the five years, often one close to a change of the clocks."""
    anywhere = st.integers(0, (LAST - FIRST).days - 7).map(lambda n: FIRST + n * DAY)
    if not changes(zone):
        return anywhere
    return st.one_of(st.sampled_from(changes(zone)).map(lambda day: day - 3 * DAY), anywhere)


def read_again(rule, *, gap, since, until):
    """The same slots from the only sure direction, from UTC to the wall, minute by minute."""
    zone, shown = ZoneInfo(rule.timezone), {}
    moment = since - 3 * DAY
    while moment < until + 3 * DAY:
        shown.setdefault(moment.astimezone(zone).replace(tzinfo=None), moment)
        moment += MINUTE
    days = {day.value: number for number, day in enumerate(Weekday)}
    parts = dict(part.split("=") for part in rule.rrule.split(";"))
    weekdays = {days[day] for day in parts["BYDAY"].split(",")}
    every = int(parts.get("INTERVAL", 1))
    monday = rule.first_day - rule.first_day.weekday() * DAY
    found = []
    for number in range((until - since).days + 4):
        day = (since - 2 * DAY).date() + number * DAY
        if (
            day < rule.first_day
            or day.weekday() not in weekdays
            or (day - monday).days // 7 % every
        ):
            continue
        start = datetime.combine(day, rule.opens)
        closes = start + rule.minutes * MINUTE
        while start + rule.slot_minutes * MINUTE <= closes:
            if all(start + n * MINUTE in shown for n in range(rule.slot_minutes)):
                found.append((shown[start], shown[start] + rule.slot_minutes * MINUTE))
            start += (rule.slot_minutes + gap) * MINUTE
    return sorted(slot for slot in found if since < slot[0] <= until)


def faults(slots, rule, *, gap, since, until):
    """The faults of a rule's slots: an hour lost, moved or invented, or two too close."""
    made = sorted((slot.start_time, slot.end_time) for slot in slots)
    right = read_again(rule, gap=gap, since=since, until=until)
    found = [f"lost {slot}" for slot in right if slot not in made]
    found += [f"made up {slot}" for slot in made if slot not in right]
    return found


def too_close(slots, gap):
    """The pairs that do not keep the gap."""
    spans = sorted((slot.start_time, slot.end_time) for slot in slots)
    return [pair for pair in itertools.pairwise(spans) if pair[0][1] + gap * MINUTE > pair[1][0]]


@settings(max_examples=60)
@given(st.data(), rules(), st.integers(0, 60))
def test_no_hour_is_lost_or_moved_in_six_zones_and_five_years(data, rule, gap):
    day = data.draw(looks(rule.timezone))
    since = datetime.combine(day, time(), UTC)
    span = {"since": since, "until": since + 6 * DAY}

    assert faults(slots_of(rule, gap=gap, **span), rule, gap=gap, **span) == []


@settings(max_examples=40)
@given(st.data(), st.lists(rules(), min_size=1, max_size=3), st.integers(0, 30))
def test_no_two_published_slots_come_closer_than_the_buffers(data, several, buffer):
    several = [WeeklyRule(**vars(rule) | {"id": n}) for n, rule in enumerate(several, 1)]
    zone = several[0].timezone
    now = datetime.combine(data.draw(looks(zone)), time(), UTC)
    limits = SlotSettings(buffer_before=buffer, buffer_after=5, horizon_days=14)
    calendar = Calendar(zone, limits, tuple(several), (), ())
    plan = calendar.plan(now=now)

    assert too_close(plan.add, buffer + 5) == []
    stored = tuple(known(slot, number) for number, slot in enumerate(plan.add))
    again = Calendar(zone, limits, tuple(several), (), stored).plan(now=now)
    assert (again.add, again.withdraw, again.misfits) == ((), (), ())


def known(slot, number, *, is_taken=False, is_kept=False):
    return KnownSlot(
        number, slot.start_time, slot.end_time, slot.rule_id, slot.capacity, is_taken, is_kept
    )


def with_a_fixed_offset(rule, *, gap, since, until):
    """Naive: takes the offset of the rule's first day for all days."""
    offset = datetime.combine(rule.first_day, rule.opens, ZoneInfo(rule.timezone)).utcoffset()
    for day in rule.days(since.date() - 2 * DAY, until.date() + 2 * DAY):
        for minute in range(0, rule.minutes - rule.slot_minutes + 1, rule.slot_minutes + gap):
            start = datetime.combine(day, rule.opens, UTC) - offset + minute * MINUTE
            if since < start <= until:
                yield PlannedSlot(start, start + rule.slot_minutes * MINUTE, rule.id, 1)


@pytest.mark.parametrize("zone", [zone for zone in ZONES if zone != "Asia/Kolkata"])
def test_the_checker_catches_a_fixed_offset(zone):
    rule = a_rule(zone)
    since = datetime.combine(changes(zone)[0], time(), UTC)
    span = {"since": since, "until": since + 10 * DAY}

    found = faults(with_a_fixed_offset(rule, gap=0, **span), rule, gap=0, **span)
    assert any(line.startswith("lost") for line in found)
    assert any(line.startswith("made up") for line in found)


@pytest.mark.parametrize("zone", ZONES)
def test_five_years_of_a_rule_read_the_same_wall_clock_hours(zone):
    rule = a_rule(zone, rrule="FREQ=WEEKLY;BYDAY=SU", opens=time(0), minutes=1440, slot_minutes=30)
    since, until = datetime.combine(FIRST, time(), UTC), datetime.combine(LAST, time(), UTC)
    local = ZoneInfo(zone)
    slots = list(slots_of(rule, gap=0, since=since, until=until))
    walls = [slot.start_time.astimezone(local).replace(tzinfo=None) for slot in slots]

    assert len(walls) == len(set(walls))
    assert too_close(slots, 0) == []
    assert {slot.end_time - slot.start_time for slot in slots} == {timedelta(minutes=30)}
    sundays = [
        FIRST + n * DAY for n in range((LAST - FIRST).days) if (FIRST + n * DAY).weekday() == 6
    ]
    hours = {datetime.combine(day, time()) + n * 30 * MINUTE for day in sundays for n in range(48)}
    jumps = list(changes(zone))
    missing = sorted(hours - set(walls))
    # Only the hours that the clocks skip: an hour a year, on Lord Howe Island half of one.
    assert set(walls) <= hours
    assert len(missing) <= len(jumps)
    assert all(any(abs((wall.date() - day).days) <= 1 for day in jumps) for wall in missing)


def at(text, zone="Europe/Berlin"):
    """A wall-clock time as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def starts(slots, zone="Europe/Berlin"):
    return [f"{slot.start_time.astimezone(ZoneInfo(zone)):%m-%d %H:%M}" for slot in slots]


def test_a_skipped_hour_is_left_out_and_a_doubled_one_is_offered_once():
    rule = a_rule(rrule="FREQ=WEEKLY;BYDAY=SU", opens=time(1), minutes=180)
    spring, autumn = at("2027-03-27T12:00"), at("2027-10-30T12:00")

    skipped = slots_of(rule, gap=0, since=spring, until=spring + DAY)
    doubled = slots_of(rule, gap=0, since=autumn, until=autumn + DAY)
    assert starts(skipped) == ["03-28 01:00", "03-28 03:00"]
    assert starts(doubled) == ["10-31 01:00", "10-31 02:00", "10-31 03:00"]


NOW = at("2027-01-04T00:00")  # A Monday.


def a_calendar(*slots, rule=None, **others):
    columns = {
        "timezone": "Europe/Berlin",
        "settings": SlotSettings(horizon_days=7),
        "rules": (rule or a_rule(),),
        "days_off": (),
        "slots": slots,
    }
    return Calendar(**columns | others)


def a_slot(number, starts, **others):
    columns = {"rule_id": 1, "capacity": 1, "is_taken": False}
    start = at(starts)
    return KnownSlot(id=number, start_time=start, end_time=start + 60 * MINUTE, **columns | others)


def test_free_slots_that_no_rule_wants_are_taken_back_and_taken_ones_are_named():
    fits, free, taken, one_off = (
        a_slot(1, "2027-01-05T18:00"),
        a_slot(2, "2027-01-05T20:00"),
        a_slot(3, "2027-01-06T18:00", is_taken=True),
        a_slot(4, "2027-01-07T09:00", rule_id=None),
    )
    plan = a_calendar(fits, free, taken, one_off).plan(now=NOW)

    assert (plan.withdraw, plan.misfits) == ((free,), (taken,))
    assert starts(plan.add) == ["01-05 19:00"]
    dropped = a_calendar(fits, one_off, dropped=frozenset({4})).plan(now=NOW)
    assert dropped.withdraw == (one_off,)


def test_a_one_off_in_the_year_2926_does_not_make_the_plan_look_so_far_ahead():
    far = a_slot(9, "2926-11-25 18:00", rule_id=None)
    looked = []

    class Watched(Calendar):
        def wanted(self, *, since, until):
            looked.append(until)
            return super().wanted(since=since, until=until)

    calendar = a_calendar(far)
    Watched(**vars(calendar)).plan(now=NOW)

    assert looked == [calendar.plan(now=NOW).until]


def test_new_slots_keep_the_buffers_to_what_is_there():
    one_off = a_slot(1, "2027-01-05T17:00", rule_id=None)
    plan = a_calendar(
        one_off, settings=SlotSettings(buffer_before=10, buffer_after=5, horizon_days=7)
    ).plan(now=NOW)

    assert (starts(plan.add), plan.crowded) == ([], 1)


def test_another_capacity_replaces_free_slots_and_leaves_taken_ones():
    free, taken = a_slot(1, "2027-01-05T18:00"), a_slot(2, "2027-01-05T19:00", is_taken=True)
    plan = a_calendar(free, taken, rule=a_rule(capacity=5)).plan(now=NOW)

    assert (plan.withdraw, plan.misfits) == ((free,), ())
    assert [slot.capacity for slot in plan.add] == [5]


def test_a_kept_slot_that_a_rule_wants_again_is_released():
    kept = a_slot(1, "2027-01-05T18:00", is_taken=True, is_kept=True)

    assert a_calendar(kept).plan(now=NOW).release == (kept,)


@pytest.mark.parametrize(
    ("first", "last", "left"),
    [
        ("2027-01-05", "2027-01-05", 0),
        ("2027-01-06", "2027-01-06", 1),
        ("2027-01-01", "2027-01-04", 2),
    ],
)
def test_a_day_off_takes_every_slot_that_touches_it(first, last, left):
    off = DaysOff(1, date.fromisoformat(first), date.fromisoformat(last))
    late = a_rule(opens=time(22, 30), slot_minutes=60, minutes=120)

    assert len(a_calendar(rule=late, days_off=(off,)).plan(now=NOW).add) == left


def test_a_rule_is_written_as_rfc_5545_and_read_back():
    rule = Recurrence((Weekday.TH, Weekday.TU), 2, date(2027, 3, 30))

    assert rule.rrule == "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;UNTIL=20270330"
    assert Recurrence.read(rule.rrule).words == "Every second week on Tuesday and Thursday"
    assert Recurrence(tuple(Weekday)).words == "Every day"
