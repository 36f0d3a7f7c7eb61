"""Run 7, undo and correct: whoever asks, in every state and at every time, on both engines."""

from datetime import timedelta
from itertools import product

import pytest

from mentorship.domain.sessions.lifecycle import UNDO_WITHIN, Action, Status
from mentorship.domain.shared.errors import Conflict, Forbidden, NotFound
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.correct import Correction, correct_status
from mentorship.services.sessions.undo import undo_action
from tests.support.builders import a_booking, the_booking, the_journal
from tests.support.lifecycle import CORRECT, END, START, TICK, TIMES, table

VIEWERS = ("student", "mentor", "admin", "other_mentor", "stranger")
TARGETS = [name for name in table(CORRECT)[0] if name not in ("status", "delayed")]

PRESSES = [
    (Action.START, "mentor"),
    (Action.START, "admin"),
    (Action.ARRIVE, "mentor"),
    (Action.ARRIVE, "admin"),
    (Action.COMPLETE, "mentor"),
    (Action.COMPLETE, "student"),
    (Action.COMPLETE, "admin"),
    (Action.CANCEL, "mentor"),
    (Action.CANCEL, "student"),
    (Action.CANCEL, "admin"),
]
PRESSED_AT = START + timedelta(minutes=20)
CANCELLED_AT = START - timedelta(minutes=20)


def word_of(ask):
    """The result of a service in one word, and the state that it names."""
    try:
        result = ask()
    except Conflict as conflict:
        return "conflict", (conflict.status, conflict.is_delayed)
    except Forbidden:
        return "forbidden", None
    except NotFound:
        return "unknown", None
    return "changed" if result.changed else "same", (result.status, result.is_delayed)


def state(session, booking):
    kept = the_booking(session, booking)
    return kept.status, kept.is_delayed


@pytest.mark.parametrize(("action", "who"), PRESSES)
def test_an_undo_by_everybody_at_every_age(session, cast, action, who):
    before = {
        Action.START: {},
        Action.CANCEL: {},
        Action.ARRIVE: {"status": Status.ONGOING, "is_delayed": True},
        Action.COMPLETE: {"status": Status.ONGOING},
    }[action]
    pressed_at = CANCELLED_AT if action is Action.CANCEL else PRESSED_AT
    for viewer, age in product(VIEWERS, (TICK, UNDO_WITHIN, UNDO_WITHIN + TICK)):
        booking = a_booking(
            session, mentor=cast.mentor, student=cast.student, starts=START, **before
        )
        pressed = {"booking_id": booking, "viewer": getattr(cast, who)}
        apply_action(session, action=action, **pressed, now=pressed_at)
        session.rollback()
        left = state(session, booking)
        asked = {"booking_id": booking, "viewer": getattr(cast, viewer), "now": pressed_at + age}
        session.rollback()

        answer = word_of(lambda asked=asked: undo_action(session, **asked))

        rows = len(the_journal(session, booking))
        if viewer in ("other_mentor", "stranger"):
            expected, left_behind, written = ("unknown", None), left, 1
        elif viewer != who or age > UNDO_WITHIN or action is Action.CANCEL:
            expected, left_behind, written = ("conflict", left), left, 1
        elif action is Action.START:  # Its start time has passed.
            left_behind, written = (Status.ONGOING, True), 3
            expected = ("changed", left_behind)
        else:
            left_behind, written = (before["status"], before.get("is_delayed", False)), 2
            expected = ("changed", left_behind)
        cell = (action, who, viewer, age)
        assert (cell, answer) == (cell, expected)
        assert (cell, state(session, booking), rows) == (cell, left_behind, written)


@pytest.mark.parametrize("row", table(CORRECT), ids=lambda row: f"{row['status']} {row['delayed']}")
def test_a_correction_by_everybody_of_every_state_at_every_time(session, cast, row):
    rows = {(each["status"], each["delayed"]): each for each in table(CORRECT)}
    for target, (moment, now) in product(TARGETS, enumerate(TIMES.values())):
        booking = a_booking(
            session,
            mentor=cast.mentor,
            student=cast.student,
            starts=START,
            status=Status(row["status"]),
            is_delayed=row["delayed"] == "yes",
        )
        stored = state(session, booking)
        status, _, flag = target.partition("-")
        correction = Correction(Status(status), bool(flag), "A mistake.")
        if status == "SCHEDULED":
            correction = Correction(Status.SCHEDULED, None, "A mistake.")

        def ask(viewer, booking=booking, correction=correction, now=now):
            session.rollback()
            return word_of(
                lambda: correct_status(
                    session, booking_id=booking, correction=correction, viewer=viewer, now=now
                )
            )

        for viewer in ("student", "mentor"):
            assert ask(getattr(cast, viewer)) == ("forbidden", None)
        for viewer in ("other_mentor", "stranger"):
            assert ask(getattr(cast, viewer)) == ("unknown", None)
        assert state(session, booking) == stored
        assert the_journal(session, booking) == []

        answer, _state = ask(cast.admin)

        is_delayed_by_clock = row["status"] == "SCHEDULED" and now >= START
        is_completed_by_clock = (row["status"], row["delayed"]) == ("ONGOING", "no") and now >= END
        decides = row
        if is_delayed_by_clock:
            decides = rows["ONGOING", "yes"]
        elif is_completed_by_clock:
            decides = rows["COMPLETED", "no"]
        letter = decides[target][moment]
        cell = (row["status"], row["delayed"], target, now)
        assert (cell, answer) == (cell, {"A": "changed", "=": "same", "x": "conflict"}[letter])
        left = state(session, booking)
        expected = (Status(status), bool(flag)) if letter in "A=" else None
        assert expected is None or (cell, left) == (cell, expected)
        written = (letter == "A") + (is_delayed_by_clock or is_completed_by_clock)
        assert (cell, len(the_journal(session, booking))) == (cell, written)
