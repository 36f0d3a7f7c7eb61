"""Reminders fall due once, for the time at which the session really is."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from mentorship.database import begin_write
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import Action
from mentorship.models import MailChoice, MentorTimeSlot, OutboxMessage
from mentorship.queries.mail.queued import queued_mail
from mentorship.services.mail.compose import reason_to_drop
from mentorship.services.mail.reminders import EVERY, enqueue_reminders
from mentorship.services.sessions.actions import apply_action
from tests.support.builders import a_booking, at
from tests.support.databases import counted_statements

START = at("12:00", days=2)


@pytest.fixture
def booking(session, cast):
    """Two days ahead, on a clock whose reminders have run since the day before yesterday."""
    enqueue_reminders(session, now=at("00:00", days=-1))
    return a_booking(session, mentor=cast.mentor, student=cast.student, starts=START)


def walk(session, *, since, until, step=timedelta(minutes=10)):
    now = since
    while now <= until:
        enqueue_reminders(session, now=now)
        now += step


def reminders(session):
    session.rollback()
    session.expire_all()
    rows = session.scalars(
        select(OutboxMessage)
        .where(OutboxMessage.kind.startswith("reminder"))
        .order_by(OutboxMessage.id)
    )
    return [(row.kind.value, row.reader_id, START - row.created_at) for row in rows]


def useless(session, now):
    """The reminders that would be dropped at that time."""
    session.rollback()
    ids = session.scalars(select(OutboxMessage.id)).all()
    found = [mail.kind for mail in queued_mail(session, ids) if reason_to_drop(mail, now=now)]
    session.rollback()
    return found


def move(session, starts):
    session.rollback()
    begin_write(session)
    times = {"start_time": starts, "end_time": starts + timedelta(hours=1)}
    session.execute(update(MentorTimeSlot).values(times))
    session.commit()


def test_both_people_are_reminded_a_day_and_an_hour_before_and_once(session, cast, booking):
    walk(session, since=START - timedelta(hours=25), until=START)

    both = (cast.student.id, cast.mentor.id)
    assert sorted(reminders(session)) == sorted(
        [("reminder-24h", who, timedelta(hours=24)) for who in both]
        + [("reminder-1h", who, timedelta(hours=1)) for who in both]
    )


def test_each_person_chooses_when(session, cast, booking):
    session.rollback()
    for kind, is_wanted in ((MailKind.REMINDER_10M, True), (MailKind.REMINDER_24H, False)):
        session.add(MailChoice(user_id=cast.student.id, kind=kind, is_wanted=is_wanted))
    session.commit()
    walk(session, since=START - timedelta(hours=25), until=START)

    assert [(kind, lead) for kind, who, lead in reminders(session) if who == cast.student.id] == [
        ("reminder-1h", timedelta(hours=1)),
        ("reminder-10m", timedelta(minutes=10)),
    ]


def test_what_is_booked_within_the_lead_is_not_reminded_of_at_once(session, cast):
    enqueue_reminders(session, now=START - timedelta(hours=5))
    a_booking(session, mentor=cast.mentor, student=cast.student, starts=START)
    walk(session, since=START - timedelta(hours=5), until=START - timedelta(hours=2))

    assert reminders(session) == []


def test_a_session_moved_away_is_reminded_of_at_its_new_time_and_the_old_is_dropped(
    session, cast, booking
):
    walk(session, since=START - timedelta(hours=25), until=START - timedelta(hours=23))
    assert useless(session, START - timedelta(hours=23)) == []
    move(session, START + timedelta(days=2))

    assert useless(session, START - timedelta(hours=23)) == [MailKind.REMINDER_24H] * 2
    walk(session, since=START, until=START + timedelta(hours=25))
    assert [lead for _kind, _who, lead in reminders(session)][2:] == [timedelta(days=-1)] * 2


def test_a_cancelled_session_is_not_reminded_of(session, cast, booking):
    walk(session, since=START - timedelta(hours=25), until=START - timedelta(hours=23))
    session.rollback()
    apply_action(
        session,
        booking_id=booking,
        action=Action.CANCEL,
        viewer=cast.mentor,
        now=START - timedelta(hours=23),
    )
    assert useless(session, START - timedelta(hours=23)) == [MailKind.REMINDER_24H] * 2
    walk(session, since=START - timedelta(hours=2), until=START)

    assert len(reminders(session)) == 2


def test_after_an_outage_only_what_is_still_of_use_is_written(session, cast, booking):
    enqueue_reminders(session, now=START - timedelta(hours=30))
    enqueue_reminders(session, now=START - timedelta(minutes=40))

    assert {kind for kind, _who, _lead in reminders(session)} == {"reminder-1h"}
    assert useless(session, START - timedelta(minutes=31)) == []
    assert useless(session, START - timedelta(minutes=30)) == [MailKind.REMINDER_1H] * 2


def test_nobody_looks_more_often_than_needed_and_a_clock_set_back_reminds_nobody_twice(
    session, cast, booking
):
    walk(session, since=START - timedelta(hours=25), until=START - timedelta(hours=23))
    now = START - timedelta(hours=23)
    with counted_statements(session.get_bind()) as statements:
        enqueue_reminders(session, now=now + EVERY / 2)
    assert len(statements) == 1
    walk(session, since=START - timedelta(hours=25), until=START - timedelta(hours=23))

    assert len(reminders(session)) == 2


def test_a_clock_that_was_ahead_for_a_moment_costs_no_reminder_and_repeats_none(
    session, cast, booking
):
    early = START - timedelta(hours=25)
    enqueue_reminders(session, now=early)
    enqueue_reminders(session, now=START - timedelta(hours=1))
    assert [kind for kind, _who, _lead in reminders(session)] == ["reminder-1h"] * 2
    walk(session, since=early + timedelta(seconds=20), until=START, step=timedelta(minutes=20))

    kinds = [(kind, who) for kind, who, _lead in reminders(session)]
    assert sorted(kinds) == sorted(
        (kind, who)
        for kind in ("reminder-24h", "reminder-1h")
        for who in (cast.student.id, cast.mentor.id)
    )
