"""Taking back a press, on both engines."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import UNDO_WITHIN, Action, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.domain.shared.errors import Conflict, NotFound
from mentorship.models import (
    Cause,
    MentorTimeSlot,
    OutcomeChange,
    SessionBooking,
)
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from tests.services.sessions.presses import act, undo
from tests.support.builders import (
    a_seat,
    a_slot,
    a_user,
    at,
    the_booking,
    the_journal,
)

S, O, C = Status.SCHEDULED, Status.ONGOING, Status.COMPLETED  # noqa: E741  # Columns.
STATE = (
    "status", "is_delayed", "started_at", "completed_at", "mentor_says", "mentor_said_at",
    "student_says", "student_said_at", "decided_outcome", "decided_at", "decided_by",
)  # fmt: skip


def state(session, booking):
    kept = the_booking(session, booking)
    return {name: getattr(kept, name) for name in STATE}


def journal(session, booking):
    return [
        (row.action, row.old_status, row.new_status, row.is_delayed, row.actor_id, row.undoes_id)
        for row in the_journal(session, booking)
    ]


@pytest.mark.parametrize(
    ("who", "action", "before"),
    [
        ("mentor", Action.START, {}),
        ("admin", Action.START, {}),
        ("mentor", Action.ARRIVE, {"status": O, "is_delayed": True}),
        ("mentor", Action.COMPLETE, {"status": O}),
        ("student", Action.COMPLETE, {"status": O, "is_delayed": True}),
        ("admin", Action.COMPLETE, {"status": O, "is_delayed": True, "arrived": True}),
    ],
)
def test_an_undo_restores_all_that_the_press_had_changed(
    session, cast, booked, who, action, before
):
    viewer = getattr(cast, who)
    booking = booked("09:30" if before else "10:00", **before)
    was = state(session, booking)
    act(session, booking, action, viewer, "09:45")
    assert state(session, booking) != was

    result = undo(session, booking, viewer, at("09:45") + UNDO_WITHIN)

    assert state(session, booking) == was
    assert (result.action, result.changed) == (Action.UNDO, True)
    assert (result.status, result.is_delayed) == (was["status"], was["is_delayed"])
    press, back = the_journal(session, booking)
    assert (back.action, back.undoes_id, back.actor_id) == (Action.UNDO, press.id, viewer.id)
    assert (back.old_status, back.new_status) == (press.new_status, press.old_status)
    assert (back.is_delayed, back.cause, back.due_at) == (was["is_delayed"], press.cause, None)
    assert the_booking(session, booking).revision == 3


def test_a_start_that_is_undone_after_the_start_time_becomes_a_delay_at_once(session, cast, booked):
    booking = booked("10:00")
    act(session, booking, Action.START, cast.mentor, "09:59")

    result = undo(session, booking, cast.mentor, "10:00")

    assert (result.status, result.is_delayed, result.changed) == (O, True, True)
    assert [row[:5] for row in journal(session, booking)] == [
        (Action.START, S, O, False, cast.mentor.id),
        (Action.UNDO, O, S, False, cast.mentor.id),
        (Action.DELAY, S, O, True, None),
    ]
    assert the_journal(session, booking)[-1].due_at == at("10:00")
    again = undo(session, booking, cast.mentor, "10:00:30")
    assert (again.status, again.is_delayed, again.changed) == (O, True, False)


def test_a_completion_that_is_undone_after_the_end_is_completed_by_the_clock(session, cast, booked):
    booking = booked("10:00", status=O)
    act(session, booking, Action.COMPLETE, cast.student, "10:59")

    undo(session, booking, cast.student, "11:00:30")

    assert the_booking(session, booking).completed_at == at("11:00")
    assert [row[0] for row in journal(session, booking)] == [
        Action.COMPLETE,
        Action.UNDO,
        Action.AUTO_COMPLETE,
    ]


def test_the_same_undo_again_changes_nothing(session, cast, booked):
    booking = booked()
    act(session, booking, Action.START, cast.mentor, "09:50")
    undo(session, booking, cast.mentor, "09:50:30")

    again = undo(session, booking, cast.mentor, "09:50:31")

    assert (again.changed, again.status) == (False, S)
    assert len(the_journal(session)) == 2
    assert act(session, booking, Action.START, cast.mentor, "09:51").changed
    assert undo(session, booking, cast.mentor, "09:51:30").changed


def refused(session, booking, viewer, now):
    before = state(session, booking), journal(session, booking)
    with pytest.raises(Conflict) as caught:
        undo(session, booking, viewer, now)
    assert (state(session, booking), journal(session, booking)) == before
    assert caught.value.status == before[0]["status"]
    return caught.value.message


def test_what_cannot_be_undone_is_refused_with_a_sentence(session, cast, booked):
    booking = booked()
    assert "nothing to undo" in refused(session, booking, cast.mentor, "09:50")

    act(session, booking, Action.START, cast.mentor, "09:50")
    too_late = at("09:50") + UNDO_WITHIN + timedelta(microseconds=1)
    assert "has passed" in refused(session, booking, cast.mentor, too_late)
    for another in (cast.student, cast.admin):
        assert "Somebody else" in refused(session, booking, another, "09:50:10")
    with pytest.raises(NotFound):
        undo(session, booking, cast.stranger, "09:50:10")

    act(session, booking, Action.COMPLETE, cast.student, "09:51")
    assert "Somebody else" in refused(session, booking, cast.mentor, "09:51:10")
    assert undo(session, booking, cast.student, "09:51:20").changed
    assert "Somebody else" in refused(session, booking, cast.mentor, "09:51:30")

    other = booked("12:00")
    act(session, other, Action.CANCEL, cast.mentor, "09:50")
    assert "cannot be undone" in refused(session, other, cast.mentor, "09:50:10")


def test_after_the_clock_has_acted_a_press_is_not_undone(session, cast, booked):
    booking = booked("10:00", status=O, is_delayed=True)
    act(session, booking, Action.ARRIVE, cast.mentor, "10:58")
    other = booked("10:00")
    act(session, other, Action.START, cast.mentor, "10:59")
    session.rollback()
    update_session_statuses(session, now=at("11:00"), cause=Cause.WORKER, returning=no_updates)

    assert "changed since" in refused(session, other, cast.mentor, "11:00:10")


@pytest.fixture
def group(session, cast):
    """Three students at 10:00."""
    slot = a_slot(session, cast.mentor, starts="10:00", capacity=4)
    third = a_user(session, "Thea Third", Role.STUDENT)
    return [a_seat(session, slot, each) for each in (cast.student, cast.stranger, third)]


def statuses(session, group):
    return [the_booking(session, booking).status for booking in group]


@pytest.mark.parametrize("action", [Action.START, Action.COMPLETE])
def test_a_press_on_a_group_is_undone_for_all_of_it(session, cast, group, action):
    act(session, group[1], Action.START, cast.mentor, "09:50")
    if action is Action.COMPLETE:
        act(session, group[1], Action.COMPLETE, cast.mentor, "09:55")

    undo(session, group[2], cast.mentor, "09:56" if action is Action.COMPLETE else "09:51")

    assert statuses(session, group) == [S if action is Action.START else O] * 3
    undone = [row for row in the_journal(session) if row.action is Action.UNDO]
    assert [row.booking_id for row in undone] == group
    assert len({row.undoes_id for row in undone}) == 3


def test_a_student_who_has_completed_since_is_left_out_when_the_group_is_undone(
    session, cast, group
):
    act(session, group[0], Action.START, cast.mentor, "09:50")
    act(session, group[1], Action.COMPLETE, cast.stranger, "09:51")

    undo(session, group[0], cast.mentor, "09:51:30")

    assert statuses(session, group) == [S, C, S]


def test_a_student_takes_back_their_own_part_of_a_group_alone(session, cast, group):
    act(session, group[0], Action.START, cast.mentor, "09:50")
    act(session, group[0], Action.COMPLETE, cast.student, "10:10")
    act(session, group[1], Action.COMPLETE, cast.stranger, "10:10")

    undo(session, group[0], cast.student, "10:11")

    assert statuses(session, group) == [O, C, O]


@pytest.mark.parametrize("who", ["mentor", "student"])
def test_a_word_about_the_outcome_that_the_press_said_is_taken_back(session, cast, booked, who):
    """As `complete` with an outcome leaves it."""
    viewer = getattr(cast, who)
    booking = booked("09:30", status=O, is_delayed=True)
    act(session, booking, Action.ARRIVE, cast.mentor, "10:00")
    was = state(session, booking)
    act(session, booking, Action.COMPLETE, viewer, "10:10")
    say(session, booking, viewer, who, OutcomeWord.STUDENT_ABSENT, "10:10")

    undo(session, booking, viewer, "10:11")

    assert was["mentor_says"] is OutcomeWord.TOOK_PLACE
    assert state(session, booking) == was


def test_of_two_words_the_earlier_one_stands_again(session, cast, booked):
    booking = booked("09:30", status=O, is_delayed=True)
    say(session, booking, cast.student, "student", OutcomeWord.TECHNICAL_TROUBLE, "10:00")
    was = state(session, booking)
    act(session, booking, Action.COMPLETE, cast.student, "10:10")
    say(session, booking, cast.student, "student", OutcomeWord.NOBODY_CAME, "10:10")

    undo(session, booking, cast.student, "10:11")

    assert state(session, booking) == was


def say(session, booking, viewer, side, word, now):
    session.rollback()
    session.execute(
        update(SessionBooking)
        .where(SessionBooking.id == booking)
        .values({f"{side}_says": word, f"{side}_said_at": at(now)})
    )
    session.add(
        OutcomeChange(
            booking_id=booking, side=side, outcome=word, actor_id=viewer.id, said_at=at(now)
        )
    )
    session.commit()


def test_a_completion_is_not_undone_into_a_time_that_was_taken_since(session, cast):
    first = a_slot(session, cast.mentor, starts="10:00")
    booking = a_seat(session, first, cast.student, status=O, started_at=at("10:00"))
    act(session, booking, Action.COMPLETE, cast.mentor, "10:20")
    second = a_slot(session, cast.other_mentor, starts="10:30")
    a_seat(session, second, cast.student)

    assert "has been taken since" in refused(session, booking, cast.mentor, "10:21")


def test_a_completion_is_not_undone_where_the_slot_is_no_longer_offered(session, cast):
    slot = a_slot(session, cast.mentor, starts="10:00")
    booking = a_seat(session, slot, cast.student, status=O, started_at=at("10:00"))
    act(session, booking, Action.COMPLETE, cast.mentor, "10:20")
    session.rollback()
    session.execute(
        update(MentorTimeSlot).where(MentorTimeSlot.id == slot).values(is_withdrawn=True)
    )
    session.commit()

    assert "has been taken since" in refused(session, booking, cast.mentor, "10:21")
