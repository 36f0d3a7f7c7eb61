"""A new release of the time zones' rules: free times keep their hour, and people are told."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, update

from mentorship.domain.availability.slot_plan import DaysOff
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import MentorTimeSlot, SessionBooking, User, ZoneRules
from mentorship.services.availability.apply import apply_change
from mentorship.services.availability.changes import SaveDaysOff
from mentorship.services.availability.publish import publish
from mentorship.services.availability.zone_mail import MOST_LINES
from mentorship.services.availability.zone_watch import ZoneWatch
from tests.services.availability.test_publish import a_rule, offered
from tests.support.builders import a_booking, a_seat, a_slot, at
from tests.support.mails import composed_mail
from tests.support.tzdata import other_rules

NOW = at("09:00")
ZONE = "America/Vancouver"
HERE = ZoneInfo(ZONE)


def watch(session, *, now=NOW):
    """Everything that a worker has to do about zones, to its end."""
    session.rollback()
    one = ZoneWatch()
    while one.step(session, now=now):
        pass
    session.rollback()


def moves_to(session, *people, zone=ZONE):
    session.rollback()
    ids = [person.id for person in people]
    session.execute(update(User).where(User.id.in_(ids)).values(timezone=zone, hour_cycle="h23"))
    session.commit()


def book(session, slot_id, student):
    """The student gets that slot; returns the start."""
    session.rollback()
    slot = session.get_one(MentorTimeSlot, slot_id)
    session.execute(
        insert(SessionBooking).values(
            mentor_id=slot.mentor_id,
            start_time=slot.start_time,
            end_time=slot.end_time,
            time_slot_id=slot.id,
            student_id=student.id,
            topic="Talks",
        )
    )
    session.commit()
    return slot.start_time


def hours(session, mentor):
    """The hours at which the mentor's rule gives times, and how many of each there are."""
    session.rollback()
    starts = session.scalars(
        select(MentorTimeSlot.start_time).where(
            MentorTimeSlot.mentor_id == mentor.id,
            ~MentorTimeSlot.is_withdrawn,
            MentorTimeSlot.rule_id.is_not(None),
        )
    ).all()
    found = [start.astimezone(HERE).time() for start in starts]
    return {hour: found.count(hour) for hour in sorted(set(found))}


def letters(session):
    """The texts of the mails about zones, by reader."""
    mails = composed_mail(session, MailKind.ZONE_RULES)
    assert len({mail.recipient for mail in mails}) == len(mails)
    return {mail.recipient: " ".join(mail.text.split()) for mail in mails}


@pytest.fixture
def before(session, cast, tmp_path):
    """The mentor and the student were in Vancouver while it still changed its clocks."""
    moves_to(session, cast.mentor, cast.student)
    moves_to(session, cast.stranger, zone="Europe/Berlin")
    with other_rules(tmp_path, {ZONE: "America/Los_Angeles"}, release="2025z"):
        a_rule(session, cast.mentor, timezone=ZONE, opens=time(18))
        publish(session, cast.mentor.id, now=NOW)
        assert hours(session, cast.mentor) == {time(19): 57, time(20): 57}  # An hour late today.
        first, second = session.execute(
            select(MentorTimeSlot.id)
            .where(MentorTimeSlot.start_time > at("09:00", days=14))
            .order_by(MentorTimeSlot.start_time)
            .limit(2)
        ).scalars()
        booked = [book(session, first, cast.student), book(session, second, cast.stranger)]
        watch(session)
        assert letters(session) == {}
    return booked


def test_free_times_keep_their_hour_and_booked_ones_their_instant(before, session, cast):
    watch(session)

    assert hours(session, cast.mentor) == {time(18): 57, time(19): 57, time(20): 1}
    session.rollback()
    starts = session.scalars(select(SessionBooking.start_time).order_by(SessionBooking.id)).all()
    assert starts == before
    fits, stays_for_its_student = before
    assert [start.astimezone(HERE).hour for start in before] == [19, 20]
    held_for = dict(
        session.execute(
            select(MentorTimeSlot.start_time, MentorTimeSlot.held_for).where(
                MentorTimeSlot.start_time.in_(before), ~MentorTimeSlot.is_withdrawn
            )
        ).all()
    )
    assert held_for == {fits: None, stays_for_its_student: cast.stranger.id}


def test_whoever_reads_another_hour_is_told_once_and_nobody_else(before, session, cast):
    watch(session)
    watch(session, now=NOW + timedelta(minutes=5))

    told = letters(session)
    assert set(told) == {cast.mentor.email, cast.student.email}
    mentor, student = told[cast.mentor.email], told[cast.student.email]
    assert "free times from your weekly hours were moved" in mentor
    first = before[0].astimezone(HERE)
    assert first.hour == 19
    assert "18:00 is now" in student
    assert "19:00" in student
    assert "Talks" in student
    assert "https://mentors.example.org/dashboard" in student
    assert mentor.count("is now") == 2
    assert student.count("is now") == 1


def test_hours_in_a_zone_where_nobody_lives_are_moved_and_no_clock_reads_differently(
    session, cast, tmp_path
):
    moves_to(session, cast.mentor, cast.student, zone="Europe/Berlin")
    with other_rules(tmp_path, {ZONE: "America/Los_Angeles"}, release="2025z"):
        a_rule(session, cast.mentor, timezone=ZONE, opens=time(18))
        publish(session, cast.mentor.id, now=NOW)
        book(session, session.scalars(select(MentorTimeSlot.id).limit(1)).one(), cast.student)
        watch(session)
    watch(session)

    found = hours(session, cast.mentor)
    assert (found[time(18)], found[time(19)]) == (57, 57)
    told = letters(session)
    assert set(told) == {cast.mentor.email}
    assert "free times from your weekly hours were moved" in told[cast.mentor.email]
    assert "is now" not in told[cast.mentor.email]


def test_days_off_follow_the_zone_in_which_their_mentor_lives(session, cast, tmp_path):
    moves_to(session, cast.mentor)
    first, last = (at("07:00", days=days) for days in (9, 10))
    with other_rules(tmp_path, {ZONE: "America/Los_Angeles"}, release="2025z"):
        a_rule(session, cast.mentor, opens=time(7), minutes=60)
        off = SaveDaysOff(DaysOff(0, first.date(), first.date()))
        apply_change(session, mentor=cast.mentor, change=off, now=NOW)
        publish(session, cast.mentor.id, now=NOW)
        assert {first, last} & set(dict(offered(session, cast.mentor))) == {first}
        watch(session)
    watch(session)

    # The day begins at 7:00 UTC by the new rules, and began at 8:00 by the old ones.
    assert {first, last} & set(dict(offered(session, cast.mentor))) == {last}
    assert "free times from your weekly hours were moved" in letters(session)[cast.mentor.email]


def in_winter(days):
    """A day between November and March, when the two releases are an hour apart."""
    return at("20:00", days=days)


def test_a_mentor_without_weekly_hours_reads_of_each_time_to_come_that_reads_differently(
    session, cast, tmp_path
):
    moves_to(session, cast.mentor)
    with other_rules(tmp_path, {ZONE: "America/Los_Angeles"}, release="2025z"):
        a_slot(session, cast.mentor, starts=in_winter(days=8))
        a_slot(session, cast.mentor, starts=in_winter(days=3), is_withdrawn=True)
        a_slot(session, cast.mentor, starts=in_winter(days=-2))
        in_summer = datetime.fromisoformat("2027-06-01T20:00Z")
        booked = {"mentor": cast.mentor, "student": cast.student}
        a_booking(session, **booked, starts=in_winter(days=4), topic="Talks")
        a_booking(session, **booked, starts=in_winter(days=-1), topic="Missed")
        a_booking(session, **booked, starts=in_summer, topic="Summer")
        off = a_booking(session, **booked, starts=in_winter(days=5), status=Status.CANCELLED)
        slot_id = session.get_one(SessionBooking, off).time_slot_id
        session.execute(
            update(MentorTimeSlot).where(MentorTimeSlot.id == slot_id).values(is_withdrawn=True)
        )
        session.commit()
        group = a_slot(session, cast.mentor, starts=in_winter(days=6), capacity=2)
        for student in (cast.student, cast.stranger):
            a_seat(session, group, student, topic="A group")
        watch(session)
    watch(session)

    told = letters(session)
    assert set(told) == {cast.mentor.email}
    lines = told[cast.mentor.email]
    assert lines.count("is now") == 3
    in_order = [
        "Sat 28 Nov 2026, 12:00 is now Sat 28 Nov 2026, 13:00 MST: Talks, with Sam Student",
        "Mon 30 Nov 2026, 12:00 is now Mon 30 Nov 2026, 13:00 MST: A group, with S",
        "Wed 2 Dec 2026, 12:00 is now Wed 2 Dec 2026, 13:00 MST: a free time",
    ]
    assert [line for line in in_order if line not in lines] == []
    assert in_order == sorted(in_order, key=lines.index)
    assert "weekly hours were moved" not in lines


def test_a_single_free_time_alone_is_told(session, cast, tmp_path):
    moves_to(session, cast.mentor)
    with other_rules(tmp_path, {ZONE: "America/Los_Angeles"}, release="2025z"):
        a_slot(session, cast.mentor, starts=in_winter(days=2))
        watch(session)
    watch(session)

    assert letters(session)[cast.mentor.email].count("is now") == 1


def test_a_long_list_ends_with_how_many_more_there_are(session, cast, tmp_path):
    moves_to(session, cast.mentor)
    with other_rules(tmp_path, {ZONE: "America/Los_Angeles"}, release="2025z"):
        for day in range(1, MOST_LINES + 3):
            a_slot(session, cast.mentor, starts=in_winter(days=day))
        watch(session)
    watch(session)

    lines = letters(session)[cast.mentor.email]
    assert lines.count("is now") == MOST_LINES
    assert "and 2 more" in lines


def test_a_worker_that_is_killed_in_between_tells_everybody_once(before, session, cast):
    killed = ZoneWatch()
    while not letters(session):
        assert killed.step(session, now=NOW)
    assert len(letters(session)) == 1
    watch(session, now=NOW + timedelta(minutes=5))

    assert set(letters(session)) == {cast.mentor.email, cast.student.email}


def test_the_same_release_changes_nothing_and_tells_nobody(session, cast):
    moves_to(session, cast.mentor)
    a_rule(session, cast.mentor, timezone=ZONE)
    publish(session, cast.mentor.id, now=NOW)
    watch(session)
    before = offered(session, cast.mentor)
    watch(session, now=NOW + timedelta(days=3))

    assert offered(session, cast.mentor) == before
    assert letters(session) == {}


def test_a_release_that_leaves_a_zone_as_it_is_tells_nobody(session, cast, tmp_path):
    moves_to(session, cast.mentor, zone="Europe/Berlin")
    with other_rules(tmp_path, {"Europe/Berlin": "Europe/Berlin"}, release="2025z"):
        a_rule(session, cast.mentor, timezone="Europe/Berlin")
        publish(session, cast.mentor.id, now=NOW)
        watch(session)
        session.rollback()
        assert session.scalars(select(ZoneRules.release).distinct()).all() == ["2025z"]
        session.rollback()
    before = offered(session, cast.mentor)
    watch(session, now=NOW)

    assert offered(session, cast.mentor) == before
    assert letters(session) == {}
    assert "2025z" not in session.scalars(select(ZoneRules.release)).all()


def test_slots_that_were_made_by_unknown_rules_are_made_anew(session, cast, tmp_path):
    """An installation of before, whose rules were those of its machine."""
    moves_to(session, cast.mentor)
    with other_rules(tmp_path, {ZONE: "America/Los_Angeles"}, release="2025z"):
        a_rule(session, cast.mentor, timezone=ZONE, opens=time(18))
        publish(session, cast.mentor.id, now=NOW)
    watch(session)

    assert hours(session, cast.mentor) == {time(18): 57, time(19): 57}
    assert "free times from your weekly hours were moved" in letters(session)[cast.mentor.email]
