"""Nobody is told about a change that is undone before its mail has left."""

import pytest
from sqlalchemy import select, update

from mentorship.adapters.mail_transport import SmtpTransport
from mentorship.config import PROJECT
from mentorship.database import begin_write
from mentorship.domain.booking.cutoff import NO_CUTOFF
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import Action
from mentorship.models import MailChoice, OutboxMessage
from mentorship.services.booking.book import BookingRequest, book_slot
from mentorship.services.mail.compose import MailSettings
from mentorship.services.mail.send import send_due_mail
from mentorship.services.sessions.actions import Cancellation, apply_action
from mentorship.services.sessions.move import move_session
from tests.support.builders import a_profile, a_slot, at
from tests.support.mails import as_read, part_of
from tests.support.sink import a_sink

NOW = at("08:00")


@pytest.fixture(scope="module")
def sink_server():
    with a_sink() as sink:
        yield sink


@pytest.fixture
def sent(session, sink_server):
    """`sent()`: sends all that waits; the subjects of what came, by address."""
    house = MailSettings(
        "https://m.example.org", "no-reply@m.example.org", "s" * 32, PROJECT / "templates"
    )
    sink_server.mails.clear()

    def act():
        sink_server.mails.clear()
        session.rollback()
        while send_due_mail(
            session, SmtpTransport(sink_server.url), house, clock=lambda: NOW
        ).total:
            pass
        return sorted(
            (mail["To"].split("<")[-1][:4], mail["Subject"]) for mail in sink_server.mails
        )

    return act


@pytest.fixture
def slots(session, cast):
    a_profile(session, cast.mentor)
    return [a_slot(session, cast.mentor, starts=starts) for starts in ("12:00", "14:00", "16:00")]


@pytest.fixture
def act(session, cast, slots):
    """An action of the student."""

    class Acts:
        def book(self):
            wish = BookingRequest(slots[0], "SQL", "")
            self.booking_id = book_slot(
                session, viewer=cast.student, request=wish, now=NOW
            ).session_id

        def cancel(self):
            apply_action(
                session,
                booking_id=self.booking_id,
                action=Action.CANCEL,
                viewer=cast.student,
                now=NOW,
                cancellation=Cancellation(reason="x"),
            )

        def move(self, slot, reason=None):
            move_session(
                session,
                booking_id=self.booking_id,
                slot_id=slots[slot],
                viewer=cast.student,
                reason=reason,
                now=NOW,
                cutoff=NO_CUTOFF,
            )

    return Acts()


def test_booked_and_cancelled_before_the_mail_left_is_no_mail_at_all(act, sent):
    for _ in range(20):
        act.book()
        act.cancel()

    assert sent() == []


def test_booked_moved_and_cancelled_before_the_mail_left_is_no_mail_at_all(act, sent):
    act.book()
    act.move(1)
    act.cancel()

    assert sent() == []


def test_who_was_told_of_a_booking_is_told_of_its_cancellation(act, sent):
    act.book()
    booked = sent()
    act.cancel()

    assert len(booked) == 2
    assert len(sent()) == 2


def test_a_mail_that_is_being_sent_counts_as_sent(session, act, sent):
    act.book()
    begin_write(session)
    session.execute(update(OutboxMessage).values(claimed_by="a sender", next_try_at=at("08:01")))
    session.commit()
    act.cancel()

    assert len(sent()) == 2


def test_each_reader_counts_apart(session, cast, act, sent):
    act.book()
    begin_write(session)
    own = OutboxMessage.reader_id == cast.student.id
    session.execute(update(OutboxMessage).where(own).values(claimed_by="a sender"))
    session.execute(update(OutboxMessage).where(own).values(next_try_at=at("09:00")))
    session.commit()
    act.cancel()

    assert [who for who, _subject in sent()] == ["sam."]


def test_moved_there_and_back_before_the_mail_left_is_no_mail(act, sent):
    act.book()
    sent()
    act.move(1)
    act.move(2)
    act.move(0)

    assert sent() == []


def test_moved_there_and_back_after_the_first_mail_left_is_told(act, sent):
    act.book()
    sent()
    act.move(1)
    there = sent()
    act.move(0)

    assert len(there) == len(sent()) == 2


def test_moved_on_before_the_mail_left_is_one_mail_about_where_the_session_is_now(
    session, act, sent, sink_server
):
    act.book()
    sent()
    act.move(1)
    act.move(2, reason="A lecture")

    assert sent() == [
        ("maya", "Moved: SQL, now Tue 24 Nov 2026, 16:00 UTC"),
        ("sam.", "Moved: SQL, now Tue 24 Nov 2026, 16:00 UTC"),
    ]
    for mail in sink_server.mails:
        text = part_of(as_read(mail.as_bytes()), "plain")
        assert "Old time: Tue 24 Nov 2026, 12:00" in text
        assert "Reason: A lecture" in text
        assert "14:00" not in text


def test_moved_on_and_half_the_way_back_is_one_mail(act, sent):
    act.book()
    sent()
    for slot in (1, 2, 1):
        act.move(slot)

    assert [subject for _who, subject in sent()] == [
        "Moved: SQL, now Tue 24 Nov 2026, 14:00 UTC"
    ] * 2


def test_booked_and_moved_before_the_mail_left_is_one_mail_about_the_booking(act, sent):
    act.book()
    act.move(1)
    act.move(2)

    assert [subject for _who, subject in sent()] == ["Booked: SQL, Tue 24 Nov 2026, 16:00 UTC"] * 2


def test_who_wants_no_mail_about_bookings_is_told_of_the_move(session, cast, act, sent):
    begin_write(session)
    session.add(MailChoice(user_id=cast.student.id, kind=MailKind.BOOKED, is_wanted=False))
    session.commit()
    act.book()
    act.move(1)

    assert [subject.split(":")[0] for _who, subject in sent()] == ["Booked", "Moved"]


def test_a_move_while_the_mail_about_another_one_is_being_sent_is_told_once(session, act, sent):
    act.book()
    sent()
    act.move(1)
    begin_write(session)
    waits = OutboxMessage.outcome.is_(None)
    session.execute(update(OutboxMessage).where(waits).values(claimed_by="a sender"))
    session.commit()
    act.move(2)
    begin_write(session)
    session.execute(update(OutboxMessage).where(waits).values(claimed_by=None))
    session.commit()

    assert [subject for _who, subject in sent()] == [
        "Moved: SQL, now Tue 24 Nov 2026, 16:00 UTC"
    ] * 2


def test_moved_and_cancelled_before_the_mail_left_is_told_as_cancelled(act, sent):
    act.book()
    sent()
    act.move(1)
    act.cancel()

    assert [subject.split(":")[0] for _who, subject in sent()] == ["Cancelled"] * 2


def test_what_is_not_sent_says_why(session, act):
    act.book()
    act.cancel()
    session.rollback()

    rows = session.execute(select(OutboxMessage.kind, OutboxMessage.error)).all()
    assert {row.kind for row in rows} == {MailKind.BOOKED, MailKind.CANCELLED}
    assert {row.error for row in rows} == {"It was undone before anybody was told."}
