"""Taking back a press, without a database."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from mentorship.domain.sessions.lifecycle import (
    RULE_OF,
    Action,
    AlreadyHolds,
    Apply,
    Refused,
    State,
    Status,
    decide,
)
from mentorship.domain.sessions.undo import UNDO_OF, Press, decide_undo
from tests.support.lifecycle import END, START, TICK, TIMES, UNDO, table

ME, ANOTHER = 7, 8


def age_of(text):
    minutes, seconds = text.rstrip("+").split(":")
    more = TICK if text.endswith("+") else 0 * TICK
    return timedelta(minutes=int(minutes), seconds=int(seconds)) + more


@pytest.mark.parametrize("row", table(UNDO), ids=lambda row: " ".join(row.values()))
def test_a_press_can_be_taken_back_where_the_table_says_so(row):
    press = Press(
        action=Action(row["press"]),
        actor_id=ME if row["by"] == "me" else ANOTHER,
        applied_at=START,
        is_last=row["since"] == "nothing",
    )
    now = START + age_of(row["age"])

    decision = decide_undo(press, ME, now)

    assert {Apply: "A", AlreadyHolds: "=", Refused: "x"}[type(decision)] == row["undo"]
    assert press.can_be_undone_by(ME, now) is (row["undo"] == "A")
    if isinstance(decision, Refused):
        assert decision.message[0].isupper()
        assert decision.message.endswith(".")


def test_there_is_nothing_to_take_back_where_nobody_has_pressed():
    assert isinstance(decide_undo(None, ME, START), Refused)


def states():
    for status, delayed, arrived in product(Status, (False, True), (False, True)):
        if status is Status.SCHEDULED and (delayed or arrived):
            continue  # The database refuses these.
        yield State(status, delayed, START - TICK if arrived else None, START, END)


def applied(rule, state, now):
    """The state after the transition, and the columns that the state has not."""
    columns = rule.changes(state, now)
    others = {name: columns.pop(name) for name in ("completed_at",) if name in columns}
    return replace(state, **columns), others


def test_an_undo_restores_exactly_the_state_before_the_press():
    undone = set()
    for state, action, now in product(states(), UNDO_OF, TIMES.values()):
        if not isinstance(decide(state, action, now), Apply):
            continue
        after, others = applied(RULE_OF[action], state, now)
        back, cleared = applied(UNDO_OF[action], after, now + TICK)

        assert back == state
        assert others.keys() == cleared.keys()
        assert set(cleared.values()) <= {None}
        undone.add(action)

    assert undone == {Action.START, Action.ARRIVE, Action.COMPLETE}
