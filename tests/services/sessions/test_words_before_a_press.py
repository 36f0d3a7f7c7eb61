"""An undo gives back the word that stood before the press, and none that was taken back itself."""

from datetime import timedelta

import pytest

from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.services.sessions.correct import Correction, correct_status
from mentorship.services.sessions.outcomes import say_outcome
from tests.services.sessions.presses import act, undo
from tests.support.builders import at, the_booking

DELAYED = {"status": Status.ONGOING, "is_delayed": True}


@pytest.fixture
def complete(session):
    """`complete(booking, viewer, word, "10:10")`: complete, and say how it went."""

    def say(booking, viewer, word, now):
        session.rollback()
        say_outcome(
            session,
            booking_id=booking,
            viewer=viewer,
            word=word,
            reason="I was there.",
            now=at(now),
            silence=timedelta(hours=72),
            also_completes=True,
        )

    return say


def words(session, booking):
    kept = the_booking(session, booking)
    return kept.mentor_says, kept.student_says, kept.decided_outcome


@pytest.mark.parametrize("who", ["mentor", "student", "admin"])
def test_a_word_that_was_taken_back_does_not_come_back(session, cast, booked, complete, who):
    viewer = getattr(cast, who)
    booking = booked("09:30", **DELAYED)
    for word, said, undone in (
        (OutcomeWord.NOBODY_CAME, "10:10", "10:11"),
        (OutcomeWord.TECHNICAL_TROUBLE, "10:12", "10:13"),
    ):
        complete(booking, viewer, word, said)
        undo(session, booking, viewer, undone)

        assert words(session, booking) == (None, None, None), word


def test_a_start_from_before_a_correction_says_nothing_after_it(session, cast, booked):
    booking = booked("10:00")
    act(session, booking, Action.START, cast.mentor, "09:40")
    session.rollback()
    correct_status(
        session,
        booking_id=booking,
        correction=Correction(Status.SCHEDULED, None, "It was the wrong session."),
        viewer=cast.admin,
        now=at("09:45"),
    )
    act(session, booking, Action.START, cast.mentor, "09:50")
    undo(session, booking, cast.mentor, "09:51")

    assert the_booking(session, booking).status is Status.SCHEDULED
    assert words(session, booking) == (None, None, None)
