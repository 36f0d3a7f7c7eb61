"""A hold ends when it is of no use, and no place in line is lost in silence; on both engines."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.availability.slot_plan import SlotSettings
from mentorship.domain.availability.weekly_rules import WeeklyRule
from mentorship.domain.booking.limits import BookingLimits
from mentorship.domain.sessions.lifecycle import Action
from mentorship.domain.shared.errors import NotFound, TooManyBookings
from mentorship.models import (
    MailOutcome,
    MentorProfile,
    MentorTimeSlot,
    OutboxMessage,
    User,
    WaitingListEntry,
)
from mentorship.services.availability.apply import apply_change
from mentorship.services.availability.changes import ChangeSettings, RemoveRule, SaveRule
from mentorship.services.availability.one_off_slots import OneOffSlot, save_one_off_slot
from mentorship.services.booking.book import BookingRequest, NotFree, book_slot
from mentorship.services.booking.holds import (
    HOLD,
    HOLD_OPTION,
    LATE,
    HoldUpdater,
    expire_holds,
    update_holds,
)
from mentorship.services.sessions.actions import apply_action
from tests.services.booking.waiting import (
    HELD,
    LOST,
    MONDAY,
    NOW,
    a_full_slot,
    cancel,
    held,
    line,
    mails,
    sessions_to_come,
    shown,
)
from tests.support.builders import a_profile, a_seat, a_slot, a_user, at
from tests.support.databases import counted_statements
from tests.support.mails import composed_mail


@pytest.mark.parametrize(
    ("notice", "frees", "ends"),
    [(0, "13:48:43", "14:00"), (120, "11:50", "12:00"), (120, "10:00", "10:30")],
)
def test_a_hold_ends_at_the_latest_when_the_slot_can_no_longer_be_booked(
    session, cast, ann, notice, frees, ends
):
    a_profile(session, cast.mentor, minimum_notice=notice)
    slot, booking = a_full_slot(session, cast)
    line(session, cast, ann)
    cancel(session, cast, booking, now=at(frees))

    assert held(session, slot) == (ann.id, at(ends))
    assert shown(session, ann, at(frees)) == (slot, at(ends))
    [mail] = [it for it in composed_mail(session) if it.recipient == ann.email]
    text = " ".join(mail.text.split())
    assert (mail.not_after, f"until Tue 24 Nov 2026, {ends} UTC" in text) == (at(ends), True)
    assert shown(session, ann, at(ends)) == (None, None)


def test_the_nights_of_the_student_do_not_count(session, cast):
    a_profile(session, cast.mentor, minimum_notice=0)
    tokyo = a_user(session, "Tori", Role.STUDENT, timezone="Asia/Tokyo")
    slot, booking = a_full_slot(session, cast, starts=at("14:00", days=1))
    line(session, cast, tokyo)
    cancel(session, cast, booking, now=at("14:00"))  # 23:00 in Tokyo.

    assert held(session, slot) == (tokyo.id, at("23:30"))


def test_the_length_is_a_setting_of_the_engine(session, cast, ann):
    engine = session.get_bind().execution_options(**{HOLD_OPTION: timedelta(minutes=45)})
    a_profile(session, cast.mentor)
    slot, booking = a_full_slot(session, cast)
    line(session, cast, ann)
    session.rollback()
    with Session(engine) as own:
        cancel(own, cast, booking)

    assert held(session, slot) == (ann.id, NOW + timedelta(minutes=45))


def test_who_misses_a_hold_is_told_and_stays_and_the_slot_goes_on_without_coming_back(
    session, cast, ann, bob
):
    a_profile(session, cast.mentor)
    slot, booking = a_full_slot(session, cast)
    line(session, cast, ann, bob)
    cancel(session, cast, booking)
    now = NOW
    for holder in (ann.id, bob.id, None, None, None):
        assert held(session, slot)[0] == holder
        now += HOLD
        expire_holds(session, now=now)
        update_holds(session, cast.mentor.id, now=now)

    assert mails(session, ann) == mails(session, bob) == [HELD, LOST]
    session.rollback()
    assert book_slot(
        session, viewer=cast.stranger, request=BookingRequest(slot, "x", ""), now=now
    ).changed


def test_another_slot_of_the_week_goes_to_the_one_who_missed_the_first(session, cast, ann, bob):
    a_profile(session, cast.mentor)
    _slot, first = a_full_slot(session, cast)
    later, second = a_full_slot(session, cast, starts=at("15:00", days=3))
    line(session, cast, ann, bob)
    cancel(session, cast, first)
    expire_holds(session, now=NOW + HOLD)
    cancel(session, cast, second, now=NOW + HOLD)

    assert held(session, later) == (ann.id, NOW + 2 * HOLD)
    assert mails(session, ann) == [HELD, LOST, HELD]


def test_a_slot_that_was_booked_again_and_freed_is_a_new_chance(session, cast, ann):
    a_profile(session, cast.mentor)
    slot, booking = a_full_slot(session, cast)
    line(session, cast, ann)
    cancel(session, cast, booking)
    now = NOW + HOLD
    expire_holds(session, now=now)
    session.rollback()
    again = book_slot(
        session, viewer=cast.stranger, request=BookingRequest(slot, "x", ""), now=now
    ).session_id
    cancel(session, cast, again, now=now)

    assert held(session, slot) == (ann.id, now + HOLD)
    assert mails(session, ann) == [HELD, LOST, HELD]


def test_a_withdrawn_slot_is_told_and_the_place_stays(session, cast, ann):
    a_profile(session, cast.mentor)
    save_one_off_slot(
        session, cast.mentor.id, OneOffSlot(date(2026, 11, 26), time(14), time(15), 1), now=NOW
    )
    slot = session.scalar(select(MentorTimeSlot.id))
    booking = a_seat(session, slot, cast.student)
    line(session, cast, ann)
    cancel(session, cast, booking)
    assert held(session, slot)[0] == ann.id
    session.rollback()
    save_one_off_slot(
        session,
        cast.mentor.id,
        OneOffSlot(date(2026, 11, 27), time(14), time(15), 1),
        now=NOW + HOLD / 2,
        slot_id=slot,
    )

    assert mails(session, ann) == [HELD, LOST, HELD]


def test_a_one_off_slot_that_is_moved_is_not_held_as_another_time(session, cast, ann):
    a_profile(session, cast.mentor)
    slot, booking = a_full_slot(session, cast, starts=at("14:00", days=2))
    line(session, cast, ann)
    cancel(session, cast, booking)
    begin_write(session)
    session.execute(update(WaitingListEntry).values(week=MONDAY))
    session.commit()
    save_one_off_slot(
        session,
        cast.mentor.id,
        OneOffSlot(date(2026, 12, 8), time(14), time(15), 1),
        now=NOW + HOLD / 2,
        slot_id=slot,
    )

    assert held(session, slot) == (None, None)
    assert mails(session, ann) == [HELD, LOST]


@pytest.mark.parametrize(
    "obstacle",
    ["elsewhere", "notice", "approval", "taken by an import", "mentor limit", "total limit"],
)
def test_a_hold_that_a_press_would_refuse_is_not_shown_and_ends_with_a_word(
    session, cast, ann, bob, obstacle
):
    a_profile(session, cast.mentor)
    slot, booking = a_full_slot(session, cast)
    line(session, cast, ann, bob)
    cancel(session, cast, booking)
    session.rollback()
    if obstacle == "elsewhere":
        a_profile(session, cast.other_mentor)
        other = a_slot(session, cast.other_mentor, starts="14:30")
        book_slot(session, viewer=ann, request=BookingRequest(other, "x", ""), now=NOW)
    elif obstacle == "notice":
        settings = SlotSettings(minimum_notice=24 * 60)
        apply_change(session, mentor=cast.mentor, change=ChangeSettings(settings), now=NOW)
    elif obstacle == "approval":
        begin_write(session)
        mentor = User.id == cast.mentor.id
        session.execute(update(User).where(mentor).values(is_approval_pending=True))
        session.commit()
    elif obstacle == "mentor limit":
        sessions_to_come(session, ann, cast.mentor, BookingLimits().per_mentor)
    elif obstacle == "total limit":
        sessions_to_come(session, ann, cast.other_mentor, BookingLimits().total)
    else:
        a_seat(session, slot, cast.stranger)
    session.rollback()

    assert shown(session, ann, NOW) == (None, None)
    with pytest.raises((NotFree, NotFound, TooManyBookings)):
        book_slot(session, viewer=ann, request=BookingRequest(slot, "x", ""), now=NOW)
    updater = HoldUpdater()
    while updater.step(session, now=NOW):
        pass
    assert mails(session, ann) == [HELD, LOST]
    expected = bob.id if obstacle in ("elsewhere", "mentor limit", "total limit") else None
    assert held(session, slot)[0] == expected
    open_ones = select(func.count()).where(~WaitingListEntry.is_over)
    assert session.scalar(open_ones) == 2


def test_the_seats_of_a_group_that_are_left_are_held_for_the_next(session, cast, ann, bob):
    a_profile(session, cast.mentor)
    slot, booking = a_full_slot(session, cast, capacity=2)
    second = a_seat(session, slot, cast.stranger)
    line(session, cast, ann, bob)
    cancel(session, cast, booking)
    cancel(session, cast, second)
    session.rollback()
    book_slot(session, viewer=ann, request=BookingRequest(slot, "x", ""), now=NOW)

    assert held(session, slot) == (bob.id, NOW + HOLD)
    session.rollback()
    book_slot(session, viewer=bob, request=BookingRequest(slot, "x", ""), now=NOW)
    assert held(session, slot) == (None, None)


def test_a_hold_of_which_no_worker_could_tell_begins_anew(session, cast, ann, bob):
    a_profile(session, cast.mentor)
    slot, booking = a_full_slot(session, cast)
    line(session, cast, ann, bob)
    cancel(session, cast, booking)
    back = NOW + HOLD + LATE
    expire_holds(session, now=back)

    assert held(session, slot) == (ann.id, back + HOLD)
    session.rollback()
    begin_write(session)
    session.execute(update(OutboxMessage).values(outcome=MailOutcome.SENT, ended_at=back))
    session.commit()
    expire_holds(session, now=back + HOLD + LATE)
    assert held(session, slot)[0] == bob.id


def test_a_slot_that_becomes_free_unseen_is_held_all_the_same(session, cast, ann):
    a_profile(session, cast.mentor, daily_limit=1)
    a_full_slot(session, cast)
    other = a_slot(session, cast.mentor, starts="17:00")
    line(session, cast, ann)
    begin_write(session)
    session.execute(update(MentorProfile).values(daily_limit=2))
    session.commit()
    updater = HoldUpdater()
    updater.step(session, now=NOW)

    assert held(session, other) == (ann.id, NOW + HOLD)


def test_with_nothing_to_change_the_updater_only_reads(session, cast, ann):
    a_profile(session, cast.mentor)
    _slot, booking = a_full_slot(session, cast)
    line(session, cast, ann)
    cancel(session, cast, booking)
    updater = HoldUpdater()
    with counted_statements(session.get_bind()) as statements:
        assert updater.step(session, now=NOW) is False

    assert not [each for each in statements if not each.startswith("SELECT")]


def test_a_session_that_is_kept_outside_the_hours_ends_a_hold_of_its_slot(session, cast, ann):
    a_profile(session, cast.mentor)
    rule = WeeklyRule(0, "UTC", "FREQ=WEEKLY;BYDAY=TH", MONDAY, time(14), 60, 60, capacity=2)
    session.rollback()
    made = apply_change(session, mentor=cast.mentor, change=SaveRule(rule), now=NOW)
    session.rollback()
    slot = session.scalars(
        select(MentorTimeSlot.id).order_by(MentorTimeSlot.start_time).limit(1)
    ).one()
    booking = a_seat(session, slot, cast.student)
    a_seat(session, slot, cast.stranger)
    line(session, cast, ann)
    session.rollback()
    apply_action(session, booking_id=booking, action=Action.CANCEL, viewer=cast.student, now=NOW)
    assert held(session, slot)[0] == ann.id
    session.rollback()
    apply_change(session, mentor=cast.mentor, change=RemoveRule(made.id), now=NOW)

    assert held(session, slot)[0] == cast.stranger.id
    assert mails(session, ann) == [HELD, LOST]
