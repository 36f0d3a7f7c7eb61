"""A group moves as one, and its entry in the mentor's calendar with it; or one student moves."""

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.mail import MailKind
from mentorship.domain.shared.errors import Conflict
from mentorship.models import MentorProfile
from mentorship.queries.booking.free_slots import Obstacle
from mentorship.services.booking.book import NotFree
from tests.services.calendars.groups import book, cancel, entries_of, feed, kinds, move
from tests.support.builders import a_profile, a_slot, a_user, at, the_booking
from tests.support.meanwhile import meanwhile


@pytest.mark.parametrize("who", ["mentor", "admin"])
def test_a_meeting_moves_as_one_with_its_entry_and_one_mail_each(
    session, cast, group, slots, programs, students, who
):
    programs.read(at("06:30"))
    before = set(programs.entries("Maya Mentor"))

    assert move(session, group[1], slots[1], getattr(cast, who)).changed
    told = programs.read(at("07:01"))

    assert sorted(told) == [
        (name, MailKind.MOVED)
        for name in ("Maya Mentor", "Sam Student", "Stella Stranger", "Thea Third")
    ]
    assert set(programs.entries("Maya Mentor")) == before
    assert entries_of(programs, cast.mentor) == [
        (at("12:00"), "With Sam Student, Stella Stranger, Thea Third.")
    ]
    for each in students:
        assert entries_of(programs, each) == [(at("12:00"), "With Maya Mentor.")]
    [event] = feed(session, cast.mentor, "07:02")
    assert {str(event["UID"])} == before


def test_a_second_group_at_the_old_time_is_another_entry(
    session, cast, group, slots, programs, students
):
    programs.read(at("06:30"))
    move(session, group[0], slots[1], cast.mentor)
    book(session, a_user(session, "Fred Fourth", Role.STUDENT), slots[0], now="07:02")
    programs.read(at("07:03"))
    move(session, group[0], slots[2], cast.mentor, now="07:04")
    programs.read(at("07:05"))

    all_three = "With Sam Student, Stella Stranger, Thea Third."
    assert entries_of(programs, cast.mentor) == [
        (at("10:00"), "With Fred Fourth."), (at("14:00"), all_three)
    ]  # fmt: skip
    in_feed = {str(each["UID"]) for each in feed(session, cast.mentor, "07:06")}
    assert in_feed == set(programs.entries("Maya Mentor"))


@pytest.mark.parametrize("by", ["mentor", "student"])
@pytest.mark.parametrize("to", [1, 3])
def test_one_student_moves_alone_and_both_entries_are_right(
    session, cast, group, slots, programs, by, to
):
    programs.read(at("06:30"))
    details = {} if by == "student" else {"is_for_one": True}

    move(session, group[0], slots[to], getattr(cast, by), **details)
    told = programs.read(at("07:01"))

    assert sorted(kinds(told, "Maya Mentor")) == [MailKind.LEFT_GROUP, MailKind.MOVED]
    assert kinds(told, "Sam Student") == [MailKind.MOVED]
    assert len(told) == 3
    assert entries_of(programs, cast.mentor) == [
        (at("10:00"), "With Stella Stranger, Thea Third."),
        (at("12:00" if to == 1 else "16:00"),
         "With Sam Student."),
    ]  # fmt: skip
    in_feed = {str(each["UID"]) for each in feed(session, cast.mentor, "07:02")}
    assert in_feed == set(programs.entries("Maya Mentor"))


def test_a_session_that_moves_into_a_group_leaves_no_entry_behind(
    session, cast, group, slots, programs
):
    alone = a_user(session, "Lena Lone", Role.STUDENT)
    booking = book(session, alone, slots[3])
    programs.read(at("06:30"))
    move(session, booking, slots[0], alone)
    programs.read(at("07:01"))

    assert entries_of(programs, cast.mentor) == [
        (at("10:00"), "With Sam Student, Stella Stranger, Thea Third, Lena Lone.")
    ]
    move(session, booking, slots[3], alone, now="07:02")
    programs.read(at("07:03"))
    assert entries_of(programs, cast.mentor) == [
        (at("10:00"), "With Sam Student, Stella Stranger, Thea Third."),
        (at("16:00"), "With Lena Lone."),
    ]


def test_the_last_of_a_group_who_moves_to_a_time_for_one_leaves_no_entry_behind(
    session, cast, slots, programs
):
    booking = book(session, cast.student, slots[0])
    programs.read(at("06:30"))
    move(session, booking, slots[3], cast.mentor)
    programs.read(at("07:01"))

    assert entries_of(programs, cast.mentor) == [(at("16:00"), "With Sam Student.")]


def test_there_and_back_before_any_mail_has_left_tells_nobody(
    session, cast, group, slots, programs
):
    programs.read(at("06:30"))
    move(session, group[0], slots[1], cast.student)
    move(session, group[0], slots[0], cast.student, now="07:01")
    assert programs.read(at("07:02")) == []

    move(session, group[0], slots[1], cast.mentor, now="07:03")
    move(session, group[1], slots[0], cast.mentor, now="07:04")
    assert programs.read(at("07:05")) == []
    assert entries_of(programs, cast.mentor) == [
        (at("10:00"), "With Sam Student, Stella Stranger, Thea Third.")
    ]


def test_two_moves_of_a_meeting_before_any_mail_has_left_are_one_mail(
    session, cast, group, slots, programs
):
    programs.read(at("06:30"))
    move(session, group[0], slots[1], cast.mentor)
    move(session, group[2], slots[2], cast.mentor, now="07:01")

    assert len(programs.read(at("07:02"))) == 4
    assert [start for start, _who in entries_of(programs, cast.mentor)] == [at("14:00")]


def test_a_group_moves_only_where_all_have_room_and_time_and_nobody_else_is(
    session, cast, group, slots, students
):
    small = a_slot(session, cast.mentor, starts="18:00", capacity=2)
    a_profile(session, cast.other_mentor)
    elsewhere = a_slot(session, cast.other_mentor, starts="12:00")
    book(session, students[2], elsewhere)
    book(session, a_user(session, "Fred Fourth", Role.STUDENT), slots[2])

    for slot, sentence in (
        (small, Obstacle.SMALL),
        (slots[3], Obstacle.SMALL),
        (slots[2], Obstacle.SHARED),
        (slots[1], "Thea Third has another session"),
    ):
        with pytest.raises(NotFree, match=str(sentence).split(".")[0]) as refused:
            move(session, group[0], slot, cast.mentor)
        assert refused.value.next_free == ()
    cancel(session, group[2], cast.mentor, is_for_one=True)
    with pytest.raises(NotFree) as refused:
        move(session, group[0], slots[3], cast.mentor)
    assert [each.id for each in refused.value.next_free] == [slots[1], small]


def test_a_full_day_does_not_keep_a_group_from_moving_within_it(session, cast, group, slots):
    session.execute(update(MentorProfile).values(daily_limit=1))
    session.commit()

    assert move(session, group[0], slots[1], cast.mentor).changed


def test_a_group_that_has_begun_does_not_move(session, cast, group, slots):
    with pytest.raises(Conflict):
        move(session, group[0], slots[1], cast.mentor, now="10:00")


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)  # SQLite has one writer.
def test_who_joins_the_group_at_the_last_moment_moves_along(session, cast, group, slots):
    fourth = a_user(session, "Fred Fourth", Role.STUDENT)
    engine, joined = session.get_bind(), []

    def join():
        with Session(engine, expire_on_commit=False) as own:
            joined.append(book(own, fourth, slots[0]))

    with meanwhile(engine, "SELECT users.id", join):
        move(session, group[0], slots[1], cast.mentor)

    session.rollback()
    where = [the_booking(session, each).time_slot_id for each in (*group, *joined)]
    assert where == [slots[1]] * 4
