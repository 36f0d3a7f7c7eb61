"""Corrections: an admin sets a session to the status that it should have had."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from mentorship.domain.sessions.lifecycle import (
    MAY,
    Action,
    AlreadyHolds,
    Apply,
    Moment,
    Refused,
    Rule,
    State,
    Status,
)
from mentorship.domain.shared.messages import N_

Sets = Mapping[str, bool | Moment | None]

_NOT_CANCELLED: Sets = {"cancelled_at": None, "cancel_reason": None}
_OPEN: Sets = {**_NOT_CANCELLED, "completed_at": None}


def _rules_from(source: Status) -> tuple[Rule, ...]:
    """The corrections of a session in this status, and when each is allowed."""
    done: Sets = {} if source is Status.COMPLETED else {"completed_at": Moment.DONE}
    return tuple(
        Rule(
            Action.CORRECT, source, target, MAY[Action.CORRECT], REASON,
            since=since, before=before, sets={"is_delayed": is_delayed, **sets},
        )
        for target, is_delayed, since, before, sets in (
            (Status.SCHEDULED, False, None, Moment.START, {**_OPEN, "started_at": None}),
            (Status.ONGOING, False, None, Moment.END, _OPEN),
            (Status.ONGOING, True, Moment.START, None, _OPEN),
            (Status.COMPLETED, False, Moment.START, None, {**_NOT_CANCELLED, **done}),
            (Status.COMPLETED, True, Moment.START, None, {**_NOT_CANCELLED, **done}),
        )
    )  # fmt: skip


REASON = N_("An admin corrected the status.")

CORRECTIONS: tuple[Rule, ...] = tuple(
    rule
    for source in (Status.ONGOING, Status.COMPLETED, Status.CANCELLED)
    for rule in _rules_from(source)
)
"""Every correction; a scheduled session can be started or cancelled instead."""


def decide_correction(
    state: State, target: Status, *, is_delayed: bool, now: datetime
) -> Apply | AlreadyHolds | Refused:
    """Decide whether a session in `state` can be set to this status and flag at `now` (UTC).

    Does not check the session's slot and people; `services.sessions.correct` does.
    """
    if state.status is target and state.is_delayed is is_delayed:
        return AlreadyHolds()
    rule = next(
        (
            rule
            for rule in CORRECTIONS
            if (rule.source, rule.target, rule.sets["is_delayed"])
            == (state.status, target, is_delayed)
        ),
        None,
    )
    if rule is None:
        return Refused(_NO_CORRECTION)
    if not rule.matches(state, now):
        return Refused(_WRONG_TIME[target, is_delayed])
    if is_delayed and state.started_at is not None and state.started_at < state.start_time:
        # A session that began before its start was not delayed, so that beginning was wrong, too.
        rule = replace(rule, sets={**rule.sets, "started_at": None})
    return Apply(rule)


_NO_CORRECTION = N_(
    "This session is still scheduled, so there is nothing to correct. Start or cancel it instead."
)

_WRONG_TIME: Mapping[tuple[Status, bool], str] = {
    (Status.SCHEDULED, False): N_(
        "The start time of this session has passed, so it cannot be scheduled again."
    ),
    (Status.ONGOING, False): N_(
        "The end time of this session has passed, so it can only be ongoing with a delay."
    ),
    (Status.ONGOING, True): N_(
        "The start time of this session has not passed yet, so it cannot be delayed."
    ),
    (Status.COMPLETED, False): N_(
        "The start time of this session has not passed yet, so it cannot be completed."
    ),
    (Status.COMPLETED, True): N_(
        "The start time of this session has not passed yet, so it cannot be completed."
    ),
}
