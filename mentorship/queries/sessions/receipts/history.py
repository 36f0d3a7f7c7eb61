"""The receipt of a session: everything that led to its present state."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.mail import CHOICES
from mentorship.domain.sessions.lifecycle import Party, Status
from mentorship.domain.sessions.outcomes import OUTCOME_TEXT, OutcomeState, outcome_of
from mentorship.domain.sessions.receipts import Entry, EntryKind, in_order
from mentorship.domain.sessions.updates import reason_of
from mentorship.domain.shared.delivery_problems import EXPLANATIONS, Failure
from mentorship.domain.shared.messages import N_, Message, joined, ngettext
from mentorship.models import (
    BookingMove,
    Import,
    ImportedBooking,
    LateNotice,
    MailOutcome,
    OutboxMessage,
    OutcomeChange,
    SessionBooking,
    StatusChange,
    User,
)
from mentorship.queries.sessions.receipts.records import (
    RECORDS,
    SessionRecord,
    require_session,
    session_records,
)


@dataclass(frozen=True)
class Receipt:
    """A session with everything that happened to it, oldest first."""

    record: SessionRecord
    history: tuple[Entry, ...]

    @property
    def groups(self) -> tuple[tuple[Entry, ...], ...]:
        """The history, with consecutive mail as one group and every other entry alone."""
        groups: list[tuple[Entry, ...]] = []
        for entry in self.history:
            is_mail = entry.kind is EntryKind.MAIL
            if is_mail and groups and groups[-1][0].kind is EntryKind.MAIL:
                groups[-1] += (entry,)
            else:
                groups.append((entry,))
        return tuple(groups)


def receipt_of(
    session: Session, viewer: Viewer | None, booking_id: int, *, now: datetime, silence: timedelta
) -> Receipt:
    """The receipt at `now` (UTC) as the viewer may read it; None: an operator, who sees all of it.

    `silence` is the time after which one side's answer settles an outcome. Raises NotFound for a
    stranger or an unknown id.
    """
    require_session(session, viewer, booking_id)
    row = session.execute(RECORDS.where(SessionBooking.id == booking_id)).one()
    [record] = session_records(session, [row], viewer, now=now, silence=silence)
    entries = [
        *_beginning(session, booking_id, row.student),
        *_moves(session, booking_id),
        *_transitions(session, booking_id),
        *_outcomes(session, booking_id),
        *_late_notices(session, booking_id),
        *_settled_by_silence(record, now=now, silence=silence),
        *_mail(session, booking_id, is_admin=viewer is None or viewer.is_admin),
    ]
    return Receipt(record, in_order(entries))


def _beginning(session: Session, booking_id: int, student: str) -> Iterator[Entry]:
    """When the session was booked or imported."""
    booked_at, imported_at = session.execute(
        select(SessionBooking.booked_at, Import.imported_at)
        .outerjoin(ImportedBooking, ImportedBooking.booking_id == SessionBooking.id)
        .outerjoin(Import, Import.id == ImportedBooking.import_id)
        .where(SessionBooking.id == booking_id)
    ).one()
    if booked_at is not None:
        yield Entry(
            EntryKind.BOOKED,
            booking_id,
            booked_at,
            N_("The session was booked."),
            new_status=Status.SCHEDULED,
            is_delayed=False,
            cause=Party.STUDENT.value,
            actor=student,
        )
    if imported_at is not None:
        yield Entry(
            EntryKind.IMPORTED, booking_id, imported_at, N_("The session was imported from a file.")
        )


def _moves(session: Session, booking_id: int) -> Iterator[Entry]:
    rows = session.execute(
        select(BookingMove, User.name)
        .join(User, User.id == BookingMove.actor_id)
        .where(BookingMove.booking_id == booking_id)
        .order_by(BookingMove.id)
    )
    for move, actor in rows:
        yield Entry(
            EntryKind.MOVED,
            move.id,
            move.moved_at,
            N_("The session was moved."),
            reason=move.reason,
            cause=move.cause.value,
            actor=actor,
            old_start=move.old_start,
            new_start=move.new_start,
        )


def _transitions(session: Session, booking_id: int) -> Iterator[Entry]:
    undone = aliased(StatusChange)
    rows = session.execute(
        select(StatusChange, User.name, undone.action)
        .outerjoin(User, User.id == StatusChange.actor_id)
        .outerjoin(undone, undone.id == StatusChange.undoes_id)
        .where(StatusChange.booking_id == booking_id)
        .order_by(StatusChange.id)
    )
    for change, actor, undone_action in rows:
        yield Entry(
            change.action,
            change.id,
            change.applied_at,
            reason_of(change.action, change.old_status, change.new_status),
            old_status=change.old_status,
            new_status=change.new_status,
            is_delayed=change.is_delayed,
            reason=change.reason,
            cause=change.cause.value,
            actor=actor,
            due_at=change.due_at,
            undone=undone_action,
        )


def _outcomes(session: Session, booking_id: int) -> Iterator[Entry]:
    """The answers of each side, and the decisions of admins."""
    rows = session.execute(
        select(OutcomeChange, User.name)
        .join(User, User.id == OutcomeChange.actor_id)
        .where(OutcomeChange.booking_id == booking_id)
        .order_by(OutcomeChange.id)
    )
    for change, actor in rows:
        text = _DECIDED if change.side is Party.ADMIN else _SAID
        yield Entry(
            EntryKind.OUTCOME,
            change.id,
            change.said_at,
            Message(text, name=actor, outcome=OUTCOME_TEXT[change.outcome]),
            reason=change.reason,
            cause=change.side.value,
            actor=actor,
        )


_SAID = N_("%(name)s says: %(outcome)s")
_DECIDED = N_("%(name)s decided: %(outcome)s")


def _late_notices(session: Session, booking_id: int) -> Iterator[Entry]:
    """Who has said that they will be late; what was taken back since is not kept."""
    rows = session.execute(
        select(LateNotice, User.name)
        .join(User, User.id == LateNotice.actor_id)
        .where(LateNotice.booking_id == booking_id)
        .order_by(LateNotice.side)
    )
    for number, (notice, actor) in enumerate(rows, 1):
        yield Entry(
            EntryKind.LATE,
            number,
            notice.said_at,
            ngettext(
                "%(name)s says that they will be about %(n)s minute late.",
                "%(name)s says that they will be about %(n)s minutes late.",
                notice.minutes,
                name=actor,
            ),
            reason=notice.note or None,
            cause=notice.side.value,
            actor=actor,
        )


def _settled_by_silence(
    record: SessionRecord, *, now: datetime, silence: timedelta
) -> Iterator[Entry]:
    """The entry for an outcome that was settled because the other side was silent."""
    said = record.known.statements
    until = said.decision.at if said.decision else now
    outcome = outcome_of(
        replace(said, decision=None), end_time=record.end_time, now=until, silence=silence
    )
    spoke = [each for each in (said.mentor, said.student) if each is not None]
    if len(spoke) != 1 or outcome.state is not OutcomeState.SETTLED:
        return
    [only] = spoke
    yield Entry(
        EntryKind.OUTCOME,
        0,
        max(only.at, record.end_time) + silence,
        N_(
            "Settled, because the other side said nothing in time: %(outcome)s",
            outcome=OUTCOME_TEXT[only.word],
        ),
    )


def _mail(session: Session, booking_id: int, *, is_admin: bool) -> Iterator[Entry]:
    """The mail that was sent; for admins also the state of all other mail about the session."""
    statement = (
        select(OutboxMessage, User.name)
        .join(User, User.id == OutboxMessage.reader_id)
        .where(OutboxMessage.booking_id == booking_id)
        .order_by(OutboxMessage.id)
    )
    if not is_admin:
        statement = statement.where(OutboxMessage.outcome == MailOutcome.SENT)
    for mail, reader in session.execute(statement):
        sentence = N_(
            "Mail to %(name)s: %(about)s", name=reader, about=CHOICES.get(mail.kind, mail.kind)
        )
        yield Entry(
            EntryKind.MAIL,
            mail.id,
            mail.ended_at or mail.created_at,
            joined(sentence, _delivery(mail)) if is_admin else sentence,
        )


def _delivery(mail: OutboxMessage) -> str:
    """How a mail was delivered, in words for an admin."""
    tries = ngettext("%(n)s attempt", "%(n)s attempts", mail.attempts)
    if mail.outcome is MailOutcome.SENT:
        return N_("(sent, %(tries)s)", tries=tries)
    if mail.outcome is MailOutcome.DROPPED:
        return N_("(not sent, because it was no longer true or wanted)")
    if mail.problem is None and mail.error is None:
        return N_("(waiting to be sent)")
    problem = EXPLANATIONS[Failure.of(mail.problem, mail.error).problem]
    if mail.outcome is MailOutcome.SET_ASIDE:
        return N_("(could not be sent, %(tries)s: %(problem)s)", tries=tries, problem=problem)
    return N_("(waiting for another attempt, %(tries)s: %(problem)s)", tries=tries, problem=problem)
