"""Validating weekly hours, days off and limits, with a message for each error."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from mentorship.domain.availability.slot_plan import DaysOff, SlotSettings
from mentorship.domain.availability.weekly_rules import (
    MOST_WEEKS_BETWEEN,
    Recurrence,
    Weekday,
    WeeklyRule,
)
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.messages import N_
from mentorship.domain.shared.zones import zone_of
from mentorship.services.shared.text_fields import clean_text

SHORTEST_SLOT, LARGEST_GROUP = 5, 30
LONGEST_BUFFER, LONGEST_NOTICE, FARTHEST_HORIZON, HIGHEST_DAILY_LIMIT = 240, 43200, 366, 100
LONGEST_NOTE = 160
FURTHEST_AHEAD = timedelta(days=3 * 366)
EARLIEST_FIRST_DAY = date(2020, 1, 1)

_DAY_MINUTES = 24 * 60


def minutes_between(opens: time, closes: time) -> int:
    """The minutes from `opens` to the next `closes`; equal times are a whole day apart."""
    minutes = (closes.hour - opens.hour) * 60 + closes.minute - opens.minute
    return minutes % _DAY_MINUTES or _DAY_MINUTES


def new_rule(
    *,
    rule_id: int = 0,
    weekdays: Collection[Weekday],
    opens: time,
    closes: time,
    slot_minutes: int,
    capacity: int,
    first_day: date,
    every_weeks: int,
    until: date | None,
    timezone: str,
    now: datetime,
) -> WeeklyRule:
    """A validated weekly rule. Raises InvalidInput.

    Times and days are local in `timezone`; if it is empty, a stored rule keeps its own zone.
    """
    minutes = minutes_between(opens, closes)
    if not weekdays:
        raise InvalidInput(N_("Choose at least one day of the week."))
    _within(every_weeks, 1, MOST_WEEKS_BETWEEN, N_("The number of weeks from one to the next"))
    _within(slot_minutes, SHORTEST_SLOT, minutes, N_("The length of a slot in minutes"))
    _within(capacity, 1, LARGEST_GROUP, N_("The number of students in a slot"))
    if not EARLIEST_FIRST_DAY <= first_day <= now.date() + FURTHEST_AHEAD:
        raise InvalidInput(N_("The first day must be between 2020 and three years from now."))
    if until is not None and until < first_day:
        raise InvalidInput(N_("The last day must not come before the first."))
    recurrence = Recurrence(tuple(weekdays), every_weeks, until)
    return WeeklyRule(
        id=rule_id,
        timezone=timezone,
        rrule=recurrence.rrule,
        first_day=first_day,
        opens=opens,
        minutes=minutes,
        slot_minutes=slot_minutes,
        capacity=capacity,
    )


def new_days_off(
    *,
    days_off_id: int = 0,
    first_day: date,
    last_day: date | None,
    note: str,
    timezone: str,
    now: datetime,
) -> DaysOff:
    """Validated days off; without a last day, a single day. Raises InvalidInput."""
    last_day = last_day or first_day
    if last_day < first_day:
        raise InvalidInput(N_("The last day off must not come before the first."))
    if first_day < EARLIEST_FIRST_DAY:
        raise InvalidInput(N_("Days off cannot begin before 2020."))
    if last_day < now.astimezone(zone_of(timezone)).date():
        raise InvalidInput(N_("These days have passed."))
    if last_day > now.date() + FURTHEST_AHEAD:
        raise InvalidInput(N_("Days off can be at most three years ahead."))
    note = clean_text(note, what=N_("The note"), longest=LONGEST_NOTE, required=False)
    return replace(DaysOff(days_off_id, first_day, last_day), note=note)


def new_settings(settings: SlotSettings) -> SlotSettings:
    """The same limits. Raises InvalidInput if one is out of range."""
    _within(settings.buffer_before, 0, LONGEST_BUFFER, N_("The buffer before a slot in minutes"))
    _within(settings.buffer_after, 0, LONGEST_BUFFER, N_("The buffer after a slot in minutes"))
    _within(settings.minimum_notice, 0, LONGEST_NOTICE, N_("The minimum notice in minutes"))
    _within(settings.horizon_days, 1, FARTHEST_HORIZON, N_("The horizon in days"))
    if settings.daily_limit is not None:
        _within(settings.daily_limit, 1, HIGHEST_DAILY_LIMIT, N_("The daily limit"))
    return settings


def _within(value: int, least: int, most: int, what: str) -> None:
    if not least <= value <= most:
        raise InvalidInput(
            N_(
                "%(what)s must be between %(least)s and %(most)s.",
                what=what,
                least=least,
                most=most,
            )
        )
