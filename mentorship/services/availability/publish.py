"""Weekly rules turned into slots that can be booked, up to each mentor's horizon."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, insert, select, update
from sqlalchemy.orm import Session

from mentorship.database import let_others_write
from mentorship.domain.availability.slot_plan import Plan, PlannedSlot
from mentorship.domain.shared.intervals import has_elapsed
from mentorship.models import AvailabilityRule, MentorProfile, MentorTimeSlot
from mentorship.queries.availability.mentor_calendar import calendar_state, read_calendar
from mentorship.services.availability.calendar_lock import decide_then_lock, lock_calendar
from mentorship.services.booking.holds import hold_free_slots, release_holds

SLOTS_AT_ONCE = 500
"""New slots in one transaction: on SQLite all other writers wait for it."""


def publish(session: Session, mentor_id: int, *, now: datetime) -> int:
    """Make the mentor's slots match the rules at `now` (UTC), and commit.

    Returns how many slots were created. Any number of callers may run at once: without work it
    takes no lock, and otherwise it checks again under the lock. Booked slots stay.
    """
    plan = decide_then_lock(
        session, mentor_id, lambda: _missing(session, mentor_id, now=now), now=now
    )
    if plan is None:
        session.rollback()
        return 0
    apply_plan(session, mentor_id, plan, now=now)
    return len(plan.add)


def _missing(session: Session, mentor_id: int, *, now: datetime) -> Plan | None:
    """The plan that makes the slots match the rules up to the horizon; None if they do already."""
    calendar = read_calendar(session, mentor_id, now=now)
    plan = calendar.plan(now=now)
    profile = MentorProfile.mentor_id == mentor_id
    until = session.scalar(select(MentorProfile.published_until).where(profile))
    horizon = now + timedelta(days=calendar.settings.horizon_days)
    is_done = plan.is_empty and until is not None and until >= horizon
    return None if is_done else plan


def apply_plan(session: Session, mentor_id: int, plan: Plan, *, now: datetime) -> None:
    """Add and withdraw the slots of a plan, and hold free slots for waiting students. Commits.

    The mentor must be locked and the plan up to date. Slots are withdrawn in the open transaction,
    so that nobody books them. New slots follow in transactions of up to `SLOTS_AT_ONCE`, so that
    others can write in between. Until all exist the mentor counts as unpublished, so a worker
    finishes the work of a killed process; if somebody else has changed the calendar in between, it
    is planned anew.
    """
    withdraw_slots(session, [slot.id for slot in plan.withdraw], now=now)
    if plan.release:
        session.execute(
            update(MentorTimeSlot)
            .where(MentorTimeSlot.id.in_([slot.id for slot in plan.release]))
            .values(held_for=None, held_until=None)
        )
    add = plan.add
    while True:
        _add(session, mentor_id, add[:SLOTS_AT_ONCE])
        add = add[SLOTS_AT_ONCE:]
        _note_published(session, mentor_id, None if add else plan.until)
        hold_free_slots(session, mentor_id, now=now)
        left = calendar_state(session, mentor_id, now=now) if add else None
        session.commit()
        if not add:
            return
        let_others_write(session)
        lock_calendar(session, mentor_id)
        if calendar_state(session, mentor_id, now=now) != left:
            session.rollback()
            publish(session, mentor_id, now=now)
            return


def _add(session: Session, mentor_id: int, slots: Sequence[PlannedSlot]) -> None:
    rows = [
        {
            "mentor_id": mentor_id,
            "start_time": slot.start_time,
            "end_time": slot.end_time,
            "rule_id": slot.rule_id,
            "capacity": slot.capacity,
        }
        for slot in slots
    ]
    if rows:
        session.execute(insert(MentorTimeSlot), rows)


def unpublish(session: Session, mentor_id: int) -> None:
    """Make sure that a worker publishes the mentor's slots later. Does not commit."""
    _note_published(session, mentor_id, None)


def _note_published(session: Session, mentor_id: int, until: datetime | None) -> None:
    profile = update(MentorProfile).where(MentorProfile.mentor_id == mentor_id)
    session.execute(profile.values(published_until=until))


def withdraw_slots(session: Session, slot_ids: Sequence[int], *, now: datetime) -> None:
    """Withdraw these slots; does not commit. None may have an open session.

    Students for whom a slot was held get a mail and keep their places in line.
    """
    if slot_ids:
        release_holds(session, slot_ids, now=now)
        session.execute(
            update(MentorTimeSlot)
            .where(MentorTimeSlot.id.in_(slot_ids))
            .values(is_withdrawn=True, held_for=None, held_until=None)
        )


LOOK_AGAIN = timedelta(minutes=1)
"""How often the worker looks for mentors whose slots no longer reach their horizon."""


class Publisher:
    """Publishes for one mentor at a time, so that the worker's sweeps never wait long."""

    def __init__(self) -> None:
        self._due: list[int] = []
        self._looked_at: datetime | None = None

    def step(self, session: Session, *, now: datetime) -> bool:
        """Publish for the next mentor who needs it at `now` (UTC); returns whether more remain."""
        if not self._due and has_elapsed(self._looked_at, every=LOOK_AGAIN, now=now):
            self._due = unpublished(session, now=now)
            session.rollback()
            self._looked_at = now
        if self._due:
            # Removed first, so that a failure does not hold up the others.
            publish(session, self._due.pop(), now=now)
        return bool(self._due)


def unpublished(session: Session, *, now: datetime) -> list[int]:
    """The mentors whose slots no longer reach their horizon."""
    rows = session.execute(
        select(
            MentorProfile.mentor_id, MentorProfile.published_until, MentorProfile.horizon_days
        ).where(exists().where(AvailabilityRule.mentor_id == MentorProfile.mentor_id))
    )
    return [
        row.mentor_id
        for row in rows
        if row.published_until is None
        or row.published_until < now + timedelta(days=row.horizon_days)
    ]
