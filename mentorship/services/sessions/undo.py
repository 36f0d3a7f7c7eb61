"""Undo of one's own press: a start, an arrival or a completion by mistake."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.sessions.lifecycle import Action, Apply, Party, Refused, Rule, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.domain.sessions.undo import Press, decide_undo
from mentorship.domain.shared.errors import Conflict, ProductError
from mentorship.models import Cause, OutcomeChange, StatusChange
from mentorship.queries.sessions.presses import changes_of_press, last_press
from mentorship.services.mail.unsent import drop_mail_of_undone
from mentorship.services.sessions.actions import ActionResult, Change, booking_of, store_change
from mentorship.services.sessions.reopening import apply_clock, lock_meeting, time_is_taken
from mentorship.services.webhooks.calls import remove_calls_of_undone

_SAYS = {
    Party.MENTOR: ("mentor_says", "mentor_said_at"),
    Party.STUDENT: ("student_says", "student_said_at"),
    Party.ADMIN: ("decided_outcome", "decided_at"),
}
"""The columns with the last answer of each side about the outcome, and with its time."""


def undo_action(
    session: Session, *, booking_id: int, viewer: Viewer, now: datetime
) -> ActionResult:
    """Undo the last press of `viewer` on a session, at `now` (UTC), and commit.

    1. Lock the people, the slot and its bookings.
    2. Refuse what `domain.sessions.undo` refuses.
    3. Drop unsent mail and webhook calls about the press.
    4. Restore the state before it, for the whole group if the press was for all, with a journal row
       for each; people who were told of the press are told of the undo as well.
    5. Apply the clock's transitions that are due: a start that is undone after the start time
       becomes a delay.

    Raises NotFound for a stranger or an unknown id, and Conflict where it cannot be undone.
    """
    begin_write(session)
    try:
        bookings = lock_meeting(session, booking_id)
        booking, party = booking_of(viewer, booking_id, bookings)
        press = last_press(session, booking_id)
        decision = decide_undo(press, viewer.id, now)
        if isinstance(decision, Refused):
            raise Conflict(
                decision.message, status=booking["status"], is_delayed=booking["is_delayed"]
            )
        if isinstance(decision, Apply) and press is not None:
            _take_back(session, decision.rule, press, booking, party, bookings, now=now)
            booking, _party = booking_of(viewer, booking_id, lock_meeting(session, booking_id))
        session.commit()
    except ProductError:
        session.rollback()
        raise
    except IntegrityError:
        session.rollback()
        raise time_is_taken(session, booking_id) from None
    return ActionResult(
        booking_id,
        Action.UNDO,
        booking["status"],
        booking["is_delayed"],
        isinstance(decision, Apply),
        booking["topic"],
    )


def _take_back(
    session: Session,
    rule: Rule,
    press: Press,
    booking: RowMapping,
    party: Party,
    bookings: Sequence[RowMapping],
    *,
    now: datetime,
) -> None:
    changes = changes_of_press(session, press, slot_id=booking["time_slot_id"])
    pressed = [each for each in bookings if each["id"] in changes]
    drop_mail_of_undone(session, changes.values(), now=now)
    remove_calls_of_undone(session, changes.values())
    change = Change(
        rule,
        Cause(party.value),
        press.actor_id,
        None,
        undoes=changes,
        columns={each["id"]: _words_before(session, each, press) for each in pressed},
    )
    store_change(session, change, pressed, now=now)
    left = [each for each in lock_meeting(session, booking["id"]) if each["id"] in changes]
    apply_clock(session, left, cause=change.cause, viewer_id=press.actor_id, now=now)


def _words_before(session: Session, booking: RowMapping, press: Press) -> dict[str, object]:
    """The answers of each side about the outcome before a press that changed one."""
    columns: dict[str, object] = {}
    for side, (word, at) in _SAYS.items():
        if booking[at] != press.applied_at:
            continue
        said, when, by = _word_before(session, booking["id"], side, press.applied_at)
        columns |= {word: said, at: when}
        if side is Party.ADMIN:
            columns["decided_by"] = by
    return columns


def _word_before(
    session: Session, booking_id: int, side: Party, pressed_at: datetime
) -> tuple[OutcomeWord | None, datetime | None, int | None]:
    """The answer of a side, its time (UTC) and its speaker; a mentor's start counts as one.

    It is the last one before that of the press, in the order of writing: clocks of two servers
    differ. Leaves out what was taken back by an undo, and what was said before a correction made
    the session scheduled again, which forgets all words.
    """
    forgotten = session.execute(
        select(StatusChange.id, StatusChange.applied_at)
        .where(
            StatusChange.booking_id == booking_id,
            StatusChange.action == Action.CORRECT,
            StatusChange.new_status == Status.SCHEDULED,
        )
        .order_by(StatusChange.id.desc())
        .limit(1)
    ).one_or_none()
    said = session.execute(
        select(OutcomeChange.outcome, OutcomeChange.said_at, OutcomeChange.actor_id)
        .where(
            OutcomeChange.booking_id == booking_id,
            OutcomeChange.side == side,
            OutcomeChange.said_at != pressed_at,
            *([OutcomeChange.said_at > forgotten.applied_at] if forgotten else []),
            ~_is_undone(
                StatusChange.booking_id == OutcomeChange.booking_id,
                StatusChange.applied_at == OutcomeChange.said_at,
                StatusChange.actor_id == OutcomeChange.actor_id,
            ),
        )
        .order_by(OutcomeChange.id.desc())
        .limit(1)
    ).one_or_none()
    if said is not None or side is not Party.MENTOR:
        return (None, None, None) if said is None else (said.outcome, said.said_at, said.actor_id)
    started_at = session.scalar(
        select(_Start.applied_at)
        .where(
            _Start.booking_id == booking_id,
            _Start.action.in_([Action.START, Action.ARRIVE]),
            _Start.cause == Cause.MENTOR,
            _Start.applied_at != pressed_at,
            *([_Start.id > forgotten.id] if forgotten else []),
            ~_is_undone(StatusChange.id == _Start.id),
        )
        .order_by(_Start.id.desc())
        .limit(1)
    )
    return (None, None, None) if started_at is None else (OutcomeWord.TOOK_PLACE, started_at, None)


_Start, _Undo = aliased(StatusChange), aliased(StatusChange)


def _is_undone(*press: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether this transition was taken back."""
    return exists().where(_Undo.undoes_id == StatusChange.id, *press)
