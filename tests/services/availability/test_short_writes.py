"""Changing thousands of slots keeps no other writer waiting, and loses nothing on the way."""

import sqlite3
from datetime import date, time, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import event, func, insert, select, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.availability.slot_plan import Calendar, SlotSettings
from mentorship.domain.availability.weekly_rules import Weekday
from mentorship.domain.shared.errors import InvalidInput
from mentorship.models import MentorTimeSlot, User
from mentorship.services.accounts.edit_details import edit_details
from mentorship.services.availability import publish as publish_module
from mentorship.services.availability.apply import apply_change
from mentorship.services.availability.changes import ChangeSettings, RemoveRule, SaveRule
from mentorship.services.availability.one_off_slots import OneOffSlot, save_one_off_slot
from mentorship.services.availability.publish import SLOTS_AT_ONCE, publish, unpublished
from mentorship.services.availability.slot_limits import MOST_BEFORE_APPROVAL
from mentorship.services.availability.validation import new_rule
from tests.support.builders import at

NOW = at("09:00")


def hours(minutes, rule_id=0):
    """All day, every day, in slots of this many minutes."""
    return SaveRule(
        new_rule(
            rule_id=rule_id,
            weekdays=list(Weekday),
            opens=time(0),
            closes=time(0),
            slot_minutes=minutes,
            capacity=1,
            first_day=date(2026, 11, 1),
            every_weeks=1,
            until=None,
            timezone="UTC",
            now=NOW,
        )
    )


def change(session, mentor, what, now=NOW):
    session.rollback()
    return apply_change(session, mentor=mentor, change=what, now=now)


def offered(session, mentor):
    session.rollback()
    return session.execute(
        select(MentorTimeSlot.start_time, MentorTimeSlot.end_time)
        .where(MentorTimeSlot.mentor_id == mentor.id, ~MentorTimeSlot.is_withdrawn)
        .order_by(MentorTimeSlot.start_time)
    ).all()


@pytest.fixture
def rule_id(session, cast):
    """The mentor's hours: 57 days of 24 slots."""
    return change(session, cast.mentor, hours(60)).id


@pytest.fixture
def added_by(session):
    """`added_by(act)`: how many slots each transaction of `act` has added."""

    def run(act):
        session.rollback()
        engine = session.get_bind()
        counts = [session.scalar(select(func.count()).select_from(MentorTimeSlot))]
        session.rollback()

        def note(connection):
            rows = connection.exec_driver_sql("SELECT count(*) FROM mentor_time_slots")
            counts.append(rows.scalar())

        event.listen(engine, "commit", note)
        try:
            act()
        finally:
            event.remove(engine, "commit", note)
        return [after - before for before, after in pairwise(counts)]

    return run


def changes(session, cast, rule_id):
    """All that may make or move a mentor's slots."""
    mentor = cast.mentor
    one_off = OneOffSlot(date(2026, 12, 1), time(23, 30), time(23, 50), 1)

    def zone(name):
        return lambda: edit_details(
            session,
            viewer=mentor,
            name=mentor.name,
            timezone=name,
            hour_cycle="",
            language="",
            now=NOW,
        )

    return {
        "other slots": lambda: change(session, mentor, hours(45, rule_id)),
        "limits": lambda: change(session, mentor, ChangeSettings(SlotSettings(buffer_after=10))),
        "zone": zone("Asia/Tokyo"),
        "publish": lambda: publish(session, mentor.id, now=NOW + timedelta(days=30)),
        "remove": lambda: change(session, mentor, RemoveRule(rule_id)),
        "one-off": lambda: save_one_off_slot(session, mentor.id, one_off, now=NOW),
    }


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_slots_are_planned_while_others_can_write(
    session, cast, rule_id, database_url, monkeypatch
):
    planned = []

    def plan(calendar, *, now, plan=Calendar.plan):
        with sqlite3.connect(database_url.removeprefix("sqlite:///"), timeout=0) as other:
            other.execute("BEGIN IMMEDIATE")  # Refused while anybody else holds the lock.
        other.close()
        planned.append(now)
        return plan(calendar, now=now)

    monkeypatch.setattr(Calendar, "plan", plan)

    for name, act in changes(session, cast, rule_id).items():
        planned.clear()
        session.rollback()
        act()
        assert planned, name


def test_slots_are_added_in_short_transactions(session, cast, rule_id, added_by):
    added = added_by(changes(session, cast, rule_id)["other slots"])

    assert sum(added) > 3 * SLOTS_AT_ONCE
    assert max(added) == SLOTS_AT_ONCE


def test_what_changes_between_planning_and_writing_is_planned_for(
    session, cast, rule_id, monkeypatch
):
    """Another request removes a slot of the rule and offers one that is in the way of two."""
    engine, left = session.get_bind(), [1]
    start = at("10:30", days=3)

    def plan(calendar, *, now, plan=Calendar.plan):
        found = plan(calendar, now=now)
        if left:
            left.pop()
            with Session(engine) as other:
                begin_write(other)
                other.execute(
                    update(MentorTimeSlot)
                    .where(MentorTimeSlot.start_time == at("10:00", days=3))
                    .values(is_withdrawn=True)
                )
                times = {"start_time": start, "end_time": start + timedelta(minutes=20)}
                other.execute(insert(MentorTimeSlot).values(mentor_id=cast.mentor.id, **times))
                other.commit()
        return found

    monkeypatch.setattr(Calendar, "plan", plan)
    change(session, cast.mentor, hours(45, rule_id))

    slots = offered(session, cast.mentor)
    assert not left
    assert (start, start + timedelta(minutes=20)) in slots
    assert all(one[1] <= other[0] for one, other in pairwise(slots))


def test_what_a_killed_process_has_begun_a_worker_finishes(session, cast, rule_id, monkeypatch):
    class Killed(BaseException):
        pass

    def stop(_session):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(publish_module, "let_others_write", stop)
        with pytest.raises(Killed):
            change(session, cast.mentor, hours(45, rule_id))
    half = offered(session, cast.mentor)
    session.rollback()
    assert unpublished(session, now=NOW) == [cast.mentor.id]
    session.rollback()
    publish(session, cast.mentor.id, now=NOW)

    assert len(half) == SLOTS_AT_ONCE
    assert len(offered(session, cast.mentor)) > 3 * SLOTS_AT_ONCE
    session.rollback()
    assert unpublished(session, now=NOW) == []


def test_a_change_in_the_middle_is_planned_for(session, cast, rule_id, monkeypatch):
    engine, start = session.get_bind(), at("10:10", days=50)
    left = [1]

    def change_too(_session):
        if left:
            left.pop()
            with Session(engine) as other:
                begin_write(other)
                times = {"start_time": start, "end_time": start + timedelta(minutes=20)}
                other.execute(insert(MentorTimeSlot).values(mentor_id=cast.mentor.id, **times))
                other.commit()

    monkeypatch.setattr(publish_module, "let_others_write", change_too)
    change(session, cast.mentor, hours(45, rule_id))

    slots = offered(session, cast.mentor)
    assert (start, start + timedelta(minutes=20)) in slots
    assert all(one[1] <= other[0] for one, other in pairwise(slots))


def test_a_mentor_who_waits_for_approval_can_make_fewer_slots(session, cast):
    begin_write(session)
    session.execute(update(User).where(User.id == cast.mentor.id).values(is_approval_pending=True))
    session.commit()

    with pytest.raises(InvalidInput, match=f"more than {MOST_BEFORE_APPROVAL} slots"):
        change(session, cast.mentor, hours(60))
    assert change(session, cast.mentor, hours(180)).added > 0
    assert change(session, cast.other_mentor, hours(60)).added > MOST_BEFORE_APPROVAL


def test_single_slots_are_bounded_too(session, cast, monkeypatch):
    monkeypatch.setattr("mentorship.services.availability.slot_limits.MOST_SLOTS", 3)
    for hour in range(3):
        one_off = OneOffSlot(date(2026, 12, 1), time(10 + hour), time(10 + hour, 30), 1)
        save_one_off_slot(session, cast.mentor.id, one_off, now=NOW)

    one_off = OneOffSlot(date(2026, 12, 2), time(10), time(10, 30), 1)
    with pytest.raises(InvalidInput, match="at most 3 upcoming slots"):
        save_one_off_slot(session, cast.mentor.id, one_off, now=NOW)
