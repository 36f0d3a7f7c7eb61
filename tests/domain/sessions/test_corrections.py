"""The corrections that an admin can make, without a database."""

from itertools import product

import pytest

from mentorship.domain.sessions.corrections import CORRECTIONS, decide_correction
from mentorship.domain.sessions.lifecycle import (
    CLOCK_RULES,
    AlreadyHolds,
    Apply,
    Refused,
    State,
    Status,
)
from tests.support.lifecycle import CORRECT, END, START, TICK, TIMES, table

TARGETS = [name for name in table(CORRECT)[0] if name not in ("status", "delayed")]


def a_state(status, *, delayed=False, started_at=START):
    return State(Status(status), delayed, started_at, START, END)


def decided(state, target, now):
    status, _, flag = target.partition("-")
    return decide_correction(state, Status(status), is_delayed=bool(flag), now=now)


def letter(state, target, now):
    return {Apply: "A", AlreadyHolds: "=", Refused: "x"}[type(decided(state, target, now))]


def test_every_correction_of_every_state_at_every_time_ends_as_the_table_says():
    actual = [
        {"status": row["status"], "delayed": row["delayed"]}
        | {
            target: "".join(
                letter(a_state(row["status"], delayed=row["delayed"] == "yes"), target, now)
                for now in TIMES.values()
            )
            for target in TARGETS
        }
        for row in table(CORRECT)
    ]

    assert actual == table(CORRECT)


def test_what_a_correction_leaves_is_not_changed_by_the_clock_at_once():
    for rule, delayed, now in product(CORRECTIONS, (False, True), TIMES.values()):
        state = a_state(rule.source, delayed=delayed)
        if not rule.matches(state, now):
            continue
        columns = rule.changes(state, now)
        left = State(rule.target, columns["is_delayed"], state.started_at, START, END)
        assert not any(clock.matches(left, now) for clock in CLOCK_RULES)


@pytest.mark.parametrize(
    ("now",         "started_at",  "completed_at"),
    [
        (START,     None,          START),
        (END - TICK, START,        END - TICK),
        (END,       START,         END),
        (END + 9 * (END - START), START, END),
        (END + 9 * (END - START), END + TICK, END + TICK),
        (END + 9 * (END - START), None, END),
    ],
)  # fmt: skip
def test_a_completion_is_at_the_end_or_now_and_never_before_the_beginning(
    now, started_at, completed_at
):
    state = a_state("CANCELLED", started_at=started_at)

    decision = decided(state, "COMPLETED", now)

    assert decision.rule.changes(state, now)["completed_at"] == completed_at


def test_a_completed_session_keeps_its_time_when_only_its_delay_is_corrected():
    decision = decided(a_state("COMPLETED"), "COMPLETED-delayed", END)

    assert "completed_at" not in decision.rule.changes(a_state("COMPLETED"), END)


@pytest.mark.parametrize(
    ("started_at", "kept"), [(START - TICK, False), (START, True), (END, True)]
)
def test_a_session_that_was_delayed_after_all_had_not_begun_before_its_start(started_at, kept):
    state = a_state("ONGOING", started_at=started_at)

    decision = decided(state, "ONGOING-delayed", END)

    assert ("started_at" not in decision.rule.changes(state, END)) is kept


def test_every_refusal_is_a_sentence():
    for row, target, now in product(table(CORRECT), TARGETS, TIMES.values()):
        decision = decided(a_state(row["status"], delayed=row["delayed"] == "yes"), target, now)
        if isinstance(decision, Refused):
            assert decision.message[0].isupper()
            assert decision.message.endswith(".")
            assert not any(status.value in decision.message for status in Status)
