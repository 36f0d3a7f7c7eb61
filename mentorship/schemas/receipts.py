"""The JSON of sessions for reading: one with its receipt, and pages of them."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema

from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.sessions.outcomes import OutcomeState, OutcomeWord
from mentorship.domain.sessions.receipts import Entry, EntryKind, explanation
from mentorship.models import Cause
from mentorship.queries.sessions.receipts.history import Receipt
from mentorship.queries.sessions.receipts.records import SessionRecord
from mentorship.queries.sessions.receipts.search import SessionsPage
from mentorship.schemas.base import PRINTABLE, Answer, Fields, Id, Instant, Say, SuccessAnswer
from mentorship.schemas.outcomes import OutcomeJson

LONGEST_SEARCH = 100
LAST_PAGE = 999_999

_Boundary = Annotated[str, WithJsonSchema({"type": "string", "examples": ["2026-11-24"]})]


def _words(*enums: type[StrEnum]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": [word for enum in enums for word in enum]})


def _nothing() -> None:
    return None


class SessionsFields(Fields):
    """A search for sessions, newest start first.

    `from` and `to` bound the start: days in the caller's zone, both included, or instants with an
    offset, of which `to` is excluded. `outcome` is a state, or the claimed or settled word. Each
    word of `q` must be a part of the topic or of a name.
    """

    from_: _Boundary | None = Field(None, alias="from")
    to: _Boundary | None = None
    # The description names no default, because none of the words is one.
    status: Annotated[Status | None, _words(Status)] = Field(default_factory=_nothing)
    outcome: Annotated[OutcomeState | OutcomeWord | None, _words(OutcomeState, OutcomeWord)] = (
        Field(default_factory=_nothing)
    )
    mentor_id: Id | None = None
    student_id: Id | None = None
    q: str = Field("", max_length=LONGEST_SEARCH, pattern=PRINTABLE)
    page: int = Field(1, ge=1, le=LAST_PAGE)


class PersonAnswer(Answer):
    """Somebody by id and name."""

    id: int
    name: str


class SessionAnswer(Answer):
    """A session. `students` is everybody in its group for the mentor and for admins.

    `minutesDelivered` is null if the beginning was not recorded, or as long as it is not known that
    the session took place.
    """

    session_id: int
    status: Status
    is_delayed: bool
    topic: str
    mentor: PersonAnswer
    students: list[PersonAnswer]
    start_time: Instant
    end_time: Instant
    started_at: Instant | None
    completed_at: Instant | None
    minutes_booked: int = Field(ge=0)
    minutes_delivered: int | None
    outcome: OutcomeJson


class EntryAnswer(Answer):
    """One line of a receipt; `kind` is the action of a transition, or another kind of event.

    `reason` is the actor's reason, or the rule in words. Transitions by the clock have `dueAt`.
    """

    kind: Action | EntryKind
    old_status: Status | None
    new_status: Status | None
    is_delayed: bool | None
    reason: str
    cause: Cause | None
    actor: str | None
    due_at: Instant | None
    applied_at: Instant


class ReceiptAnswer(SuccessAnswer):
    """A session, and everything that happened to it, oldest first."""

    session: SessionAnswer
    history: list[EntryAnswer]


class SessionsAnswer(SuccessAnswer):
    """One page of sessions, newest start first, and the number of all."""

    sessions: list[SessionAnswer]
    total: int
    page: int
    pages: int


def sessions_answer(found: SessionsPage) -> dict[str, Any]:
    """The answer of a search."""
    return SessionsAnswer(
        sessions=[session_answer(record) for record in found.sessions],
        total=found.total,
        page=found.page,
        pages=found.pages,
    ).json_ready()


def receipt_answer(receipt: Receipt, timezone: str, say: Say) -> dict[str, Any]:
    """The receipt as JSON; moves are described in `timezone`, an IANA name."""
    return ReceiptAnswer(
        session=session_answer(receipt.record),
        history=[_entry_answer(entry, timezone, say) for entry in receipt.history],
    ).json_ready()


def session_answer(record: SessionRecord) -> SessionAnswer:
    """The JSON of a session."""
    known = record.known
    return SessionAnswer(
        session_id=record.session_id,
        status=record.status,
        is_delayed=record.is_delayed,
        topic=record.topic,
        mentor=PersonAnswer.from_record(record.mentor),
        students=[PersonAnswer.from_record(student) for student in record.students],
        start_time=record.start_time,
        end_time=record.end_time,
        started_at=record.started_at,
        completed_at=record.completed_at,
        minutes_booked=record.minutes.booked,
        minutes_delivered=record.minutes.delivered,
        outcome=OutcomeJson.of(known.outcome, known.statements, known.decided_by),
    )


def _entry_answer(entry: Entry, timezone: str, say: Say) -> EntryAnswer:
    return EntryAnswer(
        kind=entry.kind,
        old_status=entry.old_status,
        new_status=entry.new_status,
        is_delayed=entry.is_delayed,
        reason=say(explanation(entry, timezone)),
        cause=Cause(entry.cause) if entry.cause else None,
        actor=entry.actor,
        due_at=entry.due_at,
        applied_at=entry.applied_at,
    )
