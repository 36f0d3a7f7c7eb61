"""Counting and naming what changed."""

import pytest

from mentorship.domain.sessions.lifecycle import RULES, Action, Status
from mentorship.domain.sessions.updates import (
    Update,
    count_completed,
    count_started,
)
from tests.support.builders import at


def an_update(rule):
    return Update(
        session_id=1,
        old_status=rule.source,
        new_status=rule.target,
        is_delayed=False,
        reason=rule.reason,
        timestamp=at("10:00"),
        due_at=None,
        cause="poll",
    )


@pytest.mark.parametrize(
    ("action",              "started", "completed"),
    [
        (Action.DELAY,         1,        0),
        (Action.START,         1,        0),
        (Action.ARRIVE,        0,        0),
        (Action.CANCEL,        0,        0),
        (Action.COMPLETE,      0,        1),
        (Action.AUTO_COMPLETE, 0,        1),
    ],
)  # fmt: skip
def test_each_transition_counts_as_started_or_as_completed_or_as_neither(
    action, started, completed
):
    updates = [an_update(rule) for rule in RULES if rule.action is action]

    assert (count_started(updates), count_completed(updates)) == (started, completed)


def test_counts_add_up_over_many_and_are_zero_over_none():
    updates = [an_update(rule) for rule in RULES] * 3

    assert (count_started(updates), count_completed(updates)) == (6, 6)
    assert (count_started(()), count_completed(())) == (0, 0)


def test_every_reason_is_a_sentence():
    for rule in RULES:
        assert rule.reason[0].isupper()
        assert rule.reason.endswith(".")
        assert not any(status.value in rule.reason for status in Status)
