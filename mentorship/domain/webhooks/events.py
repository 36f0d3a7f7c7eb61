"""The events that webhooks report: their kinds, and the facts of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.sessions.outcomes import OutcomeState, OutcomeWord
from mentorship.domain.sessions.updates import Update
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.messages import N_


class EventKind(StrEnum):
    """The kinds of events that an endpoint can choose. An undo is a transition."""

    TRANSITION = "transition"
    BOOKED = "booked"
    MOVED = "moved"
    OUTCOME = "outcome"
    CORRECTED = "corrected"


KIND_TEXT: Mapping[EventKind, str] = MappingProxyType(
    {
        EventKind.TRANSITION: N_("The status of a session changes"),
        EventKind.BOOKED: N_("A session is booked"),
        EventKind.MOVED: N_("A session is moved to another time"),
        EventKind.OUTCOME: N_("The outcome of a session is settled"),
        EventKind.CORRECTED: N_("An admin corrects the status of a session"),
    }
)
"""The kinds as admins read and choose them."""


def kinds_from(words: Iterable[str]) -> frozenset[EventKind]:
    """The kinds with these names. Raises InvalidInput for no name and for an unknown one."""
    words = frozenset(words)
    if not words:
        raise InvalidInput(N_("Please choose at least one kind of event."))
    if unknown := sorted(words - set(EventKind)):
        raise InvalidInput(
            N_(
                "There is no kind of event “%(kind)s”. It must be one of these: %(kinds)s.",
                kind=unknown[0][:40],
                kinds=", ".join(EventKind),
            )
        )
    return frozenset(EventKind(word) for word in words)


@dataclass(frozen=True)
class Person:
    """Somebody in a session."""

    id: int
    name: str


@dataclass(frozen=True)
class SessionFacts:
    """The session of an event; its times (UTC) are those it had then."""

    session_id: int
    mentor: Person
    student: Person
    topic: str
    start_time: datetime
    end_time: datetime
    status: Status
    is_delayed: bool


@dataclass(frozen=True)
class Move:
    """The time of a session before it was moved (UTC), and why it was moved."""

    old_start_time: datetime
    old_end_time: datetime
    reason: str | None
    cause: str


@dataclass(frozen=True)
class ToldOutcome:
    """An outcome that was settled, or what it is after that was taken back.

    `decided_by` is the admin who decided, with their `reason`.
    """

    state: OutcomeState
    value: OutcomeWord | None
    decided_by: Person | None
    reason: str | None


@dataclass(frozen=True)
class Event:
    """Something that happened to a session at an instant (UTC), and what it changed.

    A transition and a correction come with an `Update`, a booking with nothing.
    """

    kind: EventKind
    at: datetime
    session: SessionFacts
    change: Update | Move | ToldOutcome | None = None
