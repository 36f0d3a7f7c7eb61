"""The JSON of the HTTP contract (specification, section 3). Python's names become camelCase."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from mentorship.domain.booking.cutoff import Cutoff
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.sessions.updates import Update, count_completed, count_started
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.messages import N_
from mentorship.models import Cause
from mentorship.queries.booking.free_slots import FreeSlot
from mentorship.services.booking.book import Booked, NotFree
from mentorship.services.sessions.actions import ActionResult
from mentorship.services.sessions.move import Moved
from mentorship.services.sessions.sweep import SweepResult
from mentorship.services.shared.text_fields import clean_text


def utc_text(instant: datetime) -> str:
    """ISO 8601 in UTC with a Z."""
    return instant.isoformat().replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    PlainSerializer(utc_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]

Say = Callable[[str], str]
"""Puts a sentence into the language of whoever is answered."""

PRINTABLE = r"^[^\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]*$"
"""What `clean_text` takes, for a JSON schema."""


class Fields(BaseModel):
    """Base of what a request may say: the fields named, and no other."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class NoFields(Fields):
    """The address says everything."""


def clean_reason(value: str) -> str:
    """A reason in words for other people, or none. Raises InvalidInput."""
    return clean_text(value, what=N_("The reason"), longest=LONGEST_REASON, required=False)


LONGEST_REASON = 300


class CancelFields(Fields):
    """Why a session is cancelled, in words for the other person."""

    reason: Annotated[str, AfterValidator(clean_reason)] = Field(
        "", json_schema_extra={"maxLength": LONGEST_REASON, "pattern": PRINTABLE}
    )


def _clean_topic(value: str) -> str:
    return clean_text(value, what=N_("The topic"), longest=LONGEST_TOPIC)


def _clean_notes(value: str) -> str:
    lines = value.replace("\r\n", "\n").strip().split("\n")
    kept = (clean_text(it, what=N_("A line of the notes"), longest=LONGEST_NOTES, required=False)
            for it in lines)  # fmt: skip
    notes = "\n".join(kept)
    if len(notes) > LONGEST_NOTES:
        raise InvalidInput(
            N_(
                "The notes are longer than %(longest)s characters.",
                longest=LONGEST_NOTES,
            )
        )
    return notes


LONGEST_TOPIC, LONGEST_NOTES = 200, 2000

LARGEST_ID = 2**31 - 1
"""PostgreSQL refuses to compare an INTEGER column with anything larger."""

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]


IDEMPOTENCY_KEY = r"^[\x21-\x7e]{1,200}$"
"""What an `Idempotency-Key` may be: visible ASCII."""


class _BookingText(Fields):
    """What a student writes when booking."""

    topic: Annotated[str, AfterValidator(_clean_topic)] = Field(
        json_schema_extra={"minLength": 1, "maxLength": LONGEST_TOPIC, "pattern": PRINTABLE}
    )
    notes: Annotated[str, AfterValidator(_clean_notes)] = Field(
        "", json_schema_extra={"maxLength": LONGEST_NOTES}
    )


class BookingFields(_BookingText):
    """The time that a student wants, and what for."""

    slot_id: Id


class BookingForm(_BookingText):
    """The form of a time; `confirmed` where the student saw that it cannot be changed later."""

    confirmed: bool = False


class MoveFields(CancelFields):
    """To which time of the same mentor a session moves, and why."""

    slot_id: Id


class MoveForm(MoveFields):
    """The form; `confirmed` are the times that were marked as impossible to change later."""

    confirmed: list[Id] = Field(default_factory=list)


class PollFields(Fields):
    """What an open dashboard shows: its place, and the page of each list."""

    seen: str = Field(
        default_factory=str,  # No default to tell: a page that has seen nothing says nothing.
        pattern=r"^[0-9]{1,18}\.[0-9]{1,18}\.[0-9]{1,18}$",
    )
    attention: int = Field(1, ge=1, le=999_999_999)
    now: int = Field(1, ge=1, le=999_999_999)
    upcoming: int = Field(1, ge=1, le=999_999_999)
    past: int = Field(1, ge=1, le=999_999_999)


class Answer(BaseModel):
    """Base of all JSON answers."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )

    def json_ready(self) -> dict[str, Any]:
        """The answer as JSON types with camelCase names."""
        return self.model_dump(mode="json", by_alias=True)


class UpdateAnswer(Answer):
    """One applied transition. `dueAt` is null where a person acted."""

    session_id: int
    old_status: Status
    new_status: Status
    is_delayed: bool
    reason: str
    timestamp: Instant
    due_at: Instant | None
    cause: Cause


class SweepAnswer(Answer):
    """What a sweep did; `updates` are those that the caller may see."""

    success: Literal[True]
    message: str
    started_sessions: int = Field(ge=0)
    completed_sessions: int = Field(ge=0)
    failed_sessions: int = Field(ge=0)
    updates: list[UpdateAnswer]
    timestamp: Instant


class ActionAnswer(Answer):
    """How a session stands after a person's action."""

    success: Literal[True]
    message: str
    session_id: int
    new_status: Status
    is_delayed: bool
    changed: bool


class CompletionAnswer(ActionAnswer):
    """The same after a completion."""

    was_delayed: bool


class ErrorAnswer(Answer):
    """A refused request; `error` is a sentence."""

    success: Literal[False]
    error: str


class ConflictAnswer(ErrorAnswer):
    """Refused because of the state in which the session is."""

    status: Status
    is_delayed: bool


class FreeTime(Answer):
    """A time that can be booked now.

    Until `changeableUntil` a student may move or cancel a session there; where that has passed,
    only the mentor can, so it is final for the student who books it.
    """

    slot_id: int
    start_time: Instant
    end_time: Instant
    seats_left: int
    changeable_until: Instant


class NotFreeAnswer(ErrorAnswer):
    """Refused because of the time; `nextFree` are the mentor's next times that can be booked."""

    next_free: list[FreeTime]


class BookingAnswer(Answer):
    """The session that a student has now."""

    success: Literal[True]
    message: str
    session_id: int
    slot_id: int
    topic: str
    start_time: Instant
    end_time: Instant
    changed: bool


class MoveAnswer(Answer):
    """When a session takes place now."""

    success: Literal[True]
    message: str
    session_id: int
    slot_id: int
    start_time: Instant
    end_time: Instant
    changed: bool


def update_answer(update: Update, say: Say) -> UpdateAnswer:
    """An update for the wire."""
    return UpdateAnswer(
        session_id=update.session_id,
        old_status=update.old_status,
        new_status=update.new_status,
        is_delayed=update.is_delayed,
        reason=say(update.reason),
        timestamp=update.timestamp,
        due_at=update.due_at,
        cause=Cause(update.cause),
    )


def sweep_answer(result: SweepResult, now: datetime, say: Say) -> dict[str, Any]:
    """The answer of the update and cron routes."""
    return SweepAnswer(
        success=True,
        message=say(result.message),
        started_sessions=result.started,
        completed_sessions=result.completed,
        failed_sessions=result.failed,
        updates=[update_answer(update, say) for update in result.updates],
        timestamp=now,
    ).json_ready()


def action_answer(outcome: ActionResult, say: Say) -> dict[str, Any]:
    """The answer of the start, arrive, complete and cancel routes."""
    values: dict[str, Any] = {
        "success": True,
        "message": say(outcome.message),
        "session_id": outcome.session_id,
        "new_status": outcome.status,
        "is_delayed": outcome.is_delayed,
        "changed": outcome.changed,
    }
    if outcome.action is Action.COMPLETE:
        return CompletionAnswer(**values, was_delayed=outcome.is_delayed).json_ready()
    return ActionAnswer(**values).json_ready()


def event_detail(updates: Iterable[Update], say: Say) -> dict[str, Any]:
    """`event.detail` of `session-status-updated`."""
    updates = tuple(updates)
    return {
        "started": count_started(updates),
        "completed": count_completed(updates),
        "updates": [update_answer(update, say).json_ready() for update in updates],
    }


def not_free_answer(error: NotFree, say: Say, cutoff: Cutoff) -> NotFreeAnswer:
    """The refusal of a time that cannot be booked."""
    return NotFreeAnswer(
        success=False,
        error=say(error.message),
        next_free=[free_time(slot, cutoff) for slot in error.next_free],
    )


def free_time(slot: FreeSlot, cutoff: Cutoff) -> FreeTime:
    """A time for the wire."""
    return FreeTime(
        slot_id=slot.id,
        start_time=slot.start_time,
        end_time=slot.end_time,
        seats_left=slot.seats_left,
        changeable_until=cutoff.until(slot.start_time),
    )


def booking_answer(booked: Booked, say: Say) -> dict[str, Any]:
    """The answer of the booking route."""
    return BookingAnswer(
        success=True,
        message=say(booked.message),
        session_id=booked.session_id,
        slot_id=booked.slot_id,
        topic=booked.topic,
        start_time=booked.start_time,
        end_time=booked.end_time,
        changed=booked.changed,
    ).json_ready()


def move_answer(moved: Moved, say: Say) -> dict[str, Any]:
    """The answer of the reschedule route."""
    return MoveAnswer(
        success=True,
        message=say(moved.message),
        session_id=moved.session_id,
        slot_id=moved.slot_id,
        start_time=moved.start_time,
        end_time=moved.end_time,
        changed=moved.changed,
    ).json_ready()
