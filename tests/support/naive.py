"""Deliberately wrong implementations. A checker proves something only if it catches them."""

from collections.abc import Callable
from datetime import datetime
from time import sleep

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.sessions.lifecycle import CLOCK_RULES, Action, Apply, State, decide
from mentorship.models import Cause, MentorTimeSlot, SessionBooking, StatusChange, table_of
from mentorship.queries.availability.mentor_calendar import read_calendar
from mentorship.queries.sessions.due import due_bookings
from mentorship.services.booking.book import BookingRequest, refuse_at_limit, refuse_unless_free
from mentorship.services.sessions.actions import ActionResult
from mentorship.services.sessions.sweep import SweepResult

_BOOKINGS = table_of(SessionBooking)


def sweep(session: Session, *, now: datetime, cause: Cause, **_others: object) -> SweepResult:
    """Selects, then updates without compare-and-set, and journals in another transaction."""
    counts = []
    for rule in CLOCK_RULES:
        due = session.execute(due_bookings(rule, now=now)).all()
        session.rollback()
        for booking_id, *_people, due_at in due:
            columns = {"completed_at": due_at} if rule.sets.get("completed_at") else {}
            delayed = bool(rule.sets.get("is_delayed", rule.delayed))
            _write(session, booking_id, status=rule.target, is_delayed=delayed, **columns)
            _journal(
                session,
                booking_id=booking_id,
                old_status=rule.source,
                action=rule.action,
                new_status=rule.target,
                is_delayed=delayed,
                cause=cause,
                due_at=due_at,
                applied_at=now,
            )
        counts.append(len(due))
    return SweepResult(counts[0], counts[1], 0, ())


def apply_action(
    session: Session, *, booking_id: int, action: Action, viewer: Viewer, now: datetime
) -> ActionResult:
    """Decides by what it read without a lock, and journals in another transaction."""
    kept = session.execute(select(_BOOKINGS).where(_BOOKINGS.c.id == booking_id)).one()
    session.rollback()
    state = State(kept.status, kept.is_delayed, kept.started_at, kept.start_time, kept.end_time)
    decision = decide(state, action, now)
    if not isinstance(decision, Apply):
        return ActionResult(booking_id, action, state.status, state.is_delayed, changed=False)
    columns = decision.rule.changes(state, now)
    is_delayed = bool(columns.get("is_delayed", state.is_delayed))
    _write(session, booking_id, **columns)
    _journal(
        session,
        booking_id=booking_id,
        old_status=state.status,
        action=action,
        new_status=decision.rule.target,
        is_delayed=is_delayed,
        cause=Cause(str(viewer.party(student_id=kept.student_id, mentor_id=kept.mentor_id))),
        actor_id=viewer.id,
        applied_at=now,
    )
    return ActionResult(booking_id, action, decision.rule.target, is_delayed, changed=True)


def book(session: Session, *, viewer: Viewer, request: BookingRequest, now: datetime) -> None:
    """Checks that the time is free, then books it in another transaction, without a lock."""
    slot = session.get_one(MentorTimeSlot, request.slot_id)
    refuse_at_limit(session, viewer.id, slot.mentor_id, "", now=now)
    refuse_unless_free(session, slot.id, slot.mentor_id, viewer.id, now=now)
    session.rollback()
    sleep(0.05)  # Long enough for everybody else to look, too.
    begin_write(session)
    session.execute(
        insert(SessionBooking).values(
            time_slot_id=slot.id,
            mentor_id=slot.mentor_id,
            start_time=slot.start_time,
            end_time=slot.end_time,
            student_id=viewer.id,
        )
    )
    session.commit()


def _write(session: Session, booking_id: int, **columns: object) -> None:
    begin_write(session)
    session.execute(
        update(_BOOKINGS)
        .where(_BOOKINGS.c.id == booking_id)
        .values(revision=_BOOKINGS.c.revision + 1, **columns)
    )
    session.commit()


def _journal(session: Session, **columns: object) -> None:
    begin_write(session)
    session.execute(insert(StatusChange).values(columns))
    session.commit()


def publish(
    session: Session, mentor_id: int, *, now: datetime, between: Callable[[], object] = bool
) -> int:
    """Reads without a lock and adds what it did not see; `between` the two another may act."""
    plan = read_calendar(session, mentor_id, now=now).plan(now=now)
    session.rollback()
    between()
    begin_write(session)
    for slot in plan.add:
        session.execute(
            insert(MentorTimeSlot).values(
                mentor_id=mentor_id,
                start_time=slot.start_time,
                end_time=slot.end_time,
                rule_id=slot.rule_id,
                is_exclusive=False,  # So that the database does not save it.
            )
        )
    session.commit()
    return len(plan.add)
