"""The JSON that other systems are sent about an event."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.sessions.outcomes import OutcomeState, OutcomeWord
from mentorship.domain.sessions.updates import Update
from mentorship.domain.webhooks.events import Event, EventKind, Move, ToldOutcome
from mentorship.models import Cause
from mentorship.schemas.base import Answer, Instant, utc_text
from mentorship.schemas.sessions import UpdateAnswer

TYPE_OF: Mapping[EventKind, str] = MappingProxyType(
    {
        EventKind.TRANSITION: "session.status_changed",
        EventKind.BOOKED: "session.booked",
        EventKind.MOVED: "session.moved",
        EventKind.OUTCOME: "session.outcome_settled",
        EventKind.CORRECTED: "session.corrected",
    }
)
"""The type of an event in the words of Standard Webhooks."""

REOPENED = "session.outcome_reopened"
"""The type where an outcome that was told as settled is not settled any more."""


class PersonAnswer(Answer):
    """Somebody in the session, without an address."""

    id: int
    name: str


class SessionAnswer(Answer):
    """The session as it was when the event happened."""

    session_id: int
    mentor: PersonAnswer
    student: PersonAnswer
    topic: str
    start_time: Instant
    end_time: Instant
    status: Status
    is_delayed: bool


class MoveAnswer(Answer):
    """The time of the session before it was moved."""

    old_start_time: Instant
    old_end_time: Instant
    reason: str | None
    cause: Cause


class ToldOutcomeAnswer(Answer):
    """The outcome; `decidedBy` is null unless an admin decided."""

    state: OutcomeState
    value: OutcomeWord | None
    decided_by: PersonAnswer | None
    reason: str | None


def webhook_body(event: Event) -> bytes:
    """The body of a call in the form of Standard Webhooks 1.0: type, time and data; in English."""
    is_reopened = (
        isinstance(event.change, ToldOutcome) and event.change.state is not OutcomeState.SETTLED
    )
    content = {
        "type": REOPENED if is_reopened else TYPE_OF[event.kind],
        "event": event.kind,
        "timestamp": utc_text(event.at),
        "data": SessionAnswer.from_record(event.session).json_ready() | _changed(event.change),
    }
    return json.dumps(content, separators=(",", ":")).encode()


def _changed(change: Update | Move | ToldOutcome | None) -> dict[str, Any]:
    """The fields that only some kinds of events have."""
    if isinstance(change, Update):
        return UpdateAnswer.from_record(change).json_ready()
    if isinstance(change, Move):
        return MoveAnswer.from_record(change).json_ready()
    if isinstance(change, ToldOutcome):
        return {"outcome": ToldOutcomeAnswer.from_record(change).json_ready()}
    return {}
