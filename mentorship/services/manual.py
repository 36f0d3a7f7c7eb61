"""A person's transition: start, arrive, complete or cancel one session."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write, lock_journal
from mentorship.domain.errors import Conflict, Forbidden, NotFound
from mentorship.domain.lifecycle import (
    Action,
    Apply,
    Party,
    Refused,
    Rule,
    State,
    Status,
    decide,
    permitted,
)
from mentorship.domain.mail import NEWS_OF
from mentorship.domain.people import Viewer
from mentorship.models import Cause, SessionBooking, StatusChange, table_of
from mentorship.services.outbox import tell_changes

_BOOKINGS = table_of(SessionBooking)


@dataclass(frozen=True)
class Outcome:
    """How the session stands after the action; `changed` is whether the action changed it."""

    session_id: int
    action: Action
    status: Status
    is_delayed: bool
    changed: bool

    @property
    def sentence(self) -> str:
        """What happened, in words for the person who pressed."""
        done = _DONE[self.action]
        return f"The session {done}." if self.changed else f"The session {done} already."


_DONE = {
    Action.START: "is started",
    Action.ARRIVE: "is marked as begun",
    Action.COMPLETE: "is completed",
    Action.CANCEL: "is cancelled",
}


def perform(
    session: Session,
    *,
    booking_id: int,
    action: Action,
    viewer: Viewer,
    now: datetime,
    reason: str | None = None,
) -> Outcome:
    """Carry out `action` on a booking for `viewer` at `now` (UTC), and commit.

    The booking is locked first, so of two racing actions one wins and the other sees what the
    first left. `reason` is kept by a cancellation only.

    Raises NotFound for a stranger or an unknown id, Forbidden for a participant of the wrong
    role, and Conflict when the state does not allow the action. If the clock's transition was
    due and not yet applied, that one is applied before Conflict is raised (specification, 2).
    """
    begin_write(session)
    booking = (
        session.execute(select(_BOOKINGS).where(_BOOKINGS.c.id == booking_id).with_for_update())
        .mappings()
        .one_or_none()
    )
    party = booking is not None and viewer.party(
        student_id=booking["student_id"], mentor_id=booking["mentor_id"]
    )
    if not booking or not party:
        session.rollback()
        raise NotFound
    if not permitted(action, party):
        session.rollback()
        raise Forbidden("Only the mentor of this session can do that.")
    state = State(
        status=booking["status"],
        is_delayed=booking["is_delayed"],
        started_at=booking["started_at"],
        start_time=booking["start_time"],
        end_time=booking["end_time"],
    )
    decision = decide(state, action, now)
    rule = decision.rule if isinstance(decision, Apply) else None
    if isinstance(decision, Refused):
        rule = decision.overdue
    if rule is not None:
        change = _Change(rule, booking_id, Cause(party.value), viewer.id, reason)
        state = _store(session, change, state, now=now)
    session.commit()
    if isinstance(decision, Refused):
        raise Conflict(decision.sentence, status=state.status, is_delayed=state.is_delayed)
    return Outcome(booking_id, action, state.status, state.is_delayed, rule is not None)


@dataclass(frozen=True)
class _Change:
    """What is about to be stored, and who made it happen."""

    rule: Rule
    booking_id: int
    cause: Cause
    viewer_id: int
    reason: str | None


def _store(session: Session, change: _Change, state: State, *, now: datetime) -> State:
    """Write the transition, its journal row and its mail; returns the state that it leaves."""
    rule = change.rule
    is_by_clock = Party.CLOCK in rule.by
    columns = rule.changes(state, now)
    if rule.action is Action.CANCEL:
        columns["cancel_reason"] = change.reason
    session.execute(
        update(_BOOKINGS)
        .where(_BOOKINGS.c.id == change.booking_id)
        .values(revision=_BOOKINGS.c.revision + 1, **columns)
    )
    left = replace(
        state, status=rule.target, is_delayed=bool(columns.get("is_delayed", state.is_delayed))
    )
    lock_journal(session)
    change_id = session.scalar(
        insert(StatusChange)
        .values(
            booking_id=change.booking_id,
            old_status=state.status,
            new_status=left.status,
            is_delayed=left.is_delayed,
            cause=change.cause,
            actor_id=None if is_by_clock else change.viewer_id,
            due_at=state.at(rule.since, now) if rule.since else None,
            applied_at=now,
        )
        .returning(StatusChange.id)
    )
    assert change_id is not None, "a row that was stored has an id"
    tell_changes(session, NEWS_OF[rule.action], first=change_id, now=now)
    return left
