"""A slot for several students: the mentor acts on the meeting, a student on their own part."""

import pytest

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.shared.errors import Conflict
from mentorship.models import Cause
from mentorship.services.sessions.actions import Cancellation, apply_action
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from tests.support.builders import a_seat, a_slot, a_user, at, the_booking, the_journal
from tests.support.databases import counted_statements

S, O, C, X = Status.SCHEDULED, Status.ONGOING, Status.COMPLETED, Status.CANCELLED  # noqa: E741  # Columns.


@pytest.fixture
def group(session, cast):
    """Three students at 10:00, and one who cancelled."""
    slot = a_slot(session, cast.mentor, starts="10:00", capacity=4)
    third = a_user(session, "Thea Third", Role.STUDENT)
    fourth = a_user(session, "Fred Fourth", Role.STUDENT)
    booked = [a_seat(session, slot, each) for each in (cast.student, cast.stranger, third)]
    cancelled = a_seat(session, slot, fourth, status=X, cancelled_at=at("08:00"))
    return [*booked, cancelled]


def act(session, booking, action, viewer, now, **cancellation):
    session.rollback()
    return apply_action(
        session,
        booking_id=booking,
        action=action,
        viewer=viewer,
        now=at(now),
        cancellation=Cancellation(**cancellation),
    )


def statuses(session, group):
    return [the_booking(session, booking).status for booking in group]


@pytest.mark.parametrize("who", ["mentor", "admin"])
def test_start_and_complete_act_on_every_open_booking_each_with_its_journal_row(
    session, cast, group, who
):
    viewer = getattr(cast, who)

    assert act(session, group[1], Action.START, viewer, "10:00").changed
    assert statuses(session, group) == [O, O, O, X]
    assert not act(session, group[0], Action.START, viewer, "10:01").changed
    outcome = act(session, group[0], Action.COMPLETE, viewer, "10:30")
    assert (outcome.session_id, outcome.changed) == (group[0], True)

    assert statuses(session, group) == [C, C, C, X]
    assert [
        (row.booking_id, row.new_status, row.cause, row.applied_at) for row in the_journal(session)
    ] == [
        *((booking, O, Cause(who), at("10:00")) for booking in group[:3]),
        *((booking, C, Cause(who), at("10:30")) for booking in group[:3]),
    ]


def test_a_late_group_is_marked_as_begun_and_completed_as_one(session, cast, group):
    update_session_statuses(session, now=at("10:05"), cause=Cause.WORKER, returning=no_updates)

    act(session, group[0], Action.ARRIVE, cast.mentor, "10:06")
    assert [the_booking(session, each).started_at for each in group[:3]] == [at("10:06")] * 3
    act(session, group[2], Action.COMPLETE, cast.mentor, "10:50")
    assert [the_booking(session, each).is_delayed for each in group[:3]] == [True] * 3
    assert statuses(session, group) == [C, C, C, X]


def test_a_students_completion_is_their_own(session, cast, group):
    act(session, group[0], Action.START, cast.mentor, "10:00")

    act(session, group[0], Action.COMPLETE, cast.student, "10:20")
    assert statuses(session, group) == [C, O, O, X]
    act(session, group[1], Action.COMPLETE, cast.mentor, "10:30")
    assert statuses(session, group) == [C, C, C, X]
    assert the_booking(session, group[0]).completed_at == at("10:20")
    assert len(the_journal(session, group[0])) == 2


@pytest.mark.parametrize("who", ["mentor", "admin"])
def test_a_cancellation_is_of_the_whole_meeting(session, cast, group, who):
    viewer = getattr(cast, who)

    assert act(session, group[1], Action.CANCEL, viewer, "09:00", reason="Ill.").changed
    assert not act(session, group[0], Action.CANCEL, viewer, "09:01").changed

    assert statuses(session, group) == [X] * 4
    assert [
        (row.booking_id, row.cause, row.applied_at, row.reason) for row in the_journal(session)
    ] == [(booking, Cause(who), at("09:00"), "Ill.") for booking in group[:3]]
    assert [the_booking(session, each).cancelled_at for each in group] == [
        *[at("09:00")] * 3,
        at("08:00"),
    ]


@pytest.mark.parametrize("who", ["mentor", "admin"])
def test_taking_out_one_student_leaves_the_meeting_to_the_others(session, cast, group, who):
    result = act(session, group[1], Action.CANCEL, getattr(cast, who), "09:00", is_for_one=True)

    assert (result.changed, statuses(session, group)) == (True, [S, X, S, X])


def test_a_students_cancellation_is_their_own(session, cast, group):
    act(session, group[0], Action.CANCEL, cast.student, "09:00")

    assert statuses(session, group) == [X, S, S, X]


def test_a_refused_start_moves_only_the_booking_that_was_pressed(session, cast, group):
    with pytest.raises(Conflict):
        act(session, group[0], Action.START, cast.mentor, "11:00")

    assert statuses(session, group) == [O, S, S, X]
    result = update_session_statuses(
        session, now=at("11:00"), cause=Cause.WORKER, returning=no_updates
    )
    assert result.started == 2


def test_a_full_group_of_thirty_costs_a_sweep_what_one_session_costs(session, cast):
    counts = []
    for number, capacity in enumerate((1, 30)):
        slot = a_slot(session, cast.mentor, starts=f"1{number}:00", capacity=capacity)
        for seat in range(capacity):
            a_seat(session, slot, a_user(session, f"Student {number} {seat}", Role.STUDENT))
        with counted_statements(session.get_bind()) as statements:
            result = update_session_statuses(
                session, now=at(f"1{number}:00"), cause=Cause.WORKER, returning=no_updates
            )
        assert (result.started, result.failed) == (capacity, 0)
        counts.append(len(statements))

    assert counts[0] == counts[1]
