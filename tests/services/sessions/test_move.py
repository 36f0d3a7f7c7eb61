"""Moving a session to another time of its mentor, on both engines."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from mentorship.domain.booking.cutoff import NO_CUTOFF, Cutoff
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.shared.errors import Conflict, NotFound
from mentorship.models import BookingMove, Cause, MentorProfile, SessionBooking
from mentorship.queries.booking.free_slots import Obstacle
from mentorship.services.booking.book import BookingRequest, NotFree, book_slot
from mentorship.services.sessions.actions import Cancellation, apply_action
from mentorship.services.sessions.move import move_session
from tests.support.builders import a_profile, a_slot, at, the_booking, the_journal

NOW = at("08:00")
FOUR_HOURS = Cutoff(timedelta(hours=4))


@pytest.fixture
def slots(session, cast):
    """At 12:00, 14:00 and 16:00."""
    a_profile(session, cast.mentor)
    return [a_slot(session, cast.mentor, starts=starts) for starts in ("12:00", "14:00", "16:00")]


@pytest.fixture
def booking(session, cast, slots):
    """The student's, at 12:00."""
    wish = BookingRequest(slots[0], "Testing", "")
    return book_slot(session, viewer=cast.student, request=wish, now=NOW).session_id


def go(session, booking, slot, viewer, *, reason=None, now=NOW, cutoff=FOUR_HOURS):
    return move_session(
        session,
        booking_id=booking,
        slot_id=slot,
        viewer=viewer,
        reason=reason,
        now=now,
        cutoff=cutoff,
    )


def moves(session):
    session.rollback()
    return list(session.scalars(select(BookingMove).order_by(BookingMove.id)))


@pytest.mark.parametrize("who", ["student", "mentor", "admin"])
def test_either_side_moves_a_session_and_it_stays_the_same_booking(
    session, cast, slots, booking, who
):
    viewer = getattr(cast, who)

    moved = go(session, booking, slots[1], viewer, reason="A train is late.", now=at("07:59"))

    assert (moved.session_id, moved.start_time, moved.changed) == (booking, at("14:00"), True)
    kept = the_booking(session, booking)
    assert (kept.time_slot_id, kept.start_time, kept.end_time, kept.status, kept.revision) == (
        slots[1],
        at("14:00"),
        at("15:00"),
        Status.SCHEDULED,
        2,
    )
    [noted] = moves(session)
    assert (noted.old_slot_id, noted.new_slot_id, noted.old_start, noted.new_start) == (
        slots[0],
        slots[1],
        at("12:00"),
        at("14:00"),
    )
    assert (noted.cause, noted.actor_id, noted.reason, noted.moved_at) == (
        Cause(who),
        viewer.id,
        "A train is late.",
        at("07:59"),
    )
    assert the_journal(session) == []


def test_the_old_time_can_be_booked_at_once(session, cast, slots, booking):
    go(session, booking, slots[1], cast.mentor)

    assert book_slot(
        session, viewer=cast.stranger, request=BookingRequest(slots[0], "x", ""), now=NOW
    ).changed


def test_the_same_move_again_changes_nothing(session, cast, slots, booking):
    go(session, booking, slots[1], cast.mentor)

    assert not go(session, booking, slots[1], cast.mentor).changed
    assert len(moves(session)) == 1


def test_a_time_that_is_not_free_is_refused_with_those_that_are(session, cast, slots, booking):
    book_slot(session, viewer=cast.stranger, request=BookingRequest(slots[1], "x", ""), now=NOW)

    with pytest.raises(NotFree, match=str(Obstacle.FULL)) as refused:
        go(session, booking, slots[1], cast.mentor)

    assert [each.id for each in refused.value.next_free] == [slots[2]]
    assert (moves(session), the_booking(session, booking).time_slot_id) == ([], slots[0])


def test_within_a_full_day_a_session_may_still_move(session, cast, slots, booking):
    session.execute(update(MentorProfile).values(daily_limit=1))
    session.commit()

    assert go(session, booking, slots[1], cast.mentor).changed


def test_nobody_moves_a_session_to_another_mentors_time_or_a_strangers_session(
    session, cast, slots, booking
):
    a_profile(session, cast.other_mentor)
    elsewhere = a_slot(session, cast.other_mentor, starts="14:00")

    for slot in (elsewhere, 4711):
        with pytest.raises(NotFound, match="no such time"):
            go(session, booking, slot, cast.student, now=at("07:00"))
    for viewer in (cast.stranger, cast.other_mentor):
        with pytest.raises(NotFound, match="no such session"):
            go(session, booking, slots[1], viewer)
    assert moves(session) == []


def test_a_student_may_move_and_cancel_until_four_hours_before_and_hears_until_when(
    session, cast, slots, booking
):
    message = "until 4 hours before it starts. For this one that was Tue 24 Nov 2026, 08:00 UTC"
    with pytest.raises(Conflict, match=message) as refused:
        go(session, booking, slots[1], cast.student, now=at("08:00"))
    assert refused.value.status is Status.SCHEDULED

    def cancel(viewer, now):
        return apply_action(
            session,
            booking_id=booking,
            action=Action.CANCEL,
            viewer=viewer,
            now=now,
            cancellation=Cancellation(reason="Ill.", cutoff=FOUR_HOURS),
        )

    with pytest.raises(Conflict, match=message):
        cancel(cast.student, at("08:00"))
    assert the_booking(session, booking).status is Status.SCHEDULED
    assert go(session, booking, slots[1], cast.mentor, now=at("11:59")).changed
    assert go(session, booking, slots[2], cast.student, now=at("09:59:59")).changed
    assert cancel(cast.student, at("11:59:59")).changed
    assert not cancel(cast.student, at("15:00")).changed


@pytest.mark.parametrize(
    ("status", "now", "says"),
    [
        (Status.SCHEDULED, "12:00", "has started"),
        (Status.ONGOING, "11:00", "has started"),
        (Status.COMPLETED, "11:00", "already completed"),
        (Status.CANCELLED, "11:00", "already cancelled"),
    ],
)
def test_a_session_that_has_begun_or_is_over_stays_where_it_is(
    session, cast, slots, booking, status, now, says
):
    ended = {
        Status.COMPLETED: {"completed_at": NOW},
        Status.CANCELLED: {"cancelled_at": NOW},
    }
    session.execute(update(SessionBooking).values(status=status, **ended.get(status, {})))
    session.commit()

    with pytest.raises(Conflict, match=says) as refused:
        go(session, booking, slots[1], cast.mentor, now=at(now), cutoff=NO_CUTOFF)

    assert refused.value.status is status
    assert moves(session) == []
