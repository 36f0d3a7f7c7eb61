"""The mentor of a group gets one mail for each event of the meeting; each student their own."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import Action
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.models import Cause, MailOutcome, OutboxMessage
from mentorship.queries.mail.queued import queued_mail
from mentorship.services.mail.compose import reason_to_drop
from mentorship.services.mail.outcomes import enqueue_outcome_requests
from mentorship.services.mail.reminders import enqueue_reminders
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.outcomes import say_outcome
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from mentorship.services.sessions.undo import undo_action
from tests.support.builders import a_booking, a_seat, a_slot, a_user, at
from tests.support.mails import composed_mail

ALL = "Sam Student, Stella Stranger, Thea Third"
SILENCE = timedelta(hours=72)


@pytest.fixture
def group(session, cast):
    """Three students at 10:00, in a slot for four."""
    slot = a_slot(session, cast.mentor, starts="10:00", capacity=4)
    third = a_user(session, "Thea Third", Role.STUDENT)
    return [a_seat(session, slot, each) for each in (cast.student, cast.stranger, third)]


def act(session, booking, action, viewer, now):
    session.rollback()
    apply_action(session, booking_id=booking, action=action, viewer=viewer, now=at(now))


def mails(session, kind):
    """By reader: the student's name that each mail of this kind tells."""
    session.rollback()
    ids = session.scalars(select(OutboxMessage.id).where(OutboxMessage.kind == kind)).all()
    found = {}
    for mail in queued_mail(session, ids):
        found.setdefault(mail.reader.name, []).append(mail.session.student)
    session.rollback()
    return found


def sweep(session, now):
    update_session_statuses(session, now=at(now), cause=Cause.WORKER, returning=no_updates)


def test_a_delay_is_one_mail_that_names_all(session, cast, group):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="09:58")
    sweep(session, "10:00")

    told = {name: sorted(found) for name, found in mails(session, MailKind.DELAYED).items()}
    assert told == {
        "Maya Mentor": ["Sam Student", ALL],
        "Sam Student": ["Sam Student", "Sam Student"],
        "Stella Stranger": ["Stella Stranger"],
        "Thea Third": ["Thea Third"],
    }


def test_a_start_and_a_completion_are_one_mail_each(session, cast, group):
    act(session, group[1], Action.START, cast.admin, "10:00")
    assert mails(session, MailKind.STARTED)["Maya Mentor"] == [ALL]

    act(session, group[1], Action.COMPLETE, cast.mentor, "10:30")
    told = mails(session, MailKind.COMPLETED)
    assert told.pop("Maya Mentor") == [ALL]
    assert sorted(told) == ["Sam Student", "Stella Stranger", "Thea Third"]


def test_who_completes_their_own_part_is_told_of_alone(session, cast, group):
    act(session, group[0], Action.START, cast.mentor, "10:00")
    act(session, group[0], Action.COMPLETE, cast.student, "10:20")
    act(session, group[1], Action.COMPLETE, cast.mentor, "10:30")

    assert mails(session, MailKind.COMPLETED)["Maya Mentor"] == [
        "Sam Student",
        "Stella Stranger, Thea Third",
    ]


def test_a_reminder_is_one_mail(session, cast, group):
    enqueue_reminders(session, now=at("08:50"))
    enqueue_reminders(session, now=at("09:00"))

    assert mails(session, MailKind.REMINDER_1H) == {
        "Maya Mentor": [ALL],
        "Sam Student": ["Sam Student"],
        "Stella Stranger": ["Stella Stranger"],
        "Thea Third": ["Thea Third"],
    }


def test_each_booking_is_still_a_mail_of_its_own(session, cast, group):
    act(session, group[0], Action.CANCEL, cast.student, "09:00")

    assert mails(session, MailKind.CANCELLED)["Maya Mentor"] == ["Sam Student"]


def ask(session, now):
    session.rollback()
    return enqueue_outcome_requests(session, now=now, silence=SILENCE)


def say(session, booking, viewer, word, now):
    session.rollback()
    say_outcome(session, booking_id=booking, viewer=viewer, word=word, reason=None, now=now,
                silence=SILENCE)  # fmt: skip


def test_how_it_went_is_asked_once_for_the_meeting_and_each_student_about_their_own_part(
    session, cast, group
):
    sweep(session, "10:00")
    for days in (0, 0, 1, 1, 3):
        ask(session, at("11:00", days=days))

    told = mails(session, MailKind.OUTCOME_ASKED)
    assert told.pop("Maya Mentor") == [ALL] * 3
    assert told == {name: [name] * 3 for name in ALL.split(", ")}


def test_the_question_lists_the_students_of_whom_the_mentor_has_said_nothing(session, cast, group):
    sweep(session, "10:00")
    ask(session, at("11:00"))
    say(session, group[0], cast.mentor, OutcomeWord.TOOK_PLACE, at("11:05"))
    [mail] = [each for each in composed_mail(session, MailKind.OUTCOME_ASKED)
              if each.recipient == cast.mentor.email]  # fmt: skip

    assert "- Stella Stranger\n- Thea Third\n" in mail.text
    assert "Sam Student" not in mail.text


def test_the_question_is_dropped_once_the_mentor_has_answered_for_all(session, cast, group):
    sweep(session, "10:00")
    ask(session, at("11:00"))

    def dropped():
        session.rollback()
        [mail] = session.scalars(
            select(OutboxMessage.id).where(
                OutboxMessage.kind == MailKind.OUTCOME_ASKED,
                OutboxMessage.reader_id == cast.mentor.id,
            )
        ).all()
        [queued] = queued_mail(session, [mail])
        session.rollback()
        return reason_to_drop(queued, now=at("11:30")) is not None

    found = []
    for booking in group:
        say(session, booking, cast.mentor, OutcomeWord.TOOK_PLACE, at("11:10"))
        found.append(dropped())
    assert found == [False, False, True]
    assert ask(session, at("11:00", days=1)) == 0, "the answers have completed the sessions"


def test_an_undo_of_a_press_for_all_is_one_mail(session, cast, group):
    act(session, group[1], Action.START, cast.admin, "10:00")
    session.execute(update(OutboxMessage).values(outcome=MailOutcome.SENT, ended_at=at("10:01")))
    session.commit()
    undo_action(session, booking_id=group[2], viewer=cast.admin, now=at("10:01"))

    told = mails(session, MailKind.UNDONE)
    assert told.pop("Maya Mentor") == [ALL]
    assert told == {name: [name] for name in ALL.split(", ")}
