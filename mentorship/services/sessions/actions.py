"""A person's transition: start, arrive, complete or cancel a session."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import RowMapping, insert, or_, select, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write, lock_journal
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.booking.cutoff import NO_CUTOFF, Cutoff
from mentorship.domain.mail import NEWS_OF
from mentorship.domain.sessions.lifecycle import (
    OPEN,
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
from mentorship.domain.shared.errors import Conflict, Forbidden, NotFound
from mentorship.domain.shared.messages import N_
from mentorship.models import Cause, SessionBooking, StatusChange, table_of
from mentorship.queries.sessions.journal import last_change_id
from mentorship.services.booking.holds import hold_free_slots
from mentorship.services.mail.outbox import notify_transitions
from mentorship.services.mail.unsent import drop_mail_of_cancelled
from mentorship.services.sessions.meeting_rooms import clear_meeting_link
from mentorship.services.shared.locks import lock_people, lock_slots

_BOOKINGS = table_of(SessionBooking)


@dataclass(frozen=True)
class ActionResult:
    """How the session stands after the action; `changed` is whether the action changed it."""

    session_id: int
    action: Action
    status: Status
    is_delayed: bool
    changed: bool

    @property
    def message(self) -> str:
        """What happened, in words for the person who pressed."""
        done = _DONE[self.action]
        if self.changed:
            return N_("The session %(is_done)s.", is_done=done)
        return N_("The session %(is_done)s already.", is_done=done)


_DONE = {
    Action.START: N_("is started"),
    Action.ARRIVE: N_("is marked as begun"),
    Action.COMPLETE: N_("is completed"),
    Action.CANCEL: N_("is cancelled"),
}


def apply_action(
    session: Session,
    *,
    booking_id: int,
    action: Action,
    viewer: Viewer,
    now: datetime,
    reason: str | None = None,
    cutoff: Cutoff = NO_CUTOFF,
    slot_id: int | None = None,
) -> ActionResult:
    """Carry out `action` on a booking for `viewer` at `now` (UTC), and commit.

    The slot and its bookings are locked first, so of two racing actions one wins and the other
    sees what the first left. What the mentor or an admin starts or completes is the whole
    group: the same rule is applied to each open booking of the slot that it fits, in the same
    commit. A cancellation keeps `reason`, is bound by `cutoff` for students, and offers the
    time to the waiting list.

    Raises NotFound for a stranger or an unknown id, Forbidden for a participant of the wrong
    role, and Conflict when the state does not allow the action, or the booking is no longer in
    `slot_id`, where one is given. If the clock's transition was
    due and not yet applied, that one is applied before Conflict is raised (specification, 2).
    """
    begin_write(session)
    rows = _lock(session, booking_id, action)
    booking = next((row for row in rows if row["id"] == booking_id), None)
    party = booking is not None and viewer.party(
        student_id=booking["student_id"], mentor_id=booking["mentor_id"]
    )
    if not booking or not party:
        session.rollback()
        raise NotFound(N_("There is no such session."))
    if not permitted(action, party):
        session.rollback()
        raise Forbidden(N_("Only the mentor of this session can do that."))
    state = _state(booking)
    if slot_id not in (None, booking["time_slot_id"]):
        session.rollback()
        raise Conflict(N_("This session is over or was just moved."), status=state.status,
                       is_delayed=state.is_delayed)  # fmt: skip
    decision = decide(state, action, now)
    if (
        action is Action.CANCEL
        and isinstance(decision, Apply)
        and cutoff.refuses(party, state.start_time, now)
    ):
        decision = Refused(cutoff.message(state.start_time, viewer.timezone))
    rule = decision.rule if isinstance(decision, Apply) else None
    if isinstance(decision, Refused):
        rule = decision.overdue
    if rule is not None:
        whole_group = isinstance(decision, Apply) and _is_for_all(action, party)
        changed = [row for row in rows if whole_group and rule.matches(_state(row), now)]
        change = _Change(rule, Cause(party.value), viewer.id, reason)
        _store(session, change, changed or [booking], now=now)
        state = _left(rule, state, now)
    session.commit()
    if isinstance(decision, Refused):
        raise Conflict(decision.message, status=state.status, is_delayed=state.is_delayed)
    return ActionResult(booking_id, action, state.status, state.is_delayed, rule is not None)


def _is_for_all(action: Action, party: Party) -> bool:
    """Whether the action is about the meeting, not about one student's part in it."""
    return action is not Action.CANCEL and party in (Party.MENTOR, Party.ADMIN)


def _lock(session: Session, booking_id: int, action: Action) -> Sequence[RowMapping]:
    """The booking and the open ones beside it in its slot, by id; none where it is unknown."""
    while True:
        place = session.execute(
            select(_BOOKINGS.c.time_slot_id, _BOOKINGS.c.mentor_id, _BOOKINGS.c.student_id).where(
                _BOOKINGS.c.id == booking_id
            )
        ).one_or_none()
        if place is None:
            return []
        if action is Action.CANCEL:
            lock_people(session, [place.mentor_id, place.student_id])
        lock_slots(session, [place.time_slot_id])
        rows = (
            session.execute(
                select(_BOOKINGS)
                .where(
                    _BOOKINGS.c.time_slot_id == place.time_slot_id,
                    or_(_BOOKINGS.c.id == booking_id, _BOOKINGS.c.status.in_(OPEN)),
                )
                .order_by(_BOOKINGS.c.id)
                .with_for_update()
            )
            .mappings()
            .all()
        )
        if any(row["id"] == booking_id for row in rows):
            return rows
        session.rollback()  # It was moved to another slot before this one was locked.
        begin_write(session)


def _state(row: RowMapping) -> State:
    return State(
        status=row["status"],
        is_delayed=row["is_delayed"],
        started_at=row["started_at"],
        start_time=row["start_time"],
        end_time=row["end_time"],
    )


def _left(rule: Rule, state: State, now: datetime) -> State:
    """What the transition leaves of `state`."""
    is_delayed = bool(rule.changes(state, now).get("is_delayed", state.is_delayed))
    return replace(state, status=rule.target, is_delayed=is_delayed)


@dataclass(frozen=True)
class _Change:
    """What is about to be stored, and who made it happen."""

    rule: Rule
    cause: Cause
    viewer_id: int
    reason: str | None


def _store(session: Session, change: _Change, rows: Sequence[RowMapping], *, now: datetime) -> None:
    """Write the transition of each booking, its journal row and its mail."""
    rule = change.rule
    is_by_clock = Party.CLOCK in rule.by
    journal = []
    for row in rows:
        state = _state(row)
        columns = rule.changes(state, now)
        if rule.action is Action.CANCEL:
            columns["cancel_reason"] = change.reason
        session.execute(
            update(_BOOKINGS)
            .where(_BOOKINGS.c.id == row["id"])
            .values(revision=_BOOKINGS.c.revision + 1, **columns)
        )
        left = _left(rule, state, now)
        journal.append(
            {
                "booking_id": row["id"],
                "old_status": state.status,
                "new_status": left.status,
                "is_delayed": left.is_delayed,
                "cause": change.cause,
                "actor_id": None if is_by_clock else change.viewer_id,
                "due_at": state.at(rule.since, now) if rule.since else None,
                "applied_at": now,
            }
        )
    if rule.action is Action.CANCEL:
        slot_id, mentor_id = rows[0]["time_slot_id"], rows[0]["mentor_id"]
        clear_meeting_link(session, slot_id)
        hold_free_slots(session, mentor_id, now=now, freed=slot_id)
    lock_journal(session)
    before = last_change_id(session)
    session.execute(insert(StatusChange), journal)
    notify_transitions(session, NEWS_OF[rule.action], first=before + 1, now=now)
    if rule.action is Action.CANCEL:
        for row in rows:
            drop_mail_of_cancelled(session, row["id"], now=now)
