"""The whole lifecycle without a database, against a table written from the specification."""

from dataclasses import replace
from itertools import product

import pytest

from mentorship.domain.sessions.lifecycle import (
    CLOCK_RULES,
    MANUAL_ACTIONS,
    RULE_OF,
    RULES,
    Action,
    AlreadyHolds,
    Apply,
    Party,
    Refused,
    State,
    Status,
    decide,
    permitted,
)
from tests.support.lifecycle import BY_THE_CLOCK, END, MANUAL, START, TICK, TIMES, WHO, table


def a_state(status, *, delayed, arrived):
    return State(
        status=Status(status),
        is_delayed=delayed,
        started_at=START if arrived else None,
        start_time=START,
        end_time=END,
    )


def letter(state, action, now):
    match decide(state, action, now):
        case Apply(rule):
            assert rule.action is action
            return "A"
        case AlreadyHolds():
            return "="
        case Refused(_, None):
            return "x"
        case Refused(_, overdue):
            return {Action.DELAY: "d", Action.AUTO_COMPLETE: "c"}[overdue.action]


EVERY_STATE = [
    a_state(status, delayed=delayed, arrived=arrived)
    for status, delayed, arrived in product(Status, (False, True), (False, True))
]


def test_every_persons_action_in_every_state_at_every_time_ends_as_the_table_says():
    actual = [
        {
            "status": state.status.value,
            "delayed": "yes" if state.is_delayed else "no",
            "arrived": "yes" if state.started_at else "no",
        }
        | {
            action.value: "".join(letter(state, action, now) for now in TIMES.values())
            for action in MANUAL_ACTIONS
        }
        for state in EVERY_STATE
    ]

    assert actual == table(MANUAL)


def test_the_clock_applies_in_every_state_at_every_time_what_the_table_says():
    expected = {(row["status"], row["delayed"]): row for row in table(BY_THE_CLOCK)}
    for state in EVERY_STATE:
        row = expected[state.status.value, "yes" if state.is_delayed else "no"]
        for rule in CLOCK_RULES:
            actual = "".join("-A"[rule.matches(state, now)] for now in TIMES.values())
            assert (state, rule.action, actual) == (state, rule.action, row[rule.action.value])


def test_each_party_may_ask_for_what_the_table_says_and_for_nothing_else():
    actual = [
        {"action": action.value}
        | {party.value: "yes" if permitted(action, party) else "no" for party in Party}
        for action in Action
    ]

    assert actual == table(WHO)


@pytest.mark.parametrize(
    ("action", "left_behind"),
    [
        (Action.DELAY, {"status": Status.ONGOING, "is_delayed": True}),
        (Action.AUTO_COMPLETE, {"status": Status.COMPLETED, "completed_at": END}),
        (
            Action.START,
            {"status": Status.ONGOING, "is_delayed": False, "started_at": END + TICK},
        ),
        (Action.ARRIVE, {"status": Status.ONGOING, "started_at": END + TICK}),
        (Action.COMPLETE, {"status": Status.COMPLETED, "completed_at": END + TICK}),
        (Action.CANCEL, {"status": Status.CANCELLED, "cancelled_at": END + TICK}),
    ],
)
def test_a_transition_leaves_behind_exactly_its_effect(action, left_behind):
    state = a_state("ONGOING", delayed=True, arrived=False)

    assert RULE_OF[action].changes(state, END + TICK) == left_behind


def test_no_action_of_a_person_is_due_by_the_clock_and_none_of_the_clocks_is_a_persons():
    assert [rule.action for rule in CLOCK_RULES] == [Action.DELAY, Action.AUTO_COMPLETE]
    assert set(MANUAL_ACTIONS) | {rule.action for rule in CLOCK_RULES} == set(RULE_OF)
    assert len(RULES) == len(RULE_OF)


@pytest.mark.parametrize("state", EVERY_STATE, ids=str)
def test_the_clock_moves_a_session_once_and_then_leaves_it_alone(state):
    for now in TIMES.values():
        moves = 0
        moved = state
        while rule := next((rule for rule in CLOCK_RULES if rule.matches(moved, now)), None):
            columns = rule.changes(moved, now)
            columns.pop("completed_at", None)
            moved = replace(moved, **columns)
            moves += 1
        assert moves <= 1


def test_a_completed_or_cancelled_session_is_final():
    for state, action, now in product(EVERY_STATE, RULE_OF, TIMES.values()):
        if state.status in (Status.COMPLETED, Status.CANCELLED):
            assert not isinstance(decide(state, action, now), Apply)


def test_every_refusal_is_a_sentence_that_fits_the_state_in_which_the_session_is_left():
    for state, action, now in product(EVERY_STATE, MANUAL_ACTIONS, TIMES.values()):
        decision = decide(state, action, now)
        if not isinstance(decision, Refused):
            continue
        message = decision.message
        left = decision.overdue.target if decision.overdue else state.status
        delayed = state.is_delayed or (
            decision.overdue is not None and decision.overdue.action is Action.DELAY
        )
        assert message[0].isupper()
        assert message.endswith(".")
        assert "None" not in message
        assert not any(name.value in message for name in Status)
        assert ("already completed" in message) == (left is Status.COMPLETED)
        assert ("already cancelled" in message) == (left is Status.CANCELLED)
        assert ("not started yet" in message) == (left is Status.SCHEDULED)
        if "delayed" in message:
            assert delayed


@pytest.mark.parametrize(
    ("action", "when", "passed"),
    [
        (Action.START, "at the end", "The end time"),
        (Action.START, "after", "The end time"),
        (Action.COMPLETE, "at the start", "The start time"),
        (Action.CANCEL, "inside", "The start time"),
    ],
)
def test_a_refusal_that_marks_the_delay_says_which_time_has_passed(action, when, passed):
    decision = decide(a_state("SCHEDULED", delayed=False, arrived=False), action, TIMES[when])

    assert isinstance(decision, Refused)
    assert decision.message.startswith(f"{passed} of this session has passed")
    assert "marked as delayed" in decision.message


def test_start_on_a_delayed_session_points_to_the_arrival():
    decision = decide(a_state("ONGOING", delayed=True, arrived=False), Action.START, START)

    assert isinstance(decision, Refused)
    assert "Mark it as begun instead" in decision.message
