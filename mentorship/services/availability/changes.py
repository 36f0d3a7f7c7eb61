"""The changes that mentors can make to their calendars."""

from dataclasses import dataclass, replace
from typing import Protocol

from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from mentorship.domain.availability.slot_plan import Calendar, DaysOff, SlotSettings
from mentorship.domain.availability.weekly_rules import WeeklyRule
from mentorship.domain.shared.errors import InvalidInput, NotFound
from mentorship.domain.shared.messages import N_
from mentorship.models import AvailabilityRule, DayOff, MentorProfile

MOST_RULES, MOST_DAYS_OFF = 30, 100


class Change(Protocol):
    """A change that can be previewed before it is stored."""

    @property
    def id(self) -> int | None:
        """The id of the rule, days off or slot: 0 before it is stored, None for the limits."""

    def on(self, calendar: Calendar) -> Calendar:
        """The calendar after the change.

        Raises NotFound if the thing to change does not exist, and InvalidInput.
        """

    def store(self, session: Session, mentor_id: int) -> "Change":
        """Store the change once `on` has accepted it; returns it with its id. Does not commit."""


@dataclass(frozen=True)
class SaveRule:
    """Add a weekly rule (id 0) or change one; an empty time zone keeps the stored one."""

    rule: WeeklyRule

    @property
    def id(self) -> int:
        """The id of the rule."""
        return self.rule.id

    def on(self, calendar: Calendar) -> Calendar:
        """The calendar with the new rule last, in place of the old one."""
        old = next((rule for rule in calendar.rules if rule.id == self.rule.id), None)
        if self.rule.id and old is None:
            raise NotFound(N_("There is no such rule."))
        others = tuple(rule for rule in calendar.rules if rule != old)
        if len(others) >= MOST_RULES:
            raise InvalidInput(N_("There can be at most %(most)s weekly rules.", most=MOST_RULES))
        rule = self.rule
        if old and not rule.timezone:
            rule = replace(rule, timezone=old.timezone)
        return replace(calendar, rules=(*others, rule))

    def store(self, session: Session, mentor_id: int) -> "SaveRule":
        """Insert or update the rule."""
        columns = {name: value for name, value in vars(self.rule).items() if name != "id"}
        if self.rule.id:
            if not self.rule.timezone:
                del columns["timezone"]
            session.execute(
                update(AvailabilityRule).where(AvailabilityRule.id == self.rule.id).values(columns)
            )
            return self
        new = insert(AvailabilityRule).values(mentor_id=mentor_id, **columns)
        rule_id = session.execute(new.returning(AvailabilityRule.id)).scalar_one()
        return SaveRule(replace(self.rule, id=rule_id))


@dataclass(frozen=True)
class RemoveRule:
    """Remove a weekly rule."""

    id: int

    def on(self, calendar: Calendar) -> Calendar:
        """The calendar without the rule."""
        others = tuple(rule for rule in calendar.rules if rule.id != self.id)
        if len(others) == len(calendar.rules):
            raise NotFound(N_("There is no such rule."))
        return replace(calendar, rules=others)

    def store(self, session: Session, mentor_id: int) -> "RemoveRule":
        """Delete the rule; the database clears its id in its slots."""
        session.execute(delete(AvailabilityRule).where(AvailabilityRule.id == self.id))
        return self


@dataclass(frozen=True)
class SaveDaysOff:
    """Add days off (id 0) or change them."""

    days_off: DaysOff

    @property
    def id(self) -> int:
        """The id of the days off."""
        return self.days_off.id

    def on(self, calendar: Calendar) -> Calendar:
        """The calendar with the new days off in place of the old ones."""
        span = self.days_off.first_day, self.days_off.last_day
        others = tuple(off for off in calendar.days_off if off.id != self.days_off.id)
        if self.days_off.id and len(others) == len(calendar.days_off):
            raise NotFound(N_("There is no such day off."))
        if any((off.first_day, off.last_day) == span for off in others):
            raise InvalidInput(N_("You have these days off already."))
        if len(others) >= MOST_DAYS_OFF:
            raise InvalidInput(
                N_(
                    "There can be at most %(most)s entries of days off.",
                    most=MOST_DAYS_OFF,
                )
            )
        return replace(calendar, days_off=(*others, self.days_off))

    def store(self, session: Session, mentor_id: int) -> "SaveDaysOff":
        """Insert or update the days off."""
        off = self.days_off
        columns = {"first_day": off.first_day, "last_day": off.last_day, "note": off.note}
        if off.id:
            session.execute(update(DayOff).where(DayOff.id == off.id).values(columns))
            return self
        new = insert(DayOff).values(mentor_id=mentor_id, **columns).returning(DayOff.id)
        return SaveDaysOff(replace(off, id=session.execute(new).scalar_one()))


@dataclass(frozen=True)
class RemoveDaysOff:
    """Remove days off."""

    id: int

    def on(self, calendar: Calendar) -> Calendar:
        """The calendar without the days off."""
        others = tuple(off for off in calendar.days_off if off.id != self.id)
        if len(others) == len(calendar.days_off):
            raise NotFound(N_("There is no such day off."))
        return replace(calendar, days_off=others)

    def store(self, session: Session, mentor_id: int) -> "RemoveDaysOff":
        """Delete the days off."""
        session.execute(delete(DayOff).where(DayOff.id == self.id))
        return self


@dataclass(frozen=True)
class RemoveSlot:
    """Withdraw a one-off slot."""

    id: int

    def on(self, calendar: Calendar) -> Calendar:
        """The calendar with the slot marked to be withdrawn."""
        if not any(slot.id == self.id and slot.rule_id is None for slot in calendar.slots):
            raise NotFound(N_("There is no such one-off slot."))
        return replace(calendar, dropped=frozenset({self.id}))

    def store(self, session: Session, mentor_id: int) -> "RemoveSlot":
        """Store nothing: the plan withdraws the slot."""
        return self


@dataclass(frozen=True)
class ChangeSettings:
    """Change the limits."""

    settings: SlotSettings
    id: None = None

    def on(self, calendar: Calendar) -> Calendar:
        """The calendar with the new limits."""
        return replace(calendar, settings=self.settings)

    def store(self, session: Session, mentor_id: int) -> "ChangeSettings":
        """Update the mentor's profile, which must exist."""
        session.execute(
            update(MentorProfile)
            .where(MentorProfile.mentor_id == mentor_id)
            .values(vars(self.settings))
        )
        return self
