"""A mentor changes hours: free slots follow, booked ones are asked about and then kept or not."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from mentorship.domain.availability.slot_plan import DaysOff
from mentorship.domain.availability.weekly_rules import Weekday
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.shared.errors import Conflict, InvalidInput, NotFound
from mentorship.models import (
    AvailabilityRule,
    MentorProfile,
    MentorTimeSlot,
    SessionBooking,
    User,
    WaitingListEntry,
)
from mentorship.queries.availability.mentor_calendar import read_calendar
from mentorship.services.accounts.edit_details import edit_details
from mentorship.services.availability.apply import apply_change, preview_change
from mentorship.services.availability.changes import (
    RemoveDaysOff,
    RemoveRule,
    RemoveSlot,
    SaveDaysOff,
    SaveRule,
)
from mentorship.services.availability.one_off_slots import OneOffSlot, save_one_off_slot
from mentorship.services.availability.publish import Publisher
from mentorship.services.booking.waiting_list import join_waiting_list
from mentorship.services.sessions.actions import Cancellation, apply_action
from tests.support.builders import a_seat, at, the_booking, the_journal
from tests.support.hours import NOW, evenings
from tests.support.meanwhile import meanwhile


def change(session, mentor, what, **others):
    session.rollback()
    return apply_change(session, mentor=mentor, change=what, now=NOW, **others)


def move_to(session, person, zone):
    session.rollback()
    return edit_details(
        session, viewer=person, name=person.name, timezone=zone, hour_cycle="", language="", now=NOW
    )


def offered(session, mentor):
    """Start, rule and id of the mentor's slots, as they can be booked."""
    session.rollback()
    return session.execute(
        select(MentorTimeSlot.start_time, MentorTimeSlot.rule_id, MentorTimeSlot.id)
        .where(MentorTimeSlot.mentor_id == mentor.id, ~MentorTimeSlot.is_withdrawn)
        .order_by(MentorTimeSlot.start_time)
    ).all()


def hours(session, mentor):
    return sorted({f"{slot.start_time:%a %H:%M}" for slot in offered(session, mentor)})


@pytest.fixture
def rule(session, cast):
    """A stored rule, published."""
    return change(session, cast.mentor, SaveRule(evenings())).change.rule


@pytest.fixture
def booked(session, cast, rule):
    """A session in the first slot of the rule."""
    return a_seat(session, offered(session, cast.mentor)[0].id, cast.student)


def test_a_new_rule_makes_the_slots_that_its_preview_shows(session, cast):
    seen = preview_change(session, cast.mentor.id, SaveRule(evenings()), now=NOW)
    done = change(session, cast.mentor, SaveRule(evenings()))

    assert [slot.start_time for slot in seen.slots_of(0)] == [
        slot.start_time for slot in offered(session, cast.mentor)
    ]
    assert (done.added, done.withdrawn, done.kept) == (16, 0, 0)
    assert hours(session, cast.mentor) == ["Wed 18:00", "Wed 19:00"]


def test_a_preview_writes_nothing(session, cast, rule):
    before = offered(session, cast.mentor)
    preview_change(session, cast.mentor.id, RemoveRule(rule.id), now=NOW)
    session.commit()

    assert offered(session, cast.mentor) == before


def test_other_hours_replace_free_slots_and_name_booked_ones_which_stay(
    session, cast, rule, booked
):
    later = SaveRule(evenings(rule_id=rule.id, opens=time(18, 30), closes=time(20, 30)))
    asked = preview_change(session, cast.mentor.id, later, now=NOW).sessions
    done = change(session, cast.mentor, later)

    assert [(one.id, one.student) for one in asked] == [(booked, "Sam Student")]
    assert (done.kept, done.cancelled) == (1, 0)
    assert the_booking(session, booked).status is Status.SCHEDULED
    # The next slot on the booked day begins only when that session is over.
    assert hours(session, cast.mentor) == ["Wed 18:00", "Wed 18:30", "Wed 19:30"]
    assert preview_change(session, cast.mentor.id, later, now=NOW).sessions == ()


def test_a_kept_slot_is_held_for_its_student_and_free_for_all_once_it_fits_again(
    session, cast, rule, booked
):
    change(session, cast.mentor, RemoveRule(rule.id))
    session.rollback()
    kept = session.scalars(select(MentorTimeSlot).where(~MentorTimeSlot.is_withdrawn)).one()
    assert (kept.held_for, kept.held_until) == (cast.student.id, kept.start_time)

    session.rollback()
    session.execute(
        update(SessionBooking).values(status=Status.CANCELLED, cancelled_at=at("09:00"))
    )
    session.commit()
    assert read_calendar(session, cast.mentor.id, now=NOW).slots[0].is_kept


def test_a_day_off_and_back_again_leaves_a_booked_slot_as_it_was(session, cast, rule, booked):
    off = SaveDaysOff(DaysOff(0, date(2026, 11, 25), date(2026, 11, 25)))
    before = offered(session, cast.mentor)
    made = change(session, cast.mentor, off).change
    assert len(offered(session, cast.mentor)) == 15

    change(session, cast.mentor, RemoveDaysOff(made.days_off.id))
    after = offered(session, cast.mentor)
    assert [slot.start_time for slot in after] == [slot.start_time for slot in before]
    slot = session.get_one(MentorTimeSlot, after[0].id, populate_existing=True)
    assert (slot.held_for, slot.held_until) == (None, None)


def test_chosen_sessions_are_cancelled_with_their_reason_and_their_journal(
    session, cast, rule, booked
):
    off = SaveDaysOff(DaysOff(0, date(2026, 11, 25), date(2026, 11, 25)))
    done = change(session, cast.mentor, off, cancel=[booked], reason="I am away.")

    assert (done.kept, done.cancelled) == (0, 1)
    left = the_booking(session, booked)
    assert (left.status, left.cancel_reason) == (Status.CANCELLED, "I am away.")
    assert [entry.actor_id for entry in the_journal(session, booked)] == [cast.mentor.id]
    assert offered(session, cast.mentor)[0].start_time == at("18:00", days=8)


def test_a_change_that_was_stored_still_cancels_its_sessions_when_it_is_sent_again(
    session, cast, rule, booked
):
    off = SaveDaysOff(DaysOff(0, date(2026, 11, 25), date(2026, 11, 25)))
    stored = change(session, cast.mentor, off).change
    done = change(session, cast.mentor, stored, cancel=[booked], reason="I am away.")

    assert (done.kept, done.cancelled) == (0, 1)
    assert the_booking(session, booked).status is Status.CANCELLED


def test_a_form_that_got_half_way_can_be_sent_again(session, cast, rule, booked):
    other = a_seat(session, offered(session, cast.mentor)[1].id, cast.stranger)
    off = SaveDaysOff(DaysOff(0, date(2026, 11, 25), date(2026, 11, 25)))
    stored = change(session, cast.mentor, off, cancel=[booked], reason="I am away.").change
    done = change(session, cast.mentor, stored, cancel=[booked, other], reason="I am away.")

    assert (done.kept, done.cancelled) == (0, 1)
    assert the_booking(session, other).status is Status.CANCELLED


def test_what_the_database_does_not_cancel_is_said_to_be_kept(session, cast, rule, booked):
    with meanwhile(session.get_bind(), "INSERT INTO status_changes", broken):
        done = change(session, cast.mentor, RemoveRule(rule.id), cancel=[booked], reason="Away.")

    assert (done.kept, done.cancelled) == (1, 0)
    assert the_booking(session, booked).status is Status.SCHEDULED


def broken():
    raise OperationalError("INSERT", None, OSError("disk full"))


def test_a_session_that_was_moved_meanwhile_is_not_cancelled(session, cast, rule, booked):
    slot, other = offered(session, cast.mentor)[:2]
    session.rollback()
    with pytest.raises(Conflict, match="just moved"):
        apply_action(
            session,
            booking_id=booked,
            action=Action.CANCEL,
            viewer=cast.mentor,
            now=NOW,
            cancellation=Cancellation(slot_id=other.id),
        )
    assert the_booking(session, booked).status is Status.SCHEDULED

    session.rollback()
    apply_action(
        session,
        booking_id=booked,
        action=Action.CANCEL,
        viewer=cast.mentor,
        now=NOW,
        cancellation=Cancellation(slot_id=slot.id),
    )
    assert the_booking(session, booked).status is Status.CANCELLED


def test_nothing_is_cancelled_without_a_reason_or_where_the_change_does_not_concern_it(
    session, cast, rule, booked
):
    other = a_seat(session, offered(session, cast.mentor)[-1].id, cast.stranger)
    before = offered(session, cast.mentor)
    off = SaveDaysOff(DaysOff(0, date(2026, 11, 25), date(2026, 11, 25)))
    for cancel, reason in (([booked], ""), ([other], "Away."), ([booked, 99], "Away.")):
        with pytest.raises(InvalidInput):
            change(session, cast.mentor, off, cancel=cancel, reason=reason)

    assert offered(session, cast.mentor) == before
    assert the_journal(session) == []


def test_nobody_changes_what_is_another_mentors(session, cast, rule):
    slot = save_one_off_slot(
        session, cast.mentor.id, OneOffSlot(date(2026, 11, 26), time(9), time(10), 1), now=NOW
    )
    for what in (
        SaveRule(evenings(rule_id=rule.id)),
        RemoveRule(rule.id),
        RemoveDaysOff(1),
        RemoveSlot(slot),
        SaveDaysOff(DaysOff(1, date(2027, 1, 1), date(2027, 1, 1))),
    ):
        with pytest.raises(NotFound):
            change(session, cast.other_mentor, what)
    with pytest.raises(NotFound):
        save_one_off_slot(
            session,
            cast.other_mentor.id,
            OneOffSlot(date(2026, 11, 27), time(9), time(10), 1),
            now=NOW,
            slot_id=slot,
        )


def test_a_one_off_slot_comes_and_goes(session, cast):
    wanted = OneOffSlot(date(2026, 11, 26), time(23), time(1), 30)
    slot_id = save_one_off_slot(session, cast.mentor.id, wanted, now=NOW)
    slot = session.get_one(MentorTimeSlot, slot_id)
    assert (slot.start_time, slot.end_time, slot.capacity) == (
        at("23:00", days=2),
        at("01:00", days=3),
        30,
    )

    booked = [a_seat(session, slot_id, student) for student in (cast.student, cast.stranger)]
    for wrong in (
        OneOffSlot(date(2026, 11, 27), time(23), time(1), 30),
        OneOffSlot(date(2026, 11, 26), time(23), time(1), 1),
    ):
        with pytest.raises(InvalidInput):
            save_one_off_slot(session, cast.mentor.id, wrong, now=NOW, slot_id=slot_id)
    assert change(session, cast.mentor, RemoveSlot(slot_id)).kept == 2
    done = change(session, cast.mentor, RemoveSlot(slot_id), cancel=booked, reason="Ill.")
    assert (done.cancelled, offered(session, cast.mentor)) == (2, [])


def test_what_was_cancelled_stays_at_its_time_when_its_one_off_slot_moves(session, cast):
    slot_id = save_one_off_slot(
        session, cast.mentor.id, OneOffSlot(date(2026, 11, 26), time(9), time(10), 1), now=NOW
    )
    booking = a_seat(session, slot_id, cast.student)
    apply_action(session, booking_id=booking, action=Action.CANCEL, viewer=cast.mentor, now=NOW)

    moved_id = save_one_off_slot(
        session,
        cast.mentor.id,
        OneOffSlot(date(2026, 11, 27), time(15), time(16), 1),
        now=NOW,
        slot_id=slot_id,
    )

    assert moved_id != slot_id
    assert the_booking(session, booking).start_time == at("09:00", days=2)
    assert [slot.start_time for slot in offered(session, cast.mentor)] == [at("15:00", days=3)]


def test_slots_follow_a_mentor_to_another_zone_at_once_and_booked_ones_stay(
    session, cast, rule, booked
):
    change(session, cast.mentor, SaveDaysOff(DaysOff(0, date(2026, 11, 26), date(2026, 12, 3))))
    before = offered(session, cast.mentor)
    assert [f"{slot.start_time:%d %b %H:%M}" for slot in before[:3]] == [
        "25 Nov 18:00",
        "25 Nov 19:00",
        "09 Dec 18:00",
    ]

    said = move_to(session, cast.mentor, "Asia/Tokyo")
    # In Tokyo those evenings are the mornings of the day after, so other ones are off.
    assert said == (
        "Your account has been updated. "
        "Saved: 0 slots added, 1 slot taken back. 1 booked session kept."
    )
    after = offered(session, cast.mentor)
    assert after == [before[0], *before[2:]]
    kept = session.get_one(MentorTimeSlot, before[0].id)
    assert (kept.held_for, kept.held_until) == (cast.student.id, kept.start_time)
    assert the_booking(session, booked).status is Status.SCHEDULED
    assert move_to(session, cast.mentor, "Asia/Tokyo") == "Your account has been updated."
    assert "1 slot added" in move_to(session, cast.mentor, "UTC")
    assert [slot[:2] for slot in offered(session, cast.mentor)] == [slot[:2] for slot in before]


def test_a_mentor_without_hours_moves_and_is_not_listed_by_it(session, cast):
    assert move_to(session, cast.mentor, "Asia/Tokyo") == "Your account has been updated."
    assert session.scalars(select(MentorProfile)).all() == []


@pytest.mark.parametrize(
    ("zone", "wanted", "says"),
    [
        (
            "UTC",
            OneOffSlot(date(2026, 11, 25), time(19, 30), time(20), 1),
            "19:00 UTC to 20:00 UTC ov",
        ),
        (
            "UTC",
            OneOffSlot(date(2026, 11, 25), time(17), time(18, 1), 1),
            "18:00 UTC to 19:00 UTC ov",
        ),
        ("UTC", OneOffSlot(date(2026, 11, 24), time(8), time(9), 1), "has passed"),
        ("UTC", OneOffSlot(date(2028, 11, 24), time(8), time(9), 1), "within 366 days"),
        ("UTC", OneOffSlot(date(9999, 12, 31), time(8), time(9), 1), "within 366 days"),
        ("UTC", OneOffSlot(date(2026, 11, 26), time(8), time(9), 31), "between 1 and 30"),
        ("Europe/Berlin", OneOffSlot(date(2027, 3, 28), time(2, 30), time(4), 1), "skip 02:30"),
    ],
)
def test_a_one_off_slot_that_cannot_be_is_refused(session, cast, rule, zone, wanted, says):
    session.execute(update(User).values(timezone=zone))
    session.commit()
    with pytest.raises(InvalidInput, match=says):
        save_one_off_slot(session, cast.mentor.id, wanted, now=NOW)


def test_hours_that_make_too_many_slots_are_refused(session, cast):
    all_day = evenings(weekdays=list(Weekday), opens=time(0), closes=time(0), slot_minutes=5)

    with pytest.raises(InvalidInput, match="more than 5000"):
        change(session, cast.mentor, SaveRule(all_day))
    assert session.scalars(select(AvailabilityRule)).all() == []


def test_the_worker_fills_one_mentor_after_the_other_and_then_rests(session, cast):
    for mentor in (cast.mentor, cast.other_mentor):
        change(session, mentor, SaveRule(evenings()))
    publisher, week = Publisher(), NOW + timedelta(days=7)

    assert publisher.step(session, now=NOW) is False
    assert publisher.step(session, now=NOW + timedelta(seconds=59)) is False
    assert publisher.step(session, now=week) is True
    assert publisher.step(session, now=week) is False
    assert len(offered(session, cast.mentor)) == len(offered(session, cast.other_mentor)) == 18


def test_who_waits_is_offered_new_times_and_keeps_the_place_if_they_are_taken_back(session, cast):
    change(session, cast.mentor, SaveDaysOff(DaysOff(0, date(2026, 12, 24), date(2026, 12, 24))))
    join_waiting_list(
        session, viewer=cast.student, mentor_id=cast.mentor.id, week=date(2026, 11, 25), now=NOW
    )

    def held():
        session.rollback()
        return session.execute(
            select(WaitingListEntry.held_slot_id, WaitingListEntry.is_over)
        ).one()

    made = change(session, cast.mentor, SaveRule(evenings()))
    assert held() == (offered(session, cast.mentor)[0].id, False)
    change(session, cast.mentor, RemoveRule(made.id))
    assert held() == (None, False)
    session.rollback()
    save_one_off_slot(
        session, cast.mentor.id, OneOffSlot(date(2026, 11, 26), time(9), time(10), 1), now=NOW
    )
    assert held() == (offered(session, cast.mentor)[0].id, False)
