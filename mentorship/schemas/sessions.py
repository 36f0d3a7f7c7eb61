"""The JSON of sessions: their transitions, what people do with them, and the sweep."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.sessions.updates import Update, count_completed, count_started
from mentorship.models import Cause
from mentorship.schemas.base import (
    Answer,
    ErrorAnswer,
    Fields,
    Id,
    Instant,
    Reason,
    Say,
    Sentence,
    SuccessAnswer,
)
from mentorship.services.sessions.actions import ActionResult
from mentorship.services.sessions.sweep import SweepResult


class CancelFields(Fields):
    """A cancellation, with a reason for the other people.

    With `onlyThisStudent`, the mentor or an admin removes one student from a group that stays.
    """

    reason: Reason = ""
    only_this_student: bool = False


_CORRECTABLE = [Status.SCHEDULED, Status.ONGOING, Status.COMPLETED]


class CorrectFields(Fields):
    """The status that a session should have. Without `isDelayed` the flag does not change."""

    status: Annotated[Status, WithJsonSchema({"type": "string", "enum": _CORRECTABLE})]
    is_delayed: bool | None = None
    reason: Reason


class MoveFields(Fields):
    """The slot of the same mentor to which a session moves, with a reason.

    `onlyThisStudent`: its mentor, or an admin, moves one student out of a group that stays.
    """

    reason: Reason = ""
    slot_id: Id
    only_this_student: bool = False


class MoveForm(MoveFields):
    """The form to move a session; `confirmed` are the slots that were marked as final."""

    confirmed: list[Id] = Field(default_factory=list)


class PollFields(Fields):
    """What an open page shows: its poll cursor, scope, and which page it is.

    Each list has a page; a week is named by a day in it, and a day can have pages. At `until` a
    session that stays in its place after a press moves.
    """

    seen: str = Field(
        default_factory=str,  # The description names no default: a new page sends no cursor.
        pattern=r"^[0-9]{1,18}\.[0-9]{1,18}\.[0-9]{1,18}$",
    )
    view: Literal["list", "week", "day", "session"] = "list"
    scope: Literal["own", "all"] = "own"
    until: str = Field(default_factory=str, json_schema_extra={"format": "date-time"})
    day: date | None = None
    session: Id | None = None
    page: int = Field(1, ge=1, le=999_999_999)
    attention: int = Field(1, ge=1, le=999_999_999)
    now: int = Field(1, ge=1, le=999_999_999)
    upcoming: int = Field(1, ge=1, le=999_999_999)
    older: int = Field(1, ge=1, le=999_999_999)
    past: int = Field(1, ge=1, le=999_999_999)


class UpdateAnswer(Answer):
    """One applied transition. `dueAt` is null if a person acted."""

    session_id: int
    old_status: Status
    new_status: Status
    is_delayed: bool
    reason: Sentence
    timestamp: Instant
    due_at: Instant | None
    cause: Cause


class SweepAnswer(SuccessAnswer):
    """The result of a sweep; `updates` has those that the caller may see."""

    message: str
    started_sessions: int = Field(ge=0)
    completed_sessions: int = Field(ge=0)
    failed_sessions: int = Field(ge=0)
    updates: list[UpdateAnswer]
    timestamp: Instant


class ActionAnswer(SuccessAnswer):
    """The state of a session after a person's action."""

    message: Sentence
    session_id: int
    new_status: Status = Field(validation_alias="status")
    is_delayed: bool
    changed: bool


class CompletionAnswer(ActionAnswer):
    """The state of a session after a completion."""

    was_delayed: bool = Field(validation_alias="is_delayed")


class ConflictAnswer(ErrorAnswer):
    """The action is refused because of the session's state."""

    status: Status
    is_delayed: bool


class MoveAnswer(SuccessAnswer):
    """The new time of a session."""

    message: Sentence
    session_id: int
    slot_id: int
    start_time: Instant
    end_time: Instant
    changed: bool


def sweep_answer(result: SweepResult, now: datetime, say: Say) -> dict[str, Any]:
    """The answer of the update and cron routes; `now` (UTC) is when the sweep ran."""
    return SweepAnswer(
        message=say(result.message),
        started_sessions=result.started,
        completed_sessions=result.completed,
        failed_sessions=result.failed,
        updates=[UpdateAnswer.from_record(update, say) for update in result.updates],
        timestamp=now,
    ).json_ready()


def action_answer(result: ActionResult, say: Say) -> dict[str, Any]:
    """The answer of the routes that change a session's status."""
    answer = CompletionAnswer if result.action is Action.COMPLETE else ActionAnswer
    return answer.from_record(result, say).json_ready()


def event_detail(updates: Iterable[Update], say: Say) -> dict[str, Any]:
    """`event.detail` of `session-status-updated`."""
    updates = tuple(updates)
    return {
        "started": count_started(updates),
        "completed": count_completed(updates),
        "updates": [UpdateAnswer.from_record(update, say).json_ready() for update in updates],
    }
