"""The lifecycle of a booked session, as data.

`RULES` is the only place that says which transitions are allowed. `decide` reads it in Python for
one session; `mentorship.queries.sessions.due` reads the same rows as SQL for many. docs/manual.md
has the table for people.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from mentorship.domain.shared.messages import N_


class Status(StrEnum):
    """Where a booked session stands. COMPLETED and CANCELLED are final."""

    SCHEDULED = "SCHEDULED"
    ONGOING = "ONGOING"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


OPEN = frozenset({Status.SCHEDULED, Status.ONGOING})
"""The statuses of sessions that are upcoming or under way."""

EARLY = timedelta(minutes=15)
"""Starting a session earlier than this asks for confirmation; its room opens at this time."""

UNDO_WITHIN = timedelta(minutes=2)
"""How long a person can take back their own press; at exactly this age they still can."""

NOTIFY_AFTER = timedelta(seconds=20)
"""Mail and webhooks about a press that can be undone leave this long after it."""


class Action(StrEnum):
    """The name of a transition."""

    DELAY = "delay"
    AUTO_COMPLETE = "auto-complete"
    START = "start"
    ARRIVE = "arrive"
    COMPLETE = "complete"
    CANCEL = "cancel"
    UNDO = "undo"
    CORRECT = "correct"


class Party(StrEnum):
    """The part in which somebody acts on a session."""

    CLOCK = "clock"
    MENTOR = "mentor"
    STUDENT = "student"
    ADMIN = "admin"


class Moment(StrEnum):
    """An instant a rule may refer to. The edges of a slot are half-open: equality has passed.

    `DONE` is when a session that somebody completes was over: at the end of its slot if that has
    passed, else now, and never before it had started.
    """

    NOW = "now"
    START = "start_time"
    END = "end_time"
    DONE = "done"


@dataclass(frozen=True)
class State:
    """What the rules need to know about a session; all instants are aware and in UTC."""

    status: Status
    is_delayed: bool
    started_at: datetime | None
    start_time: datetime
    end_time: datetime

    def at(self, moment: Moment, now: datetime) -> datetime:
        """The instant that `moment` means for this session."""
        if moment is Moment.NOW:
            return now
        if moment is Moment.DONE:
            return max(min(self.end_time, now), self.started_at or self.start_time)
        return self.start_time if moment is Moment.START else self.end_time


@dataclass(frozen=True)
class Rule:
    """One allowed transition.

    `delayed` and `arrived` narrow the source state (None: either); `since` and `before` bound the
    time (`at(since) <= now < at(before)`); `sets` is what the transition leaves behind. The person
    who made a transition that `can_be_undone` can undo it (see `undo`).
    """

    action: Action
    source: Status
    target: Status
    by: frozenset[Party]
    reason: str
    delayed: bool | None = None
    arrived: bool | None = None
    since: Moment | None = None
    before: Moment | None = None
    sets: Mapping[str, bool | Moment | None] = field(default_factory=dict)
    can_be_undone: bool = False

    def matches(self, state: State, now: datetime) -> bool:
        """Whether this transition is allowed for `state` at `now`."""
        return (
            state.status is self.source
            and (self.delayed is None or state.is_delayed is self.delayed)
            and (self.arrived is None or (state.started_at is not None) is self.arrived)
            and (self.since is None or state.at(self.since, now) <= now)
            and (self.before is None or now < state.at(self.before, now))
        )

    def holds(self, state: State) -> bool:
        """Whether `state` already is what this transition would leave behind."""
        delayed = self.sets.get("is_delayed", self.delayed)
        return (
            state.status is self.target
            and (delayed is None or state.is_delayed is delayed)
            and (self.arrived is None or state.started_at is not None)
        )

    def changes(self, state: State, now: datetime) -> dict[str, object]:
        """Column values to store; instants in UTC."""
        return {"status": self.target} | {
            name: state.at(value, now) if isinstance(value, Moment) else value
            for name, value in self.sets.items()
        }


def _by(*parties: Party) -> frozenset[Party]:
    return frozenset(parties)


RULES: tuple[Rule, ...] = (
    Rule(
        Action.DELAY, Status.SCHEDULED, Status.ONGOING, _by(Party.CLOCK),
        N_("The start time passed and nobody had started the session."),
        since=Moment.START, sets={"is_delayed": True},
    ),
    Rule(
        Action.AUTO_COMPLETE, Status.ONGOING, Status.COMPLETED, _by(Party.CLOCK),
        N_("The session was started on time and its end time passed."),
        delayed=False, since=Moment.END, sets={"completed_at": Moment.END},
    ),
    Rule(
        Action.START, Status.SCHEDULED, Status.ONGOING, _by(Party.MENTOR, Party.ADMIN),
        N_("The session was started."),
        before=Moment.END, sets={"is_delayed": False, "started_at": Moment.NOW},
        can_be_undone=True,
    ),
    Rule(
        Action.ARRIVE, Status.ONGOING, Status.ONGOING, _by(Party.MENTOR, Party.ADMIN),
        N_("The delayed session began."),
        delayed=True, arrived=False, sets={"started_at": Moment.NOW}, can_be_undone=True,
    ),
    Rule(
        Action.COMPLETE, Status.ONGOING, Status.COMPLETED,
        _by(Party.MENTOR, Party.STUDENT, Party.ADMIN),
        N_("The session was completed."),
        sets={"completed_at": Moment.NOW}, can_be_undone=True,
    ),
    Rule(
        Action.CANCEL, Status.SCHEDULED, Status.CANCELLED,
        _by(Party.MENTOR, Party.STUDENT, Party.ADMIN),
        N_("The session was cancelled."),
        before=Moment.START, sets={"cancelled_at": Moment.NOW},
    ),
)  # fmt: skip

RULE_OF: Mapping[Action, Rule] = MappingProxyType({rule.action: rule for rule in RULES})

MAY: Mapping[Action, frozenset[Party]] = MappingProxyType(
    {rule.action: rule.by for rule in RULES}
    | {
        Action.UNDO: _by(Party.MENTOR, Party.STUDENT, Party.ADMIN),
        Action.CORRECT: _by(Party.ADMIN),
    }
)
"""Who may ever ask for each action. `undo` and `correct` have modules of their own."""

CLOCK_RULES: tuple[Rule, ...] = tuple(rule for rule in RULES if Party.CLOCK in rule.by)
"""In the order in which a sweep applies them: delays first."""

MANUAL_ACTIONS: tuple[Action, ...] = tuple(
    rule.action for rule in RULES if Party.CLOCK not in rule.by
)


@dataclass(frozen=True)
class Apply:
    """The transition is allowed: store `rule.changes`."""

    rule: Rule


@dataclass(frozen=True)
class AlreadyHolds:
    """Nothing to write: the session is already in the state that the action leads to."""


@dataclass(frozen=True)
class Refused:
    """Not allowed now. `overdue` is the clock's transition that was due before, if any."""

    message: str
    overdue: Rule | None = None


def decide(state: State, action: Action, now: datetime) -> Apply | AlreadyHolds | Refused:
    """Decide on `action` for a session in `state` at `now` (aware, UTC).

    Does not check who is asking; `permitted` does. Raises nothing.
    """
    rule = RULE_OF[action]
    if rule.matches(state, now):
        return Apply(rule)
    if rule.holds(state):
        return AlreadyHolds()
    overdue = next((due for due in CLOCK_RULES if due.matches(state, now)), None)
    return Refused(_refusal(state, action, overdue), overdue)


def permitted(action: Action, party: Party) -> bool:
    """Whether `party` may ever carry out `action`, whatever the state."""
    return party in MAY[action]


def _refusal(state: State, action: Action, overdue: Rule | None) -> str:
    if overdue is not None and overdue.action is Action.DELAY:
        if action is Action.START:
            return N_(
                "The end time of this session has passed, so it is now marked as delayed. "
                "It can be completed."
            )
        return N_(
            "The start time of this session has passed, so it is now marked as delayed. "
            "It can be completed."
        )
    status = overdue.target if overdue else state.status
    if status in IS_OVER:
        return IS_OVER[status]
    if state.status is Status.SCHEDULED:
        return N_(
            "This session has not started yet, so it cannot %(be_done)s.", be_done=_VERB[action]
        )
    if action is Action.START and state.started_at is None:
        return N_(
            "This session is delayed because its start time has passed. Mark it as begun instead."
        )
    if action is Action.ARRIVE:
        return N_("This session was started on time, so it cannot be marked as begun late.")
    return N_("This session is under way, so it cannot %(be_done)s.", be_done=_VERB[action])


IS_OVER: Mapping[Status, str] = MappingProxyType(
    {
        Status.COMPLETED: N_("This session is already completed."),
        Status.CANCELLED: N_("This session is already cancelled."),
    }
)
"""Why nothing more can be done with a session that is over."""

_VERB: Mapping[Action, str] = MappingProxyType(
    {
        Action.START: N_("be started"),
        Action.ARRIVE: N_("be marked as begun"),
        Action.COMPLETE: N_("be completed"),
        Action.CANCEL: N_("be cancelled"),
    }
)
