"""Rules become stored slots, once, whoever publishes and however often."""

import itertools
from datetime import date, time, timedelta

from sqlalchemy import create_engine, insert, select
from sqlalchemy.orm import Session

from mentorship.domain.availability.slot_plan import SlotSettings
from mentorship.models import AvailabilityRule, MentorProfile, MentorTimeSlot, SessionBooking
from mentorship.queries.availability.mentor_calendar import read_settings
from mentorship.services.availability.publish import Publisher, publish, unpublished
from mentorship.services.booking.mentor_profile import ensure_profile
from tests.support import naive
from tests.support.builders import at
from tests.support.processes import at_once

NOW = at("09:00")


def a_rule(session, mentor, **others):
    """Every day from 10:00 to 12:00 in UTC, unless said otherwise."""
    session.rollback()
    ensure_profile(session, mentor.id)
    columns = {
        "mentor_id": mentor.id,
        "timezone": "UTC",
        "first_day": date(2026, 11, 1),
        "rrule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        "opens": time(10),
        "minutes": 120,
        "slot_minutes": 60,
    }
    rule_id = session.scalar(
        insert(AvailabilityRule).values(columns | others).returning(AvailabilityRule.id)
    )
    session.commit()
    return rule_id


def offered(session, mentor):
    """Start and end of the mentor's slots that are offered."""
    session.rollback()
    return session.execute(
        select(MentorTimeSlot.start_time, MentorTimeSlot.end_time)
        .where(MentorTimeSlot.mentor_id == mentor.id, ~MentorTimeSlot.is_withdrawn)
        .order_by(MentorTimeSlot.start_time)
    ).all()


def overlaps(slots):
    return [pair for pair in itertools.pairwise(slots) if pair[0][1] > pair[1][0]]


def test_the_usual_limits_are_those_of_the_table(session, cast):
    ensure_profile(session, cast.mentor.id)

    assert read_settings(session, cast.mentor.id) == SlotSettings()
    assert read_settings(session, cast.other_mentor.id) == SlotSettings()


def test_slots_reach_the_horizon_and_a_second_time_there_is_nothing_to_do(session, cast):
    a_rule(session, cast.mentor)

    assert publish(session, cast.mentor.id, now=NOW) == 2 * 57
    assert publish(session, cast.mentor.id, now=NOW) == 0
    assert publish(session, cast.mentor.id, now=NOW + timedelta(days=1)) == 2
    assert overlaps(offered(session, cast.mentor)) == []


def test_only_mentors_whose_slots_end_before_their_horizon_are_due(session, cast):
    a_rule(session, cast.mentor)
    session.execute(insert(MentorProfile).values(mentor_id=cast.other_mentor.id))
    session.commit()

    assert unpublished(session, now=NOW) == [cast.mentor.id]
    session.rollback()
    publish(session, cast.mentor.id, now=NOW)
    assert unpublished(session, now=NOW + timedelta(hours=23)) == []
    assert unpublished(session, now=NOW + timedelta(hours=25)) == [cast.mentor.id]


def test_a_publisher_whose_clock_was_ahead_looks_again_when_it_is_right(session, cast):
    publisher = Publisher()
    publisher.step(session, now=NOW + timedelta(hours=1))
    a_rule(session, cast.mentor)
    publisher.step(session, now=NOW)

    assert len(offered(session, cast.mentor)) == 2 * 57


def test_a_booked_slot_stays_where_a_rule_has_changed(session, cast):
    rule_id = a_rule(session, cast.mentor)
    publish(session, cast.mentor.id, now=NOW)
    slot = session.scalars(select(MentorTimeSlot).order_by(MentorTimeSlot.start_time)).first()
    session.rollback()
    times = {"mentor_id": cast.mentor.id, "start_time": slot.start_time, "end_time": slot.end_time}
    session.execute(
        insert(SessionBooking).values(**times, time_slot_id=slot.id, student_id=cast.student.id)
    )
    rule = session.get_one(AvailabilityRule, rule_id)
    rule.opens = time(10, 30)
    session.commit()

    publish(session, cast.mentor.id, now=NOW)
    assert [f"{start:%H:%M}" for start, _end in offered(session, cast.mentor)[:4]] == [
        "10:00",
        "11:30",
        "10:30",
        "11:30",
    ]


def test_a_crowd_that_publishes_at_once_makes_each_slot_once(session, cast, database_url):
    a_rule(session, cast.mentor)
    engine = create_engine(database_url)

    def one():
        with Session(engine) as own:
            return publish(own, cast.mentor.id, now=NOW)

    made = at_once(one, 8)
    engine.dispose()
    slots = offered(session, cast.mentor)
    assert (sum(made), len(slots), overlaps(slots)) == (114, 114, [])


def test_the_checker_catches_who_looks_before_he_locks(session, cast):
    a_rule(session, cast.mentor)

    def another():
        with Session(session.get_bind()) as own:
            naive.publish(own, cast.mentor.id, now=NOW)

    naive.publish(session, cast.mentor.id, now=NOW, between=another)
    assert overlaps(offered(session, cast.mentor)) != []
