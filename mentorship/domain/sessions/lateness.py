"""Saying that one will be late. It changes no rule of the lifecycle."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mentorship.domain.sessions.lifecycle import State, Status

LATE_FROM = timedelta(hours=2)
"""How long before the start time somebody can say that they will be late."""

MOST_MINUTES = 60

OVERRUN_WITHIN = timedelta(hours=3)
"""A session that ended longer ago by its slot does not explain why the next one has not begun."""


@dataclass(frozen=True)
class LateNote:
    """By about how many minutes somebody will be late, and what they say about it."""

    minutes: int
    note: str


@dataclass(frozen=True)
class Lateness:
    """What is known about a session that has not begun.

    `others` are the other students of a group, by name, who said something.
    `is_mentor_held_up` says that the mentor's session before it was still under way at its start.
    """

    mentor: LateNote | None = None
    student: LateNote | None = None
    others: tuple[tuple[str, LateNote], ...] = ()
    is_mentor_held_up: bool = False


def may_be_late(state: State, now: datetime) -> bool:
    """Whether a participant can say at `now` (UTC) that they will be late.

    From two hours before the start until the session is under way, at most to the end of its slot.
    """
    is_waited_for = state.status is Status.SCHEDULED or (
        state.status is Status.ONGOING and state.is_delayed and state.started_at is None
    )
    return is_waited_for and state.start_time - LATE_FROM <= now < state.end_time
