"""An admin corrects the status of a session, on both engines."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.domain.shared.errors import Conflict, Forbidden, InvalidInput, NotFound
from mentorship.models import Cause, MentorTimeSlot, OutboxMessage, SessionBooking
from mentorship.services.sessions.actions import Cancellation, apply_action
from mentorship.services.sessions.correct import Correction, correct_status
from tests.support.builders import (
    a_booking,
    a_seat,
    a_slot,
    a_user,
    at,
    the_booking,
    the_journal,
)

S, O, C, X = Status.SCHEDULED, Status.ONGOING, Status.COMPLETED, Status.CANCELLED  # noqa: E741  # Columns.
REASON = "The mentor pressed the wrong row."


def correct(session, booking, target, viewer, now, *, is_delayed=None, reason=REASON):
    session.rollback()
    correction = Correction(target, is_delayed, reason)
    return correct_status(
        session, booking_id=booking, correction=correction, viewer=viewer, now=at(now)
    )


def shown(session, booking):
    kept = the_booking(session, booking)
    return (
        kept.status,
        kept.is_delayed,
        kept.started_at,
        kept.completed_at,
        kept.cancelled_at,
    )


def refused(session, booking, target, viewer, now, **flags):
    before = shown(session, booking)
    rows = len(the_journal(session))
    with pytest.raises(Conflict) as caught:
        correct(session, booking, target, viewer, now, **flags)
    assert (shown(session, booking), len(the_journal(session))) == (before, rows)
    assert caught.value.status == before[0]
    return caught.value.message


@pytest.fixture
def booked(session, cast):
    """`booked("10:00", ...)`: a session of the student with her mentor."""

    def make(starts="10:00", **state):
        return a_booking(session, mentor=cast.mentor, student=cast.student, starts=starts, **state)

    return make


@pytest.mark.parametrize(
    ("before", "target", "flag", "now", "left"),
    [
        ({"status": O}, S, None, "09:50", (S, False, None, None, None)),
        ({"status": C}, S, None, "09:50", (S, False, None, None, None)),
        ({"status": C}, O, None, "10:50", (O, False, at("10:00"), None, None)),
        ({"status": C}, O, True, "11:50", (O, True, at("10:00"), None, None)),
        ({"status": C}, C, True, "11:50", (C, True, at("10:00"), at("11:00"), None)),
        ({"status": O}, O, True, "10:50", (O, True, at("10:00"), None, None)),
        ({"status": O}, C, None, "10:50", (C, False, at("10:00"), at("10:50"), None)),
        ({"status": O, "is_delayed": True}, C, None, "11:50", (C, True, None, at("11:00"), None)),
        ({"status": O, "is_delayed": True}, O, False, "10:50", (O, False, None, None, None)),
        ({"status": X}, S, None, "09:50", (S, False, None, None, None)),
        ({"status": X}, C, None, "18:00", (C, False, None, at("11:00"), None)),
        ({"status": X}, O, True, "18:00", (O, True, None, None, None)),
    ],
)
def test_a_correction_leaves_what_the_admin_says_with_a_row_and_its_reason(
    session, cast, booked, before, target, flag, now, left
):
    booking = booked("10:00", **before)

    result = correct(session, booking, target, cast.admin, now, is_delayed=flag)

    assert shown(session, booking) == left
    assert (result.action, result.changed) == (Action.CORRECT, True)
    assert (result.status, result.is_delayed) == left[:2]
    (row,) = the_journal(session, booking)
    assert (row.action, row.cause, row.actor_id) == (Action.CORRECT, Cause.ADMIN, cast.admin.id)
    assert (row.old_status, row.new_status) == (before["status"], target)
    assert (row.is_delayed, row.reason, row.due_at) == (left[1], REASON, None)
    assert the_booking(session, booking).revision == 2


def test_both_people_get_mail_about_a_correction(session, cast, booked):
    booking = booked("10:00", status=C)

    correct(session, booking, O, cast.admin, "10:50")

    told = session.execute(select(OutboxMessage.kind, OutboxMessage.reader_id)).all()
    assert sorted(told) == sorted(
        (MailKind.CORRECTED, reader) for reader in (cast.student.id, cast.mentor.id)
    )


def test_a_correction_to_what_already_is_changes_nothing(session, cast, booked):
    booking = booked("10:00", status=C)

    result = correct(session, booking, C, cast.admin, "18:00")

    assert (result.changed, result.status) == (False, C)
    assert the_journal(session) == []
    assert the_booking(session, booking).revision == 1
    scheduled = booked("20:00")
    assert not correct(session, scheduled, S, cast.admin, "18:00").changed


def test_a_state_that_is_not_lawful_at_that_time_is_refused(session, cast, booked):
    over = booked("10:00", status=C)
    assert "cannot be scheduled again" in refused(session, over, S, cast.admin, "10:00")
    assert "only be ongoing with a delay" in refused(session, over, O, cast.admin, "11:00")
    early = booked("20:00", status=X)
    assert "cannot be delayed" in refused(session, early, O, cast.admin, "19:00", is_delayed=True)
    assert "cannot be completed" in refused(session, early, C, cast.admin, "19:00")
    scheduled = booked("22:00")
    assert "nothing to correct" in refused(session, scheduled, C, cast.admin, "19:00")


def test_what_the_clock_makes_due_comes_first(session, cast, booked):
    unswept = booked("10:00")

    correct(session, unswept, O, cast.admin, "10:30", is_delayed=False)

    assert shown(session, unswept)[:2] == (O, False)
    delay, correction = the_journal(session, unswept)
    assert (delay.action, delay.actor_id, delay.due_at) == (Action.DELAY, None, at("10:00"))
    assert (correction.action, correction.reason) == (Action.CORRECT, REASON)
    assert delay.reason is None


def test_only_an_admin_corrects_and_each_sees_why_not(session, cast, booked):
    booking = booked("10:00", status=C)
    for viewer in (cast.student, cast.mentor):
        with pytest.raises(Forbidden):
            correct(session, booking, O, viewer, "10:30")
    for viewer in (cast.stranger, cast.other_mentor):
        with pytest.raises(NotFound):
            correct(session, booking, O, viewer, "10:30")
    with pytest.raises(NotFound):
        correct(session, 4711, O, cast.admin, "10:30")
    assert the_journal(session) == []


@pytest.mark.parametrize(
    ("target", "flag", "reason"), [(X, None, REASON), (S, True, REASON), (C, None, "")]
)
def test_what_makes_no_sense_is_refused_before_anything_is_read(
    session, cast, booked, target, flag, reason
):
    booking = booked("10:00", status=O)
    with pytest.raises(InvalidInput) as caught:
        correct(session, booking, target, cast.admin, "10:30", is_delayed=flag, reason=reason)
    assert caught.value.message.endswith(".")
    assert the_journal(session) == []


@pytest.fixture
def cancelled(session, cast):
    """A slot at 20:00, and the student's session in it, which was cancelled."""
    slot = a_slot(session, cast.mentor, starts="20:00")
    booking = a_seat(session, slot, cast.student)
    apply_action(
        session,
        booking_id=booking,
        action=Action.CANCEL,
        viewer=cast.student,
        now=at("09:00"),
        cancellation=Cancellation(reason="Ill"),
    )
    return slot, booking


def test_a_cancelled_session_gets_its_seat_back_and_forgets_the_reason(session, cast, cancelled):
    _slot, booking = cancelled

    correct(session, booking, S, cast.admin, "10:00")

    kept = the_booking(session, booking)
    assert (kept.status, kept.seat, kept.cancel_reason) == (S, 1, None)
    assert [row.reason for row in the_journal(session, booking)] == ["Ill", REASON]


@pytest.mark.parametrize(("target", "now"), [(S, "10:00"), (C, "22:00")])
def test_a_seat_that_was_taken_since_is_not_taken_away(session, cast, cancelled, target, now):
    slot, booking = cancelled
    a_seat(
        session,
        slot,
        cast.stranger,
        **({"status": C, "completed_at": at("21:00")} if target is C else {}),
    )

    assert "has booked the time" in refused(session, booking, target, cast.admin, now)


def test_in_a_group_the_next_free_seat_is_taken(session, cast):
    slot = a_slot(session, cast.mentor, starts="20:00", capacity=3)
    first = a_seat(session, slot, cast.student)
    apply_action(
        session, booking_id=first, action=Action.CANCEL, viewer=cast.student, now=at("09:00")
    )
    third = a_user(session, "Thea Third", Role.STUDENT)
    for student in (cast.stranger, third):
        a_seat(session, slot, student)

    correct(session, first, S, cast.admin, "10:00")

    assert the_booking(session, first).seat == 3


def test_somebody_who_is_busy_by_now_is_not_put_into_two_sessions(session, cast, cancelled):
    _slot, booking = cancelled
    a_seat(session, a_slot(session, cast.other_mentor, starts="20:30"), cast.student)

    assert "taken since" in refused(session, booking, S, cast.admin, "10:00")


def test_a_time_that_is_no_longer_offered_or_is_held_is_not_given_back(session, cast, cancelled):
    slot, booking = cancelled
    change = update(MentorTimeSlot).where(MentorTimeSlot.id == slot)
    session.execute(change.values(held_for=cast.stranger.id, held_until=at("10:30")))
    session.commit()
    assert "waiting list" in refused(session, booking, S, cast.admin, "10:00")

    session.execute(change.values(held_for=None, held_until=None, is_withdrawn=True))
    session.commit()
    assert "no longer offered" in refused(session, booking, S, cast.admin, "10:00")


def test_a_session_that_is_still_to_come_has_no_outcome(session, cast, booked):
    booking = booked("10:00")
    apply_action(
        session, booking_id=booking, action=Action.START, viewer=cast.mentor, now=at("09:30")
    )
    assert the_booking(session, booking).mentor_says is OutcomeWord.TOOK_PLACE

    correct(session, booking, S, cast.admin, "09:40")

    kept = the_booking(session, booking)
    assert (kept.mentor_says, kept.mentor_said_at) == (None, None)
    assert session.scalar(select(SessionBooking.started_at)) is None


def test_the_last_instant_before_the_start_counts(session, cast, booked):
    booking = booked("10:00", status=O)
    just_before = at("10:00") - timedelta(microseconds=1)

    correct_status(
        session,
        booking_id=booking,
        correction=Correction(S, None, REASON),
        viewer=cast.admin,
        now=just_before,
    )

    assert the_booking(session, booking).status is S
