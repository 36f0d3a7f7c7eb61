"""Answers about whether a session took place: of one side, or the decision of an admin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, RowMapping, insert, select, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write, lock_journal
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.sessions.lifecycle import (
    CLOCK_RULES,
    NOTIFY_AFTER,
    RULE_OF,
    Action,
    Party,
    Refused,
    Rule,
    Status,
    decide,
)
from mentorship.domain.sessions.outcomes import (
    OUTCOME_TEXT,
    Outcome,
    OutcomeState,
    OutcomeWord,
    Statements,
    outcome_of,
)
from mentorship.domain.shared.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    ProductError,
)
from mentorship.domain.shared.messages import N_
from mentorship.domain.webhooks.events import EventKind
from mentorship.models import Cause, OutcomeChange, SessionBooking, User, table_of
from mentorship.queries.sessions.outcomes import has_impartial_admin, statements_of
from mentorship.services.mail.outbox import NO_WAIT
from mentorship.services.mail.outcomes import notify_decision, notify_dispute
from mentorship.services.sessions.actions import (
    Change,
    booking_of,
    is_for_all,
    lock_bookings,
    matching,
    state_of,
    store_change,
)
from mentorship.services.webhooks.calls import enqueue_event_calls

_BOOKINGS = table_of(SessionBooking)

_COLUMNS = {
    Party.MENTOR: ("mentor_says", "mentor_said_at"),
    Party.STUDENT: ("student_says", "student_said_at"),
    Party.ADMIN: ("decided_outcome", "decided_at"),
}
"""The columns with the last answer of each side, and with its time."""


@dataclass(frozen=True)
class OutcomeResult:
    """The outcome of a session; `changed` is whether this request changed it.

    `decided_by` is the name of the admin who decided, if one did.
    """

    session_id: int
    status: Status
    is_delayed: bool
    statements: Statements
    outcome: Outcome
    decided_by: str | None
    changed: bool
    message: str


@dataclass(frozen=True)
class _Answer:
    """An answer; `also_completes` if the request was to complete the session."""

    viewer: Viewer
    word: OutcomeWord
    reason: str | None
    party: Party | None = None
    also_completes: bool = False
    unless_said: bool = False


def say_outcome(
    session: Session,
    *,
    booking_id: int,
    viewer: Viewer,
    word: OutcomeWord,
    reason: str | None,
    now: datetime,
    silence: timedelta,
    also_completes: bool = False,
    unless_said: bool = False,
) -> OutcomeResult:
    """Store what `viewer` says about a session at `now` (UTC), and commit.

    A participant speaks for their own side, from the start time on and until the outcome is
    settled. An admin who takes no part decides, also against what is settled already, and needs a
    `reason`. The answer of a session that is still under way when its slot is over completes it as
    well, as the viewer's own completion would; with `also_completes` it does so at any time. With
    `unless_said` an earlier answer of the same side stays.

    1. Lock the slot and its bookings, as each action does.
    2. Apply the clock's transition if one is due.
    3. Refuse answers that are not possible now.
    4. Store the answer, complete the session if that follows, and tell the others by mail.

    The same word again changes nothing. Raises NotFound for a stranger or an unknown id,
    InvalidInput for a decision without a reason, and Conflict before the start, for a cancelled
    session, and for a participant once it is settled.
    """
    answer = _Answer(viewer, word, reason, None, also_completes, unless_said)
    return _say(session, booking_id, answer, now=now, silence=silence)


def decide_outcome(
    session: Session,
    *,
    booking_id: int,
    viewer: Viewer,
    word: OutcomeWord,
    reason: str | None,
    now: datetime,
    silence: timedelta,
) -> OutcomeResult:
    """Like `say_outcome`, for an admin at the queue.

    The caller has checked that `viewer` is an admin. Raises Forbidden for a session of their own,
    unless there is no other admin who could decide about it.
    """
    answer = _Answer(viewer, word, reason, party=Party.ADMIN)
    return _say(session, booking_id, answer, now=now, silence=silence)


def _say(
    session: Session, booking_id: int, answer: _Answer, *, now: datetime, silence: timedelta
) -> OutcomeResult:
    begin_write(session)
    try:
        bookings = lock_bookings(session, booking_id, Action.COMPLETE)
        booking, party = _place_of(answer, booking_id, bookings)
        _refuse_own_case(session, booking, answer)
        if party is Party.ADMIN and not answer.reason:
            raise InvalidInput(NEEDS_REASON)
        refusal = _refused_completion(booking, answer, now=now)
        if _apply_clock(session, booking, answer, party, now=now):
            bookings = lock_bookings(session, booking_id, Action.COMPLETE)
            booking, party = _place_of(answer, booking_id, bookings)
        before = _read(session, booking_id)
        refusal = refusal or _refusal(before, answer, party, now=now, silence=silence)
        if refusal is None:
            is_new = _store_word(session, before, answer, party, now=now)
            completes = before.status is Status.ONGOING and (
                answer.also_completes or before.end_time <= now
            )
            if completes:
                _complete(session, booking, bookings, answer.viewer, party, now=now)
            if is_new:
                wait = NOTIFY_AFTER if completes else NO_WAIT  # A completion can be undone.
                _journal(session, before, answer, party, now=now, wait=wait)
        after = _read(session, booking_id)
        session.commit()
    except ProductError:
        session.rollback()
        raise
    if refusal is not None:
        raise Conflict(refusal, status=after.status, is_delayed=after.is_delayed)
    statements = statements_of(after)
    outcome = outcome_of(statements, end_time=after.end_time, now=now, silence=silence)
    return OutcomeResult(
        session_id=booking_id,
        status=after.status,
        is_delayed=after.is_delayed,
        statements=statements,
        outcome=outcome,
        decided_by=after.decided_by_name,
        changed=is_new or completes,
        message=_message(answer.word, outcome, party, is_new=is_new, completes=completes),
    )


def _place_of(
    answer: _Answer, booking_id: int, bookings: Sequence[RowMapping]
) -> tuple[RowMapping, Party]:
    """The booking, and the viewer's part in it. Raises NotFound for a stranger."""
    if answer.party is None:
        return booking_of(answer.viewer, booking_id, bookings)
    for booking in bookings:
        if booking["id"] == booking_id:
            return booking, answer.party
    raise NotFound(N_("There is no such session."))


def _refuse_own_case(session: Session, booking: RowMapping, answer: _Answer) -> None:
    """Nobody decides about their own session where another admin can."""
    people = {booking["mentor_id"], booking["student_id"]}
    is_own = answer.party is Party.ADMIN and answer.viewer.id in people
    if is_own and has_impartial_admin(session, people):
        raise Forbidden(OWN_CASE)


OWN_CASE = N_("You take part in this session, so another admin decides how it went.")


def _apply_clock(
    session: Session, booking: RowMapping, answer: _Answer, party: Party, *, now: datetime
) -> bool:
    """Apply the clock's transition that is due; returns whether there was one.

    If the viewer asks to complete the session, that comes before an automatic completion, as for
    the action alone.
    """
    due = next((rule for rule in CLOCK_RULES if rule.matches(state_of(booking), now)), None)
    if due is None or (answer.also_completes and due.action is Action.AUTO_COMPLETE):
        return False
    change = Change(due, Cause(party.value), answer.viewer.id, None)
    store_change(session, change, [booking], now=now)
    return True


def _refused_completion(booking: RowMapping, answer: _Answer, *, now: datetime) -> str | None:
    """Why the session cannot be completed now, if the request asks for it."""
    if not answer.also_completes:
        return None
    decision = decide(state_of(booking), Action.COMPLETE, now)
    return decision.message if isinstance(decision, Refused) else None


def _read(session: Session, booking_id: int) -> Row[Any]:
    """The booking as it is now, with the name of the admin who decided."""
    return session.execute(
        select(_BOOKINGS, User.name.label("decided_by_name"))
        .outerjoin(User, User.id == _BOOKINGS.c.decided_by)
        .where(_BOOKINGS.c.id == booking_id)
    ).one()


def _refusal(
    row: Row[Any], answer: _Answer, party: Party, *, now: datetime, silence: timedelta
) -> str | None:
    """Why no answer is possible now, or None."""
    if row.status is Status.CANCELLED:
        return N_("This session was cancelled, so it has no outcome.")
    if now < row.start_time:
        return N_("You can say how it went once the start time of the session has passed.")
    if party is Party.ADMIN:
        return None
    outcome = outcome_of(statements_of(row), end_time=row.end_time, now=now, silence=silence)
    is_settled = outcome.state is OutcomeState.SETTLED
    is_repeated = _word_of(row, party) is answer.word is outcome.value
    if is_settled and not is_repeated and outcome.value is not None:
        return N_(
            "The outcome of this session is settled: “%(outcome)s”. Only an admin can change it.",
            outcome=OUTCOME_TEXT[outcome.value],
        )
    return None


def _word_of(row: Row[Any], party: Party) -> OutcomeWord | None:
    word: OutcomeWord | None = getattr(row, _COLUMNS[party][0])
    return word


def _store_word(
    session: Session, row: Row[Any], answer: _Answer, party: Party, *, now: datetime
) -> bool:
    """Store the answer of this side; returns whether it differs from the one before."""
    earlier = _word_of(row, party)
    if earlier is answer.word or (earlier is not None and answer.unless_said):
        return False
    word, at = _COLUMNS[party]
    columns: dict[str, object] = {word: answer.word, at: now}
    if party is Party.ADMIN:
        columns["decided_by"] = answer.viewer.id
    session.execute(
        update(_BOOKINGS)
        .where(_BOOKINGS.c.id == row.id)
        .values(revision=_BOOKINGS.c.revision + 1, **columns)
    )
    return True


def _complete(
    session: Session,
    booking: RowMapping,
    bookings: Sequence[RowMapping],
    viewer: Viewer,
    party: Party,
    *,
    now: datetime,
) -> None:
    """Complete the session as the viewer's own completion would: a mentor's is for the group."""
    rule: Rule = RULE_OF[Action.COMPLETE]
    whole_group = is_for_all(party)
    rows = matching(rule, bookings, now) if whole_group else [booking]
    store_change(session, Change(rule, Cause(party.value), viewer.id, None), rows, now=now)


def _journal(
    session: Session,
    before: Row[Any],
    answer: _Answer,
    party: Party,
    *,
    now: datetime,
    wait: timedelta,
) -> None:
    """Record the answer; tell the others by mail, and other systems if it settles the outcome."""
    lock_journal(session)
    said_id = session.scalar(
        insert(OutcomeChange)
        .values(
            booking_id=before.id,
            side=party,
            outcome=answer.word,
            reason=answer.reason,
            actor_id=answer.viewer.id,
            said_at=now,
        )
        .returning(OutcomeChange.id)
    )
    others = before.student_says if party is Party.MENTOR else before.mentor_says
    if party is Party.ADMIN or others is answer.word:
        enqueue_event_calls(
            session,
            EventKind.OUTCOME,
            booking_id=before.id,
            outcome_change_id=said_id,
            now=now,
            leaves=now + wait,
        )
    if party is Party.ADMIN:
        notify_decision(session, booking_id=before.id, now=now, wait=wait)
        return
    if before.decided_outcome is None and others not in (None, answer.word):
        speaker_id = before.mentor_id if party is Party.MENTOR else before.student_id
        notify_dispute(session, booking_id=before.id, speaker_id=speaker_id, now=now)


NEEDS_REASON = N_("Please give a reason for the decision.")


def _message(
    word: OutcomeWord, outcome: Outcome, party: Party, *, is_new: bool, completes: bool
) -> str:
    """The message for the person who answered."""
    text = OUTCOME_TEXT[word]
    if not is_new and completes:
        return N_("The session is completed.")
    if not is_new:
        return N_("Your answer was saved already: “%(outcome)s”.", outcome=text)
    if party is Party.ADMIN:
        return N_("Decided: “%(outcome)s”.", outcome=text)
    if outcome.state is OutcomeState.DISPUTED:
        return N_(
            "Your answer is saved: “%(outcome)s”. The other person disagrees, so an admin will "
            "decide.",
            outcome=text,
        )
    if outcome.state is OutcomeState.SETTLED:
        return N_("You agree: “%(outcome)s”.", outcome=text)
    return N_("Your answer is saved: “%(outcome)s”.", outcome=text)
