"""The demo's sessions have the history that real ones have."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from mentorship.domain.sessions.lifecycle import Action
from mentorship.domain.sessions.outcomes import OutcomeState
from mentorship.domain.sessions.receipts import EntryKind
from mentorship.models import OutboxMessage, SessionBooking, SessionFeedback
from mentorship.queries.sessions.receipts.history import receipt_of
from mentorship.services.operations.demo import load_demo
from tests.support.builders import at
from tests.support.replay import bookings_in, faults, journal_in, said_in

NOW, SILENCE = at("10:00:20"), timedelta(hours=72)

UNTOUCHED = {
    "status": "SCHEDULED",
    "is_delayed": False,
    "revision": 1,
    "started_at": None,
    "completed_at": None,
    "cancelled_at": None,
    "mentor_says": None,
    "mentor_said_at": None,
    "student_says": None,
    "student_said_at": None,
    "decided_outcome": None,
    "decided_at": None,
}


@pytest.fixture
def receipts(session):
    """The receipts of the demo's sessions by topic; of a group that of its first student."""
    load_demo(session, now=NOW)
    ids = session.execute(
        select(SessionBooking.topic, func.min(SessionBooking.id)).group_by(SessionBooking.topic)
    ).all()
    return {
        topic: receipt_of(session, None, number, now=NOW, silence=SILENCE) for topic, number in ids
    }


def test_the_journals_of_the_demo_lead_to_the_states_of_its_sessions(receipts, session):
    engine = session.get_bind()
    after = bookings_in(engine)
    before = {number: replace(kept, **UNTOUCHED) for number, kept in after.items()}
    for number in session.scalars(select(SessionFeedback.booking_id)):  # Notes have no journal.
        before[number] = replace(before[number], revision=2)
    session.rollback()

    assert len(journal_in(engine)) > 0 < len(said_in(engine))
    assert faults(before, journal_in(engine), after, said_in(engine)) == []


def test_each_receipt_of_the_demo_begins_with_the_booking_and_tells_of_no_mail(receipts, session):
    for receipt in receipts.values():
        assert receipt.history[0].kind is EntryKind.BOOKED
        assert all(entry.applied_at <= NOW for entry in receipt.history)
    assert session.scalar(select(func.count()).select_from(OutboxMessage)) == 0


def test_the_demo_has_an_undone_press_time_owed_a_dispute_and_an_absence(receipts):
    planning = [entry.kind for entry in receipts["Planning the term"].history]
    first_resume = receipts["Writing a first résumé"]
    debugging = receipts["Debugging with a plan"].record
    first_project = receipts["Choosing a first project"].record

    assert planning[1:5] == [Action.START, Action.COMPLETE, Action.UNDO, Action.AUTO_COMPLETE]
    assert first_resume.history[1].lag == timedelta(seconds=0.4)
    assert (first_resume.record.minutes.delivered, first_resume.record.minutes.owed) == (21, 9)
    assert debugging.known.outcome.state is OutcomeState.DISPUTED
    assert first_project.known.outcome.value == "STUDENT_ABSENT"
