"""The slots that a mentor's calendar should hold, and the changes that lead there.

Pure: a `Calendar` is a value, and its `plan` says what the caller must store.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from mentorship.domain.availability.weekly_rules import WeeklyRule
from mentorship.domain.shared.zones import zone_of

AHEAD = timedelta(days=1)
"""Slots are made this much beyond the horizon, so that a daily run keeps it filled."""

_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)

_Key = tuple[int | None, datetime, datetime]
"""The identity of a slot: its rule, its start and its end."""


@dataclass(frozen=True)
class SlotSettings:
    """A mentor's limits: buffers and notice in minutes, the daily limit in sessions.

    The defaults are those of a mentor who never set any.
    """

    buffer_before: int = 0
    buffer_after: int = 0
    minimum_notice: int = 120
    horizon_days: int = 56
    daily_limit: int | None = None

    @property
    def gap(self) -> int:
        """Minutes between two slots: the buffer after the one and the buffer before the next."""
        return self.buffer_after + self.buffer_before


@dataclass(frozen=True, order=True)
class PlannedSlot:
    """A slot that a rule produces; instants in UTC."""

    start_time: datetime
    end_time: datetime
    rule_id: int
    capacity: int


@dataclass(frozen=True)
class KnownSlot:
    """A slot that is offered; `rule_id` is empty for a one-off.

    `is_taken` if somebody has a seat in it, and `is_kept` if the mentor keeps it although no rule
    produces it any more. Instants in UTC.
    """

    id: int
    start_time: datetime
    end_time: datetime
    rule_id: int | None
    capacity: int
    is_taken: bool
    is_kept: bool = False


@dataclass(frozen=True)
class DaysOff:
    """Days on which rules make no slots, both ends included, in the mentor's zone."""

    id: int
    first_day: date
    last_day: date
    note: str = ""

    def touch(self, slot: PlannedSlot, zone: tzinfo) -> bool:
        """Whether any part of the slot falls on these days."""
        begins = slot.start_time.astimezone(zone).date()
        ends = (slot.end_time - _MINUTE).astimezone(zone).date()
        return begins <= self.last_day and ends >= self.first_day


@dataclass(frozen=True)
class Plan:
    """The changes that make a calendar match its rules, up to `until` (UTC).

    `misfits` are taken slots that no rule produces any more: they stay until the mentor decides.
    `release` are former misfits that a rule produces again. `crowded` counts the slots that are
    left out because others are too close.
    """

    until: datetime
    add: tuple[PlannedSlot, ...]
    withdraw: tuple[KnownSlot, ...]
    misfits: tuple[KnownSlot, ...]
    release: tuple[KnownSlot, ...]
    crowded: int

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to store."""
        return not (self.add or self.withdraw or self.release)

    def with_new_rule(self, rule_id: int) -> "Plan":
        """The plan with the id of the new rule, which had id 0 while it was planned."""
        return replace(
            self, add=tuple(replace(it, rule_id=it.rule_id or rule_id) for it in self.add)
        )


@dataclass(frozen=True)
class Calendar:
    """A mentor's rules, and the slots that are offered and not over.

    `timezone` is the mentor's zone, in which days off are counted. `dropped` are the one-off slots
    that the mentor withdraws.
    """

    timezone: str
    settings: SlotSettings
    rules: tuple[WeeklyRule, ...]
    days_off: tuple[DaysOff, ...]
    slots: tuple[KnownSlot, ...]
    dropped: frozenset[int] = frozenset()

    def wanted(self, *, since: datetime, until: datetime) -> list[PlannedSlot]:
        """The slots of the rules with `since < start <= until`, without days off, in order."""
        zone = zone_of(self.timezone)
        slots = (
            slot
            for rule in self.rules
            for slot in slots_of(rule, gap=self.settings.gap, since=since, until=until)
        )
        return sorted(
            slot for slot in slots if not any(off.touch(slot, zone) for off in self.days_off)
        )

    def size(self, *, now: datetime) -> int:
        """Roughly how many slots the rules produce up to the horizon; quick for any rules."""
        first, days = now.date(), timedelta(days=self.settings.horizon_days)
        return sum(
            len(list(rule.days(first, first + days)))
            * len(list(rule.cut(first, gap=self.settings.gap)))
            for rule in self.rules
        )

    def in_the_way(self, start: datetime, end: datetime) -> KnownSlot | None:
        """The first slot that is closer to [start, end) than the buffers allow."""
        gap = self.settings.gap * _MINUTE
        close = (it for it in self.slots if it.start_time < end + gap and start < it.end_time + gap)
        return next(close, None)

    def plan(self, *, now: datetime) -> Plan:
        """What to change at `now` (UTC). All slots that stay or are added keep the gap.

        1. List the slots that the rules produce, up to the horizon.
        2. Fix the times of slots that must stay: booked ones, one-offs, and those that have begun.
        3. Withdraw each free slot that no rule produces any more or that is too close to another.
        4. Add the slots that are missing, the earlier ones first, where they are not too close.
        """
        until = now + timedelta(days=self.settings.horizon_days) + AHEAD
        managed = [slot for slot in self.slots if self._is_managed(slot, now)]
        last = max((slot.start_time for slot in managed), default=until)
        wanted = self.wanted(since=now, until=max(until, last))
        capacities = {_key(slot): slot.capacity for slot in wanted}

        free = [slot for slot in managed if not slot.is_taken]
        busy = _BusyTimes(set(self.slots) - set(free), timedelta(minutes=self.settings.gap))
        withdraw = _surplus(free, capacities, busy)
        missing = _missing(wanted, set(self.slots) - set(withdraw), until=until)
        add = [slot for slot in missing if busy.take(slot)]
        return Plan(
            until=until,
            add=tuple(add),
            withdraw=tuple(withdraw),
            misfits=tuple(it for it in managed if it.is_taken and _key(it) not in capacities),
            release=tuple(it for it in managed if it.is_kept and _key(it) in capacities),
            crowded=len(missing) - len(add),
        )

    def _is_managed(self, slot: KnownSlot, now: datetime) -> bool:
        """Whether the plan may withdraw the slot."""
        if slot.rule_id is None:
            return slot.id in self.dropped
        return slot.start_time > now


def slots_of(
    rule: WeeklyRule, *, gap: int, since: datetime, until: datetime
) -> Iterator[PlannedSlot]:
    """The slots of one rule with `since < start <= until`; `gap` minutes lie between two.

    The window is divided on the mentor's wall clock, so slots keep their hours when the clocks
    change. If an hour occurs twice, the first one is used; a slot with a skipped minute is left
    out. Each slot lasts its full length.
    """
    zone, length = zone_of(rule.timezone), rule.slot_minutes * _MINUTE
    first = since.astimezone(zone).date() - _DAY  # A window of yesterday may run past midnight.
    for day in rule.days(first, until.astimezone(zone).date()):
        for start in rule.cut(day, gap=gap):
            if not is_whole(start, length, zone):
                continue
            begins = instant(start, zone)
            if since < begins <= until:
                yield PlannedSlot(begins, begins + length, rule.id, rule.capacity)


def instant(wall: datetime, zone: tzinfo) -> datetime:
    """The UTC instant at which the wall clock first shows this time."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def exists(wall: datetime, zone: tzinfo) -> bool:
    """Whether the clocks ever show this time."""
    return instant(wall, zone).astimezone(zone).replace(tzinfo=None, fold=0) == wall


def is_whole(start: datetime, length: timedelta, zone: tzinfo) -> bool:
    """Whether the clocks show every minute from `start` on."""
    last = start + length - _MINUTE
    return (
        exists(start, zone)
        and exists(last, zone)
        and instant(last, zone) - instant(start, zone) >= length - _MINUTE
    )


def _surplus(
    free: Iterable[KnownSlot], capacities: Mapping[_Key, int], busy: "_BusyTimes"
) -> list[KnownSlot]:
    """The free slots that no rule produces, or that are too close to another slot.

    The others are added to `busy`, the earlier ones first.
    """
    return [
        slot
        for slot in sorted(free, key=lambda slot: slot.start_time)
        if capacities.get(_key(slot)) != slot.capacity or not busy.take(slot)
    ]


def _missing(
    wanted: Iterable[PlannedSlot], present: Iterable[KnownSlot], *, until: datetime
) -> list[PlannedSlot]:
    """The wanted slots with `start <= until` that do not exist yet."""
    keys = {_key(slot) for slot in present}
    return [slot for slot in wanted if slot.start_time <= until and _key(slot) not in keys]


def _key(slot: PlannedSlot | KnownSlot) -> _Key:
    return slot.rule_id, slot.start_time, slot.end_time


class _BusyTimes:
    """Times that no other slot may overlap, each with the gap around it."""

    def __init__(self, fixed: Iterable[KnownSlot], gap: timedelta) -> None:
        """Begin with the slots that stay; imported ones may overlap."""
        self._gap = gap
        self._spans: list[tuple[datetime, datetime]] = []
        for slot in sorted(fixed, key=lambda slot: slot.start_time):
            start, end = slot.start_time, slot.end_time
            if self._spans and start < self._spans[-1][1]:
                start, last = self._spans.pop()
                end = max(end, last)
            self._spans.append((start, end))

    def take(self, slot: PlannedSlot | KnownSlot) -> bool:
        """Add the slot if it keeps the gap to all others; returns whether it does."""
        later = bisect_left(self._spans, (slot.end_time + self._gap,))
        if later and self._spans[later - 1][1] + self._gap > slot.start_time:
            return False
        insort(self._spans, (slot.start_time, slot.end_time))
        return True
