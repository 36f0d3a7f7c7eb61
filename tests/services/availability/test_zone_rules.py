"""A new release of the time zones' rules: free times keep their hour, and people are told."""

from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select, update

from mentorship.config import PROJECT
from mentorship.domain.mail import MailKind
from mentorship.domain.shared.global_ids import Identity
from mentorship.models import MentorTimeSlot, SessionBooking, User, ZoneRules
from mentorship.services.availability.publish import publish
from mentorship.services.availability.zone_rules import ZoneWatch
from mentorship.services.mail.compose import MailSettings
from tests.services.availability.test_publish import a_rule, offered
from tests.support.builders import at
from tests.support.mails import composed_mail
from tests.support.tzdata import other_rules

NOW = at("09:00")
ZONE = "America/Vancouver"
HERE = ZoneInfo(ZONE)
IDENTITY = Identity("00000000-0000-4000-8000-000000000000")
HOUSE = MailSettings(
    "https://mentors.example", "no-reply@mentors.example", "key", PROJECT / "templates"
)


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
            mentor_id=slot.mentor_id, start_time=slot.start_time, end_time=slot.end_time,
            time_slot_id=slot.id, student_id=student.id, topic="Talks",
        )
    )  # fmt: skip
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
    """What the mails about zones say, by whom they go to."""
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

    found = hours(session, cast.mentor)
    assert {hour: found[hour] for hour in (time(18), time(19))}.keys() == found.keys() - {time(20)}
    session.rollback()
    starts = session.scalars(select(SessionBooking.start_time).order_by(SessionBooking.id)).all()
    assert starts == before
    assert all(start in [slot[0] for slot in offered(session, cast.mentor)] for start in before)


def test_whoever_reads_another_hour_is_told_once_and_nobody_else(before, session, cast):
    watch(session)
    watch(session, now=NOW + timedelta(minutes=5))

    told = letters(session)
    assert set(told) == {cast.mentor.email, cast.student.email}
    mentor, student = told[cast.mentor.email], told[cast.student.email]
    assert "free times of your weekly hours were moved" in mentor
    first = before[0].astimezone(HERE)
    assert first.hour == 19
    assert "18:00 is now" in student
    assert "19:00" in student
    assert "Talks" in student
    assert "https://mentors.example.org/dashboard" in student
    assert mentor.count("is now") == 2
    assert student.count("is now") == 1


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
    assert "free times of your weekly hours were moved" in letters(session)[cast.mentor.email]
