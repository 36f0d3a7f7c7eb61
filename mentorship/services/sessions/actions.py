"""A person's transition: start, arrive, complete or cancel a session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import RowMapping, bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write, lock_journal
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.booking.cutoff import NO_CUTOFF, Cutoff
from mentorship.domain.mail import MAIL_OF
from mentorship.domain.sessions.lifecycle import (
    IS_OVER,
    NOTIFY_AFTER,
    OPEN,
    Action,
    AlreadyHolds,
    Apply,
    Party,
    Refused,
    Rule,
    State,
    Status,
    decide,
    permitted,
)
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.domain.sessions.undo import done_sentence
from mentorship.domain.shared.errors import Conflict, Forbidden, NotFound, ProductError
from mentorship.domain.shared.messages import N_
from mentorship.models import Cause, MentorTimeSlot, SessionBooking, StatusChange, table_of
from mentorship.queries.sessions.journal import last_change_id
from mentorship.services.booking.holds import hold_free_slots
from mentorship.services.mail.outbox import NO_WAIT, notify_transitions
from mentorship.services.mail.outcomes import notify_dispute
from mentorship.services.mail.unsent import drop_mail_of_cancelled
from mentorship.services.sessions.meeting_rooms import clear_meeting_link
from mentorship.services.shared.locks import lock_people, lock_slots
from mentorship.services.webhooks.calls import enqueue_reopened, enqueue_settled_by_start

_BOOKINGS = table_of(SessionBooking)


@dataclass(frozen=True)
class ActionResult:
    """The state of the session after the action; `changed` is whether the action changed it.

    `is_for_one` means that somebody else removed one student from a group.
    """

    session_id: int
    action: Action
    status: Status
    is_delayed: bool
    changed: bool
    topic: str = ""
    is_for_one: bool = False

    @property
    def message(self) -> str:
        """What happened, for the person who pressed the button."""
        if self.is_for_one:
            return N_("The student is no longer in this session.")
        return (_DONE if self.changed else _ALREADY_DONE)[self.action]

    @property
    def notice(self) -> str:
        """The same for a page with many sessions, with the name of this one."""
        is_whole = self.changed and not self.is_for_one
        return done_sentence(self.action, self.topic) if is_whole else self.message


_DONE = {
    Action.START: N_("The session has started."),
    Action.ARRIVE: N_("The session is marked as begun."),
    Action.COMPLETE: N_("The session is completed."),
    Action.CANCEL: N_("The session is cancelled."),
    Action.UNDO: N_("The change was undone."),
    Action.CORRECT: N_("The status was corrected."),
}
_ALREADY_DONE = {
    Action.START: N_("The session has already started."),
    Action.ARRIVE: N_("The session is already marked as begun."),
    Action.COMPLETE: IS_OVER[Status.COMPLETED],
    Action.CANCEL: IS_OVER[Status.CANCELLED],
    Action.UNDO: N_("The change is already undone."),
    Action.CORRECT: N_("The session already has this status."),
}


@dataclass(frozen=True)
class Cancellation:
    """The arguments of a cancellation.

    `reason` is stored and shown to the other people. `cutoff` binds students. With a `slot_id`, the
    booking is cancelled only if it is still in that slot. `is_for_one` means that the mentor
    removes one student from a group, whose meeting stays.
    """

    reason: str | None = None
    cutoff: Cutoff = NO_CUTOFF
    slot_id: int | None = None
    is_for_one: bool = False


def apply_action(
    session: Session,
    *,
    booking_id: int,
    action: Action,
    viewer: Viewer,
    now: datetime,
    cancellation: Cancellation = Cancellation(),
) -> ActionResult:
    """Carry out `action` on a booking for `viewer` at `now` (UTC), and commit.

    1. Lock the slot and its bookings: of two racing actions one wins, and the other one sees its
       result.
    2. Refuse strangers and people of the wrong role.
    3. Decide by the rules. If the clock's transition was due and not yet applied, it is applied and
       the action is refused, because the session is no longer in the state that the person saw.
    4. Store the transition with its journal row and mail. A mentor or an admin acts on the whole
       group, unless a cancellation is for one: the rule is applied to each open booking of the slot
       that it fits, in the same commit. A cancelled time goes to the waiting list.

    Raises NotFound for a stranger or an unknown id, Forbidden for a participant of the wrong role,
    and Conflict when the state does not allow the action.
    """
    begin_write(session)
    try:
        bookings = lock_bookings(session, booking_id, action)
        booking, party = booking_of(viewer, booking_id, bookings)
        if not permitted(action, party):
            raise Forbidden(N_("Only the mentor of this session can do that."))
        _refuse_if_moved(booking, cancellation)
        decision = _decide(booking, action, party, viewer, cancellation, now=now)
        rule = _rule_to_apply(decision)
        if rule is not None:
            whole_group = isinstance(decision, Apply) and is_for_all(party, cancellation)
            changed = matching(rule, bookings, now) if whole_group else [booking]
            change = Change(rule, Cause(party.value), viewer.id, cancellation.reason)
            store_change(session, change, changed, now=now)
    except ProductError:
        session.rollback()
        raise
    session.commit()
    state = state_of(booking) if rule is None else _state_after(rule, state_of(booking), now)
    if isinstance(decision, Refused):
        raise Conflict(decision.message, status=state.status, is_delayed=state.is_delayed)
    return ActionResult(
        booking_id,
        action,
        state.status,
        state.is_delayed,
        rule is not None,
        booking["topic"],
        is_for_one=cancellation.is_for_one
        and action is Action.CANCEL
        and party is not Party.STUDENT,
    )


def booking_of(
    viewer: Viewer, booking_id: int, bookings: Sequence[RowMapping]
) -> tuple[RowMapping, Party]:
    """The booking and the viewer's part in it. Raises NotFound for a stranger."""
    for booking in bookings:
        party = viewer.party(student_id=booking["student_id"], mentor_id=booking["mentor_id"])
        if booking["id"] == booking_id and party is not None:
            return booking, party
    raise NotFound(N_("There is no such session."))


def _refuse_if_moved(booking: RowMapping, cancellation: Cancellation) -> None:
    if cancellation.slot_id not in (None, booking["time_slot_id"]):
        raise Conflict(
            N_("This session is over or was just moved."),
            status=booking["status"],
            is_delayed=booking["is_delayed"],
        )


def _decide(
    booking: RowMapping,
    action: Action,
    party: Party,
    viewer: Viewer,
    cancellation: Cancellation,
    *,
    now: datetime,
) -> Apply | AlreadyHolds | Refused:
    """The decision of the rules and, for a student who cancels, of the cut-off."""
    decision = decide(state_of(booking), action, now)
    if action is Action.CANCEL and isinstance(decision, Apply):
        cutoff, start = cancellation.cutoff, booking["start_time"]
        if cutoff.refuses(party, start, now):
            return Refused(cutoff.message(start, viewer.timezone))
    return decision


def _rule_to_apply(decision: Apply | AlreadyHolds | Refused) -> Rule | None:
    """The rule of the action, or the clock's rule that is overdue; None for no change."""
    if isinstance(decision, Apply):
        return decision.rule
    return decision.overdue if isinstance(decision, Refused) else None


def matching(rule: Rule, bookings: Sequence[RowMapping], now: datetime) -> list[RowMapping]:
    """The bookings that the rule matches at `now` (UTC)."""
    return [booking for booking in bookings if rule.matches(state_of(booking), now)]


def is_for_all(party: Party, cancellation: Cancellation = Cancellation()) -> bool:
    """Whether the action of this party is about the whole meeting, not about one student."""
    return party in (Party.MENTOR, Party.ADMIN) and not cancellation.is_for_one


def lock_bookings(session: Session, booking_id: int, action: Action) -> Sequence[RowMapping]:
    """The booking and the other open bookings of its slot, by id; empty if it is unknown.

    A cancellation locks their people as well.
    """
    while True:
        place = session.execute(
            select(_BOOKINGS.c.time_slot_id, _BOOKINGS.c.mentor_id, _BOOKINGS.c.student_id).where(
                _BOOKINGS.c.id == booking_id
            )
        ).one_or_none()
        if place is None:
            return []
        people = {place.mentor_id, place.student_id}
        if action is Action.CANCEL:
            people |= set(session.scalars(_OPEN_STUDENTS, {"slot": place.time_slot_id}))
            lock_people(session, people)
        lock_slots(session, [place.time_slot_id])
        bookings = (
            session.execute(_BOOKING_AND_OPEN_ONES, {"slot": place.time_slot_id, "id": booking_id})
            .mappings()
            .all()
        )
        is_there = any(booking["id"] == booking_id for booking in bookings)
        is_locked = people.issuperset(booking["student_id"] for booking in bookings)
        if is_there and (is_locked or action is not Action.CANCEL):
            return bookings
        # The booking was moved, or somebody joined its group, before this slot was locked.
        session.rollback()
        begin_write(session)


_OPEN_STUDENTS = select(_BOOKINGS.c.student_id).where(
    _BOOKINGS.c.time_slot_id == bindparam("slot"), _BOOKINGS.c.status.in_(OPEN)
)

_BOOKING_AND_OPEN_ONES = (
    select(_BOOKINGS)
    .where(
        _BOOKINGS.c.time_slot_id == bindparam("slot"),
        or_(_BOOKINGS.c.id == bindparam("id"), _BOOKINGS.c.status.in_(OPEN)),
    )
    .order_by(_BOOKINGS.c.id)
    .with_for_update()
)


def state_of(row: RowMapping) -> State:
    """The state of a booking, as the rules need it."""
    return State(
        status=row["status"],
        is_delayed=row["is_delayed"],
        started_at=row["started_at"],
        start_time=row["start_time"],
        end_time=row["end_time"],
    )


def _state_after(rule: Rule, state: State, now: datetime) -> State:
    """The state of the session after the transition."""
    is_delayed = bool(rule.changes(state, now).get("is_delayed", state.is_delayed))
    return replace(state, status=rule.target, is_delayed=is_delayed)


@dataclass(frozen=True)
class Change:
    """A transition that is about to be stored, and its cause.

    `undoes` has the journal rows that an undo takes back, and `columns` other changes, both by
    booking.
    """

    rule: Rule
    cause: Cause
    viewer_id: int
    reason: str | None
    undoes: Mapping[int, int] = field(default_factory=dict)
    columns: Mapping[int, Mapping[str, object]] = field(default_factory=dict)


def store_change(
    session: Session, change: Change, rows: Sequence[RowMapping], *, now: datetime
) -> None:
    """Write the transition of each booking, its journal row and its mail."""
    is_cancelled = change.rule.action is Action.CANCEL
    slot_id, mentor_id = rows[0]["time_slot_id"], rows[0]["mentor_id"]
    for row in rows:
        _update_booking(session, change, row, now=now)
    if is_cancelled:
        clear_meeting_link(session, slot_id)
        hold_free_slots(session, mentor_id, now=now, freed=slot_id)
    lock_journal(session)
    before = last_change_id(session)
    session.execute(insert(StatusChange), [_journal_row(change, row, now=now) for row in rows])
    wait = NOTIFY_AFTER if change.rule.can_be_undone else NO_WAIT
    notify_transitions(session, MAIL_OF[change.rule.action], first=before + 1, now=now, wait=wait)
    if _says_it_takes_place(change):
        enqueue_settled_by_start(session, first=before + 1, now=now, leaves=now + wait)
    if is_cancelled:
        slot = session.get_one(MentorTimeSlot, slot_id)
        drop_mail_of_cancelled(
            session,
            [row["id"] for row in rows],
            mentor_id,
            is_one_mail=slot.is_one_entry,
            now=now,
        )
    if change.rule.action is Action.UNDO or _forgets_words(change):
        enqueue_reopened(session, first=before + 1, now=now)
    for row in rows:
        if _contradicts(change, row):
            notify_dispute(session, booking_id=row["id"], speaker_id=row["mentor_id"], now=now)


def _update_booking(session: Session, change: Change, row: RowMapping, *, now: datetime) -> None:
    columns = change.rule.changes(state_of(row), now)
    if change.rule.action is Action.CANCEL:
        columns["cancel_reason"] = change.reason
    if _says_it_takes_place(change) and row["mentor_says"] is None:
        columns |= {"mentor_says": OutcomeWord.TOOK_PLACE, "mentor_said_at": now}
    columns |= change.columns.get(row["id"], {})
    session.execute(
        update(_BOOKINGS)
        .where(_BOOKINGS.c.id == row["id"])
        .values(revision=_BOOKINGS.c.revision + 1, **columns)
    )


def _says_it_takes_place(change: Change) -> bool:
    """Whether this is a mentor's start or arrival, which counts as the mentor's answer."""
    return change.cause is Cause.MENTOR and change.rule.action in (Action.START, Action.ARRIVE)


def _forgets_words(change: Change) -> bool:
    """Whether this is a correction to scheduled: what is still to come has no outcome."""
    return change.rule.action is Action.CORRECT and change.rule.target is Status.SCHEDULED


def _contradicts(change: Change, row: RowMapping) -> bool:
    """Whether the mentor begins a session about which the student has said something else."""
    is_first_word = row["mentor_says"] is None and row["decided_outcome"] is None
    says_otherwise = row["student_says"] not in (None, OutcomeWord.TOOK_PLACE)
    return _says_it_takes_place(change) and is_first_word and says_otherwise


def _journal_row(change: Change, row: RowMapping, *, now: datetime) -> dict[str, object]:
    """The journal row of the transition; without an actor if the clock acted."""
    rule, state = change.rule, state_of(row)
    after = _state_after(rule, state, now)
    is_clock = Party.CLOCK in rule.by
    return {
        "booking_id": row["id"],
        "old_status": state.status,
        "new_status": after.status,
        "action": rule.action,
        "is_delayed": after.is_delayed,
        "cause": change.cause,
        "actor_id": None if is_clock else change.viewer_id,
        "due_at": state.at(rule.since, now) if is_clock and rule.since else None,
        "applied_at": now,
        "reason": None if is_clock else change.reason,
        "undoes_id": change.undoes.get(row["id"]),
    }
