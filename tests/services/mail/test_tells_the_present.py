"""A mail that leaves after its session has changed again tells the present, or nothing."""

import pytest
from sqlalchemy import select, update

from mentorship.config import PROJECT
from mentorship.database import begin_write
from mentorship.domain.mail import CHOICES, REMINDERS, TRUE_WHILE, MailKind
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.shared.global_ids import Identity
from mentorship.models import Cause, MailChoice, OutboxMessage, SessionBooking, StatusChange
from mentorship.queries.mail.queued import queued_mail
from mentorship.services.booking.book import BookingRequest, book_slot
from mentorship.services.mail.compose import MailSettings, compose_mail, reason_to_drop
from mentorship.services.sessions.move import move_session
from tests.services.sessions.test_move import FOUR_HOURS
from tests.support.builders import a_booking, a_profile, a_slot, at

NOW = at("08:00")
IDENTITY = Identity("00000000-0000-4000-8000-000000000000")
HOUSE = MailSettings(
    "https://mentors.example.org", "a@example.org", "s" * 32, PROJECT / "templates"
)

SENT = {
    # kind:              SCHEDULED ONGOING COMPLETED CANCELLED
    MailKind.BOOKED:       (True,  True,  False, False),
    MailKind.MOVED:        (True,  True,  False, False),
    MailKind.REMINDER_24H: (True,  False, False, False),
    MailKind.REMINDER_1H:  (True,  False, False, False),
    MailKind.REMINDER_10M: (True,  False, False, False),
    MailKind.STARTED:      (False, True,  False, False),
    MailKind.DELAYED:      (False, True,  False, False),
    MailKind.COMPLETED:    (False, False, True,  False),
    MailKind.UNDONE:       (True,  True,  False, False),
    MailKind.CORRECTED:    (True,  True,  True,  True),
    MailKind.LATE:         (True,  True,  False, False),
    MailKind.CANCELLED:    (False, False, False, True),
    MailKind.LEFT_GROUP:   (True,  True,  True,  True),
    MailKind.OUTCOME_ASKED:   (False, True, True, False),
    # Nobody disagrees about these sessions, and no admin has decided.
    MailKind.OUTCOME_DISPUTED: (False, False, False, False),
    MailKind.OUTCOME_DECIDED:  (False, False, False, False),
}  # fmt: skip


def facts(session):
    session.rollback()
    ids = session.scalars(select(OutboxMessage.id).order_by(OutboxMessage.id)).all()
    found = queued_mail(session, ids)
    session.rollback()
    return found


def a_mail(session, cast, kind, status):
    """A mail of this kind about a session that stands so by now."""
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, status=status)
    session.rollback()
    begin_write(session)
    change = StatusChange(
        booking_id=booking,
        old_status=Status.SCHEDULED,
        is_delayed=False,
        new_status=status,
        action=Action.START,
        cause=Cause.MENTOR,
        applied_at=NOW,
    )
    session.add(change)
    session.flush()
    reminder = REMINDERS.get(kind)
    start = at("10:00")
    session.add(
        OutboxMessage(
            kind=kind,
            booking_id=booking,
            reader_id=cast.student.id,
            created_at=NOW,
            next_try_at=NOW,
            change_id=change.id,
            not_after=start - reminder.lead + reminder.lasts if reminder else None,
        )
    )
    session.add(MailChoice(user_id=cast.student.id, kind=kind, is_wanted=True))
    session.commit()
    [mail] = facts(session)
    return mail


def test_every_kind_about_a_session_is_here():
    assert set(SENT) == set(TRUE_WHILE) == set(CHOICES)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", list(SENT))
@pytest.mark.parametrize("status", list(Status))
def test_a_mail_leaves_only_while_it_is_true(session, cast, kind, status):
    order = (Status.SCHEDULED, Status.ONGOING, Status.COMPLETED, Status.CANCELLED)
    mail = a_mail(session, cast, kind, status)

    reason = reason_to_drop(mail, now=at("08:00", days=-1))

    assert (reason is None) == SENT[kind][order.index(status)]


@pytest.fixture
def moved_twice(session, cast):
    """A session that was booked and moved twice before any mail left."""
    a_profile(session, cast.mentor)
    slots = [
        a_slot(session, cast.mentor, starts=at(clock, days=1))
        for clock in ("10:00", "12:00", "14:00")
    ]
    session.rollback()
    booked = book_slot(
        session, viewer=cast.student, request=BookingRequest(slots[0], "x", ""), now=NOW
    )
    for slot in slots[1:]:
        session.rollback()
        move_session(
            session,
            booking_id=booked.session_id,
            slot_id=slot,
            viewer=cast.mentor,
            reason=None,
            now=NOW,
            cutoff=FOUR_HOURS,
        )
    return booked.session_id


def of_student(session, cast, kind):
    return [it for it in facts(session) if (it.kind, it.reader.id) == (kind, cast.student.id)]


def test_a_mail_about_a_booking_says_when_the_session_is_now(session, cast, moved_twice):
    [mail] = of_student(session, cast, MailKind.BOOKED)
    letter = compose_mail(mail, HOUSE, IDENTITY)
    text = next(part for part in letter.walk() if part.get_content_type() == "text/plain")
    words = " ".join(text.get_payload(decode=True).decode().split())

    assert reason_to_drop(mail, now=NOW) is None
    assert "14:00" in letter["Subject"]
    assert "14:00 – 15:00" in words  # noqa: RUF001  # A dash between times.
    assert "has been moved since" in words
    assert "10:00 – 11:00" in words  # noqa: RUF001  # A dash between times.


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.COMPLETED])
def test_a_booking_of_a_session_that_is_over_is_told_to_nobody(session, cast, moved_twice, status):
    session.rollback()
    begin_write(session)
    over = {"cancelled_at": NOW} if status is Status.CANCELLED else {"completed_at": NOW}
    session.execute(update(SessionBooking).values(status=status, **over))
    session.commit()

    [mail] = of_student(session, cast, MailKind.BOOKED)
    assert reason_to_drop(mail, now=NOW)
