"""People's actions on sessions, through `apply_action`, on both engines."""

from dataclasses import replace
from itertools import product

import pytest
from sqlalchemy import insert

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import MANUAL_ACTIONS, Action, Status
from mentorship.domain.shared.errors import Conflict, Forbidden, NotFound
from mentorship.models import Cause, MentorTimeSlot, SessionBooking
from mentorship.services.sessions.actions import Cancellation, apply_action
from tests.support.builders import a_booking, at, the_booking, the_journal
from tests.support.lifecycle import END, MANUAL, START, TICK, TIMES, table

WHO = """
viewer                start      arrive     complete  cancel
student               forbidden  forbidden  may       may
student+MENTOR        forbidden  forbidden  may       may
student+ADMIN         forbidden  forbidden  may       may
mentor                may        may        may       may
mentor+STUDENT        may        may        may       may
mentor+ADMIN          may        may        may       may
admin                 may        may        may       may
admin+MENTOR          may        may        may       may
other_mentor          unknown    unknown    unknown   unknown
other_mentor+STUDENT  unknown    unknown    unknown   unknown
stranger              unknown    unknown    unknown   unknown
"""
"""Who may ask for what. After a plus is what the person is besides, which changes nothing."""

STORABLE = [
    row
    for row in table(MANUAL)
    if row["status"] != "SCHEDULED" or (row["delayed"], row["arrived"]) == ("no", "no")
]


def who(viewer, action):
    """One of "may", "forbidden" and "unknown"."""
    rows = {row["viewer"]: row for row in table(WHO)}
    return rows[viewer][action.value]


def person(cast, viewer):
    """The viewer of a row of the table."""
    name, _plus, role = viewer.partition("+")
    found = getattr(cast, name)
    return replace(found, roles=found.roles | {Role(role)}) if role else found


def store_cells(session, cast):
    """A booking for each state, action, viewer and time; by booking id."""
    cells = list(
        product(
            STORABLE,
            MANUAL_ACTIONS,
            [row["viewer"] for row in table(WHO)],
            enumerate(TIMES.values()),
        )
    )
    slot = {"mentor_id": cast.mentor.id, "start_time": START, "end_time": END}
    slot_ids = session.scalars(
        insert(MentorTimeSlot).returning(MentorTimeSlot.id, sort_by_parameter_order=True),
        [slot | {"is_exclusive": False} for _cell in cells],
    ).all()
    ids = session.scalars(
        insert(SessionBooking).returning(SessionBooking.id, sort_by_parameter_order=True),
        [
            slot
            | {
                "time_slot_id": slot_id,
                "slot_is_exclusive": False,
                "student_id": cast.student.id,
                "status": Status(row["status"]),
                "is_delayed": row["delayed"] == "yes",
                "started_at": START if row["arrived"] == "yes" else None,
                "completed_at": END if row["status"] == "COMPLETED" else None,
                "cancelled_at": START if row["status"] == "CANCELLED" else None,
            }
            for slot_id, (row, *_) in zip(slot_ids, cells, strict=True)
        ],
    ).all()
    session.commit()
    return dict(zip(ids, cells, strict=True))


def outcome_of(session, booking, action, viewer, now):
    """The result of `apply_action` in one word, and the state that it names."""
    try:
        outcome = apply_action(session, booking_id=booking, action=action, viewer=viewer, now=now)
    except Conflict as conflict:
        return "conflict", conflict.status.value, conflict.is_delayed
    except Forbidden:
        return "forbidden", None, None
    except NotFound:
        return "unknown", None, None
    word = "changed" if outcome.changed else "same"
    return word, outcome.status.value, outcome.is_delayed


def expected_of(row, action, viewer, moment):
    """The word, the state left behind and who moved it, by the tables alone."""
    word = who(viewer, action)
    state = (row["status"], row["delayed"] == "yes")
    if word != "may":
        return word, state, None
    letter = row[action.value][moment]
    if letter == "d":
        return "conflict", ("ONGOING", True), "clock"
    if letter == "c":
        return "conflict", ("COMPLETED", False), "clock"
    if letter != "A":
        return {"x": "conflict", "=": "same"}[letter], state, None
    left = {
        Action.START: ("ONGOING", False),
        Action.ARRIVE: ("ONGOING", True),
        Action.COMPLETE: ("COMPLETED", state[1]),
        Action.CANCEL: ("CANCELLED", False),
    }[action]
    return "changed", left, "person"


def test_every_action_by_everybody_in_every_state_at_every_time_ends_as_the_tables_say(
    session, cast
):
    cells = store_cells(session, cast)
    answers = {
        booking: outcome_of(session, booking, action, person(cast, viewer), now)
        for booking, (_row, action, viewer, (_moment, now)) in cells.items()
    }
    session.rollback()
    session.expire_all()
    bookings = {booking.id: booking for booking in session.query(SessionBooking)}
    journal = {}
    for change in the_journal(session):
        assert change.booking_id not in journal, "a second row for one action"
        journal[change.booking_id] = change

    for booking, (row, action, viewer, (moment, now)) in cells.items():
        cell = (row, action, viewer, moment)
        word, left, mover = expected_of(row, action, viewer, moment)
        stored = bookings[booking]
        assert (cell, answers[booking][0]) == (cell, word)
        assert (cell, stored.status.value, stored.is_delayed) == (cell, *left)
        if word not in ("forbidden", "unknown"):
            assert answers[booking][1:] == left
        assert stored.revision == (1 if mover is None else 2)
        change = journal.get(booking)
        assert (change is not None) == (mover is not None)
        if change is None:
            continue
        assert (change.old_status.value, change.new_status.value) == (row["status"], left[0])
        assert (change.is_delayed, change.applied_at) == (left[1], now)
        assert change.cause is Cause(viewer.partition("+")[0])
        if mover == "person":
            assert (change.actor_id, change.due_at) == (person(cast, viewer).id, None)
        else:
            due_at = START if row["status"] == "SCHEDULED" else END
            assert (change.actor_id, change.due_at) == (None, due_at)


def test_each_transition_stamps_its_time_and_no_other(session, cast):
    def times(booking):
        kept = the_booking(session, booking)
        return kept.started_at, kept.completed_at, kept.cancelled_at

    def act(booking, action, now):
        session.rollback()
        apply_action(session, booking_id=booking, action=action, viewer=cast.mentor, now=at(now))

    booked = [a_booking(session, mentor=cast.mentor, student=cast.student) for _ in range(3)]

    act(booked[0], Action.START, "09:50")
    assert times(booked[0]) == (at("09:50"), None, None)
    act(booked[0], Action.COMPLETE, "10:40")
    assert times(booked[0]) == (at("09:50"), at("10:40"), None)

    act(booked[1], Action.CANCEL, "09:59")
    assert times(booked[1]) == (None, None, at("09:59"))

    with pytest.raises(Conflict):
        act(booked[2], Action.START, "11:00")
    assert times(booked[2]) == (None, None, None)
    act(booked[2], Action.ARRIVE, "11:05")
    assert times(booked[2]) == (at("11:05"), None, None)
    act(booked[2], Action.COMPLETE, "11:10")
    assert times(booked[2]) == (at("11:05"), at("11:10"), None)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_completion_that_comes_before_the_sweep_keeps_the_time_of_the_button(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, status=Status.ONGOING)

    apply_action(
        session, booking_id=booking, action=Action.COMPLETE, viewer=cast.student, now=at("11:30")
    )

    assert the_booking(session, booking).completed_at == at("11:30")
    assert the_journal(session)[0].cause is Cause.STUDENT


def test_the_same_action_again_changes_nothing_and_says_so(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student)

    def act(action, now):
        return apply_action(
            session, booking_id=booking, action=action, viewer=cast.mentor, now=at(now)
        )

    assert act(Action.START, "10:00").message == "The session has started."
    again = act(Action.START, "10:01")
    assert (again.changed, again.message) == (False, "The session has already started.")
    assert act(Action.COMPLETE, "10:30").changed
    assert not act(Action.COMPLETE, "10:31").changed

    kept = the_booking(session, booking)
    assert (kept.started_at, kept.completed_at) == (at("10:00"), at("10:30"))
    assert kept.revision == 3
    assert len(the_journal(session)) == 2


def test_a_cancellation_keeps_its_reason_and_a_second_one_does_not_replace_it(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student)

    for reason in ("Down with the flu.", "Another reason."):
        apply_action(
            session,
            booking_id=booking,
            action=Action.CANCEL,
            viewer=cast.student,
            now=START - TICK,
            cancellation=Cancellation(reason=reason),
        )

    assert the_booking(session, booking).cancel_reason == "Down with the flu."
    assert len(the_journal(session)) == 1


def test_a_reason_is_kept_by_a_cancellation_only(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student)

    apply_action(
        session,
        booking_id=booking,
        action=Action.START,
        viewer=cast.mentor,
        now=START,
        cancellation=Cancellation(reason="Not wanted here."),
    )
    with pytest.raises(Conflict):
        apply_action(
            session,
            booking_id=booking,
            action=Action.CANCEL,
            viewer=cast.mentor,
            now=START,
            cancellation=Cancellation(reason="Too late."),
        )

    assert the_booking(session, booking).cancel_reason is None


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("action", MANUAL_ACTIONS)
def test_a_session_that_does_not_exist_is_not_found_by_anybody(session, cast, action):
    for viewer in cast:
        with pytest.raises(NotFound):
            apply_action(session, booking_id=4711, action=action, viewer=viewer, now=START)
