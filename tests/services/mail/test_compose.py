"""The text of mail: in the reader's zone and hour cycle, with the time that was true then."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from sqlalchemy import insert, select, update

from mentorship.config import PROJECT
from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import Action
from mentorship.models import (
    BookingMove,
    Cause,
    MentorTimeSlot,
    OutboxMessage,
    SessionBooking,
    User,
)
from mentorship.queries.mail.queued import queued_mail
from mentorship.queries.shared.installation import identity_of
from mentorship.services.mail.compose import MailSettings, compose_mail
from mentorship.services.mail.outbox import enqueue_booking_mail
from mentorship.services.mail.unsubscribe import unsubscribe_token_owner
from mentorship.services.sessions.actions import Cancellation, apply_action
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from tests.support.builders import a_booking, a_user, at

BEFORE_THE_CHANGE = datetime(2027, 3, 12, 15, 0, tzinfo=UTC)
AFTER_THE_CHANGE = datetime(2027, 3, 29, 15, 0, tzinfo=UTC)
"""Clocks are put forward in New York on 14 March 2027, in Berlin on 28 March."""


@pytest.fixture
def house(app):
    return MailSettings(
        "https://mentors.example.org", "no-reply@example.org", "s" * 32, PROJECT / "templates"
    )


@pytest.fixture
def letters(session, house):
    """`letters()`: every mail of the outbox, written, by reader's first name and kind."""

    def write():
        session.rollback()
        facts = queued_mail(session, session.scalars(select(OutboxMessage.id)).all())
        identity = identity_of(session)
        session.rollback()
        return {
            (mail.reader.name.split()[0], mail.kind.value): as_received(
                compose_mail(mail, house, identity)
            )
            for mail in facts
        }

    return write


@pytest.fixture
def people(session):
    """A mentor in Berlin, and a student in New York who counts twelve hours."""
    mentor = a_user(session, "Maya Okafor", Role.MENTOR, timezone="Europe/Berlin")
    student = a_user(session, "Sam O'Brien", Role.STUDENT, timezone="America/New_York")
    begin_write(session)
    session.execute(update(User).where(User.id == student.id).values(hour_cycle="h12"))
    session.commit()
    return mentor, student


def as_received(letter):
    """The mail as a mail program reads it."""
    return message_from_bytes(letter.as_bytes(), policy=policy.default)


def text_of(letter):
    words = " ".join(letter.get_body(("plain",)).get_content().split())
    return words.replace("\N{EN DASH}", "-")


def html_of(letter):
    return letter.get_body(("html",)).get_content()


def book_and_move(session, mentor, student):
    now = BEFORE_THE_CHANGE - timedelta(days=2)
    booking = a_booking(
        session, mentor=mentor, student=student, starts=BEFORE_THE_CHANGE, topic="Café <b>&</b>"
    )
    begin_write(session)
    enqueue_booking_mail(session, MailKind.BOOKED, booking_id=booking, now=now)
    slot = session.get_one(SessionBooking, booking).time_slot_id
    times = {"new_start": AFTER_THE_CHANGE, "new_end": AFTER_THE_CHANGE + timedelta(hours=1)}
    move_id = session.scalar(
        insert(BookingMove)
        .values(
            booking_id=booking,
            old_slot_id=slot,
            new_slot_id=slot,
            cause=Cause.STUDENT,
            actor_id=student.id,
            reason="An exam",
            moved_at=now,
            old_start=BEFORE_THE_CHANGE,
            old_end=BEFORE_THE_CHANGE + timedelta(hours=1),
            **times,
        )
        .returning(BookingMove.id)
    )
    session.execute(
        update(MentorTimeSlot).values(start_time=times["new_start"], end_time=times["new_end"])
    )
    enqueue_booking_mail(session, MailKind.MOVED, booking_id=booking, move_id=move_id, now=now)
    session.commit()
    session.expire_all()
    return booking


def test_a_session_moved_over_a_change_of_clocks_reads_right_in_both_zones(
    session, people, letters
):
    book_and_move(session, *people)
    found = letters()

    in_berlin, in_new_york = (text_of(found[name, "moved"]) for name in ("Maya", "Sam"))
    assert "New time: Mon 29 Mar 2027, 17:00 - 18:00 (CEST, Europe/Berlin)" in in_berlin
    assert "Old time: Fri 12 Mar 2027, 16:00 - 17:00 (CET, Europe/Berlin)" in in_berlin
    assert "New time: Mon 29 Mar 2027, 11:00 AM - 12:00 PM (EDT, America/New_York)" in in_new_york
    assert "Old time: Fri 12 Mar 2027, 10:00 AM - 11:00 AM (EST, America/New_York)" in in_new_york
    assert "Reason: An exam" in in_berlin


@pytest.mark.parametrize(
    ("start", "berlin"),
    [
        ("2027-10-31T00:30Z", "Sun 31 Oct 2027, 02:30 CEST - 02:30 (CET, Europe/Berlin)"),
        ("2027-03-28T00:30Z", "Sun 28 Mar 2027, 01:30 CET - 03:30 (CEST, Europe/Berlin)"),
        ("2027-06-01T21:30Z", "Tue 1 Jun 2027, 23:30 - Wed 2 Jun, 00:30 (CEST, Europe/Berlin)"),
    ],
)
def test_each_end_is_in_its_own_zone_and_on_its_own_day(session, people, letters, start, berlin):
    mentor, student = people
    begins = datetime.fromisoformat(start)
    booking = a_booking(session, mentor=mentor, student=student, starts=begins)
    begin_write(session)
    enqueue_booking_mail(session, MailKind.BOOKED, booking_id=booking, now=at("09:00"))
    session.commit()

    assert berlin in text_of(letters()["Maya", "booked"])


def test_the_mail_about_a_booking_that_moved_since_tells_when_it_is_now(session, people, letters):
    book_and_move(session, *people)
    booked = letters()["Maya", "booked"]

    assert booked["Subject"] == "Booked: Café <b>&</b>, Mon 29 Mar 2027, 17:00 CEST"
    assert booked["To"] == "Maya Okafor <maya.okafor@example.org>"
    assert "Sam O'Brien booked a session with you: Café <b>&</b>." in text_of(booked)
    assert "Café &lt;b&gt;&amp;&lt;/b&gt;" in html_of(booked)
    assert "<b>&" not in html_of(booked)


def test_a_time_in_a_subject_is_the_readers_and_names_its_zone(session, people, letters):
    mentor, student = people
    late, off = (
        a_booking(session, mentor=mentor, student=student, starts=BEFORE_THE_CHANGE, topic=topic)
        for topic in ("Late", "Off")
    )
    begin_write(session)
    for kind in (MailKind.BOOKED, MailKind.REMINDER_1H):
        enqueue_booking_mail(session, kind, booking_id=late, now=at("09:00"))
    session.commit()
    apply_action(session, booking_id=off, action=Action.CANCEL, viewer=mentor, now=at("09:00"))
    due = BEFORE_THE_CHANGE + timedelta(minutes=1)
    update_session_statuses(session, now=due, cause=Cause.CRON, returning=no_updates)

    subjects = {who: " ".join(letter["Subject"].split()) for who, letter in letters().items()}
    for name, time in (("Maya", "16:00 CET"), ("Sam", "10:00 AM EST")):
        assert {kind: subject for (who, kind), subject in subjects.items() if who == name} == {
            "booked": f"Booked: Late, Fri 12 Mar 2027, {time}",
            "reminder-1h": f"Reminder: Late, Fri 12 Mar 2027, {time}",
            "delayed": f"Delayed: Late, Fri 12 Mar 2027, {time}",
            "cancelled": f"Cancelled: Off, Fri 12 Mar 2027, {time}",
        }


def test_a_late_start_and_its_completion_tell_when_each_really_was(session, people, letters):
    mentor, student = people
    booking = a_booking(session, mentor=mentor, student=student, starts="10:00", topic="Late")
    update_session_statuses(session, now=at("10:30"), cause=Cause.CRON, returning=no_updates)
    apply_action(session, booking_id=booking, action=Action.ARRIVE, viewer=mentor, now=at("10:31"))
    apply_action(
        session, booking_id=booking, action=Action.COMPLETE, viewer=student, now=at("11:40")
    )
    found = letters()

    delayed = text_of(found["Sam", "delayed"])
    assert "was to begin on Tue 24 Nov 2026, 5:00 AM (EST, America/New_York)" in delayed
    assert "if Maya Okafor is not there, wait a few minutes" in delayed
    assert 'press "We have begun"' in text_of(found["Maya", "delayed"])
    assert "began on Tue 24 Nov 2026, 5:31 AM" in text_of(found["Sam", "started"])
    assert ("Maya", "started") not in found
    assert "completed on Tue 24 Nov 2026, 12:40 (CET, Europe/Berlin)" in text_of(
        found["Maya", "completed"]
    )
    assert f"/sessions/{booking}#feedback " in text_of(found["Sam", "completed"])
    assert "How was it?" in text_of(found["Sam", "completed"])
    assert "#feedback" not in text_of(found["Maya", "completed"])
    assert "write a summary for the student" in text_of(found["Maya", "completed"])


def test_a_session_that_completed_by_itself_completed_at_its_end(session, people, letters):
    mentor, student = people
    booking = a_booking(session, mentor=mentor, student=student, starts="10:00")
    apply_action(session, booking_id=booking, action=Action.START, viewer=mentor, now=at("09:59"))
    update_session_statuses(session, now=at("15:00"), cause=Cause.CRON, returning=no_updates)

    assert "completed on Tue 24 Nov 2026, 12:00 (CET, Europe/Berlin)" in text_of(
        letters()["Maya", "completed"]
    )


def test_who_cancelled_and_why_is_told(session, people, letters):
    mentor, student = people
    booking = a_booking(session, mentor=mentor, student=student, starts="10:00", topic="Parsers")
    apply_action(
        session,
        booking_id=booking,
        action=Action.CANCEL,
        viewer=mentor,
        now=at("08:00"),
        cancellation=Cancellation(reason="Down with the flu."),
    )
    found = letters()

    assert 'You cancelled the session "Parsers" with Sam O\'Brien.' in text_of(
        found["Maya", "cancelled"]
    )
    student_text = text_of(found["Sam", "cancelled"])
    assert 'The session "Parsers" with Maya Okafor was cancelled.' in student_text
    assert "Reason: Down with the flu." in student_text


def test_each_mail_can_be_stopped_with_one_click(session, people, letters):
    booking = book_and_move(session, *people)
    for (_name, kind), letter in letters().items():
        stop = letter["List-Unsubscribe"].strip("<>")
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        start = "https://mentors.example.org/unsubscribe/"
        user_id, stopped = unsubscribe_token_owner(
            stop.removeprefix(start), secret_key="s" * 32, identity=identity_of(session)
        )
        assert user_id in {person.id for person in people}
        assert stopped.value == kind
        assert stop in text_of(letter)
        assert f"https://mentors.example.org/sessions/{booking}" in text_of(letter)


def test_a_name_with_line_breaks_of_unicode_stays_in_its_header(session, people, letters):
    mentor, student = people
    booking = a_booking(session, mentor=mentor, student=student, topic="One\u2028Bcc: a@b.c")
    begin_write(session)
    enqueue_booking_mail(session, MailKind.BOOKED, booking_id=booking, now=at("09:00"))
    session.commit()

    letter = letters()["Maya", "booked"]
    assert letter["Subject"] == "Booked: One Bcc: a@b.c, Tue 24 Nov 2026, 11:00 CET"
    assert letter["Bcc"] is None
