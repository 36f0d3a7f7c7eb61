"""Undo: a person who made a transition by mistake restores the state before it.

The rules are derived from `RULES`: what can be undone, and the state that it leads back to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from mentorship.domain.sessions.lifecycle import (
    MAY,
    RULES,
    UNDO_WITHIN,
    Action,
    AlreadyHolds,
    Apply,
    Refused,
    Rule,
)
from mentorship.domain.shared.messages import N_, Message

_REASONS: Mapping[Action, str] = MappingProxyType(
    {
        Action.START: N_("The start was undone."),
        Action.ARRIVE: N_("The late start was undone."),
        Action.COMPLETE: N_("The completion was undone."),
    }
)


_DONE: Mapping[Action, str] = MappingProxyType(
    {
        Action.START: N_("“%(topic)s” has started."),
        Action.ARRIVE: N_("“%(topic)s” is marked as begun."),
        Action.COMPLETE: N_("“%(topic)s” is complete."),
        Action.CANCEL: N_("“%(topic)s” is cancelled."),
        Action.UNDO: N_("The change to “%(topic)s” was undone."),
        Action.CORRECT: N_("The status of “%(topic)s” was corrected."),
    }
)


def done_sentence(action: Action, topic: str) -> Message:
    """What a person has just done, with the name of the session."""
    return N_(_DONE[action], topic=topic or N_("Mentoring session"))


def _undoing(rule: Rule) -> Rule:
    """The rule that undoes `rule`. The columns that it sets were empty or false before."""
    return replace(
        rule,
        action=Action.UNDO,
        source=rule.target,
        target=rule.source,
        by=MAY[Action.UNDO],
        reason=_REASONS[rule.action],
        delayed=None,
        arrived=None,
        since=None,
        before=None,
        sets={name: False if value is False else None for name, value in rule.sets.items()},
        can_be_undone=False,
    )


UNDO_OF: Mapping[Action, Rule] = MappingProxyType(
    {rule.action: _undoing(rule) for rule in RULES if rule.can_be_undone}
)
"""The transition that undoes each action."""


STAYS = timedelta(seconds=15)
"""How long a session stays in its place in a list after a press."""


@dataclass(frozen=True)
class Press:
    """The last transition of a session that a person made.

    `applied_at` is in UTC. `is_last`: nothing has happened to the session since.
    """

    action: Action
    actor_id: int
    applied_at: datetime
    is_last: bool

    @property
    def undoable_until(self) -> datetime:
        """Until when (UTC) the press can be undone."""
        return self.applied_at + UNDO_WITHIN

    @property
    def stays_until(self) -> datetime:
        """Until when (UTC) the session stays where the person saw it, so that Undo is found."""
        return self.applied_at + STAYS

    def can_be_undone_by(self, person_id: int, now: datetime) -> bool:
        """Whether this person can undo the press at `now` (UTC)."""
        return isinstance(decide_undo(self, person_id, now), Apply)


def decide_undo(
    press: Press | None, person_id: int, now: datetime
) -> Apply | AlreadyHolds | Refused:
    """Decide whether a person can undo `press` at `now` (UTC).

    Undoing twice is the same as once: the clock may have acted after the first time.
    """
    if press is None:
        return Refused(N_("There is nothing to undo in this session."))
    if press.actor_id != person_id:
        return Refused(N_("Somebody else made the last change, so you cannot undo it."))
    if press.action is Action.UNDO:
        return AlreadyHolds()
    if press.action not in UNDO_OF:
        return Refused(N_("This change cannot be undone."))
    if not press.is_last:
        return Refused(N_("This session has changed since, so your change cannot be undone."))
    if press.undoable_until < now:
        return Refused(
            N_(
                "A change can be undone for %(minutes)s minutes. That time has passed.",
                minutes=UNDO_WITHIN.seconds // 60,
            )
        )
    return Apply(UNDO_OF[press.action])
