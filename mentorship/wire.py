"""The JSON of the HTTP contract (specification, section 3). Python's names become camelCase."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

from mentorship.domain.lifecycle import Status
from mentorship.domain.updates import Update, count_completed, count_started
from mentorship.models import Cause
from mentorship.services.manual import Outcome
from mentorship.services.sweep import SweepResult


def utc_text(instant: datetime) -> str:
    """ISO 8601 in UTC with a Z."""
    return instant.isoformat().replace("+00:00", "Z")


Instant = Annotated[datetime, PlainSerializer(utc_text, return_type=str)]


class Answer(BaseModel):
    """Base of all JSON answers."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    def json_ready(self) -> dict[str, Any]:
        """The answer as JSON types with camelCase names."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


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
    """How a session stands after a person's action. `wasDelayed` comes with a completion."""

    success: Literal[True]
    message: str
    session_id: int
    new_status: Status
    is_delayed: bool
    changed: bool
    was_delayed: bool | None = None


class ErrorAnswer(Answer):
    """A refused request; `status` and `isDelayed` come with a conflict."""

    success: Literal[False]
    error: str
    status: Status | None = None
    is_delayed: bool | None = None


def update_answer(update: Update) -> UpdateAnswer:
    """An update for the wire."""
    return UpdateAnswer(
        session_id=update.session_id,
        old_status=update.old_status,
        new_status=update.new_status,
        is_delayed=update.is_delayed,
        reason=update.reason,
        timestamp=update.timestamp,
        due_at=update.due_at,
        cause=Cause(update.cause),
    )


def sweep_answer(result: SweepResult, now: datetime) -> dict[str, Any]:
    """The answer of the update and cron routes."""
    return SweepAnswer(
        success=True,
        message=result.sentence,
        started_sessions=result.started,
        completed_sessions=result.completed,
        failed_sessions=result.failed,
        updates=[update_answer(update) for update in result.updates],
        timestamp=now,
    ).json_ready()


def action_answer(outcome: Outcome) -> dict[str, Any]:
    """The answer of the start, arrive, complete and cancel routes."""
    extra = {"was_delayed": outcome.is_delayed} if outcome.status is Status.COMPLETED else {}
    return ActionAnswer(
        success=True,
        message=outcome.sentence,
        session_id=outcome.session_id,
        new_status=outcome.status,
        is_delayed=outcome.is_delayed,
        changed=outcome.changed,
        **extra,
    ).json_ready()


def event_detail(updates: Iterable[Update]) -> dict[str, Any]:
    """`event.detail` of `session-status-updated`."""
    updates = tuple(updates)
    return {
        "started": count_started(updates),
        "completed": count_completed(updates),
        "updates": [update_answer(update).json_ready() for update in updates],
    }
