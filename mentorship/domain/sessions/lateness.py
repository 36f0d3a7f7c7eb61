"""Notices that somebody will be late. They change no rule of the lifecycle."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mentorship.domain.sessions.lifecycle import State, Status

LATE_FROM = timedelta(hours=2)
"""How long before the start time somebody can say that they will be late."""

MOST_MINUTES = 60

OVERRUN_WITHIN = timedelta(hours=3)
"""A session whose slot ended longer ago does not explain why the next one has not begun."""


@dataclass(frozen=True)
class LateNote:
    """By about how many minutes somebody will be late, and their note about it."""

    minutes: int
    note: str


@dataclass(frozen=True)
class Lateness:
    """Who will be late for a session that has not begun.

    `others` are the notices of the other students of a group, by name. `is_mentor_held_up` means
    that the mentor's previous session was still under way at the start of this one.
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
