"""Transitions as JSON responses, browser events and tables report them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mentorship.domain.sessions import corrections
from mentorship.domain.sessions.lifecycle import RULE_OF, Action, Status
from mentorship.domain.sessions.undo import UNDO_OF


@dataclass(frozen=True)
class Update:
    """One applied transition. Instants are in UTC; `due_at` is None for a person's action."""

    session_id: int
    old_status: Status
    new_status: Status
    is_delayed: bool
    reason: str
    timestamp: datetime
    due_at: datetime | None
    cause: str


def reason_of(action: Action, old_status: Status, new_status: Status) -> str:
    """Why a session's status changed, as a sentence for people."""
    if action is Action.CORRECT:
        return corrections.REASON
    if action is Action.UNDO:
        undone = (rule for rule in UNDO_OF.values() if rule.source is old_status)
        return next(rule.reason for rule in undone if rule.target is new_status)
    return RULE_OF[action].reason


def count_started(updates: Iterable[Update]) -> int:
    """How many sessions became ONGOING, by a person or by the clock."""
    return sum(
        update.old_status is Status.SCHEDULED and update.new_status is Status.ONGOING
        for update in updates
    )


def count_completed(updates: Iterable[Update]) -> int:
    """How many sessions became COMPLETED, by a person or by the clock."""
    return sum(
        update.old_status is not Status.COMPLETED and update.new_status is Status.COMPLETED
        for update in updates
    )
