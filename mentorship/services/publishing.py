"""Weekly rules turned into slots that can be booked, up to each mentor's horizon."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, insert, select, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.availability import Plan
from mentorship.domain.rounds import is_time
from mentorship.models import AvailabilityRule, MentorProfile, MentorTimeSlot
from mentorship.queries.calendar import read_calendar
from mentorship.services.holds import hold_free_slots, lose_holds
from mentorship.services.locks import lock_people


def publish(session: Session, mentor_id: int, *, now: datetime) -> int:
    """Make the mentor's slots what the rules say at `now` (UTC), and commit.

    Returns how many were made. Any number of callers may do it at once: who finds nothing to do
    takes no lock, and all others look again once they have it. Booked slots stay as they are.
    """
    plan = _missing(session, mentor_id, now=now)
    session.rollback()
    if plan is None:
        return 0
    begin_write(session)
    lock_people(session, [mentor_id])
    plan = _missing(session, mentor_id, now=now)
    if plan is not None:
        carry_out(session, mentor_id, plan, now=now)
    session.commit()
    return len(plan.add) if plan else 0


def _missing(session: Session, mentor_id: int, *, now: datetime) -> Plan | None:
    """What makes the slots what the rules say; None where they are and reach the horizon."""
    calendar = read_calendar(session, mentor_id, now=now)
    plan = calendar.plan(now=now)
    profile = MentorProfile.mentor_id == mentor_id
    until = session.scalar(select(MentorProfile.published_until).where(profile))
    horizon = now + timedelta(days=calendar.settings.horizon_days)
    is_done = plan.is_empty and until is not None and until >= horizon
    return None if is_done else plan


def carry_out(session: Session, mentor_id: int, plan: Plan, *, now: datetime) -> None:
    """Store what a plan adds and takes back, and hold free times for who waits for one.

    Does not commit. The mentor must be locked.
    """
    withdraw(session, [slot.id for slot in plan.withdraw], now=now)
    if plan.add:
        session.execute(
            insert(MentorTimeSlot),
            [
                {
                    "mentor_id": mentor_id,
                    "start_time": slot.start_time,
                    "end_time": slot.end_time,
                    "rule_id": slot.rule_id,
                    "capacity": slot.capacity,
                }
                for slot in plan.add
            ],
        )
    if plan.release:
        session.execute(
            update(MentorTimeSlot)
            .where(MentorTimeSlot.id.in_([slot.id for slot in plan.release]))
            .values(held_for=None, held_until=None)
        )
    session.execute(
        update(MentorProfile)
        .where(MentorProfile.mentor_id == mentor_id)
        .values(published_until=plan.until)
    )
    hold_free_slots(session, mentor_id, now=now)


def withdraw(session: Session, slot_ids: Sequence[int], *, now: datetime) -> None:
    """Offer these slots no more; does not commit. None may have an open session.

    Students for whom one was held are told, and keep their places in line.
    """
    if slot_ids:
        lose_holds(session, slot_ids, now=now)
        session.execute(
            update(MentorTimeSlot)
            .where(MentorTimeSlot.id.in_(slot_ids))
            .values(is_withdrawn=True, held_for=None, held_until=None)
        )


LOOK_AGAIN = timedelta(minutes=1)
"""How often a worker looks for mentors whose slots no longer reach their horizon."""


class Publisher:
    """Publishes for one mentor at a time, so that a worker's sweeps never wait for many."""

    def __init__(self) -> None:
        self._due: list[int] = []
        self._looked_at: datetime | None = None

    def step(self, session: Session, *, now: datetime) -> bool:
        """Publish for the next mentor who needs it at `now` (UTC); whether more of them wait."""
        if not self._due and is_time(self._looked_at, every=LOOK_AGAIN, now=now):
            self._due = unpublished(session, now=now)
            session.rollback()
            self._looked_at = now
        if self._due:
            # Taken off first: where publishing fails, the others are not held up.
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
