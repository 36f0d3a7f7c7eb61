"""How a delayed session went is asked by mail three times, and only of those who can answer."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import NOTIFY_AFTER, Action, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.models import OutboxMessage
from mentorship.queries.mail.queued import queued_mail
from mentorship.services.mail.compose import reason_to_drop
from mentorship.services.mail.outcomes import enqueue_outcome_requests
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.outcomes import say_outcome
from mentorship.services.sessions.undo import undo_action
from tests.support.builders import a_booking, at
from tests.support.databases import counted_statements
from tests.support.mails import composed_mail

END = at("11:00")
HOUR, TICK = timedelta(hours=1), timedelta(microseconds=1)
SILENCE = timedelta(hours=72)
LATE = {"status": Status.ONGOING, "is_delayed": True}


@pytest.fixture
def booking(session, cast):
    """A delayed session, from 10:00 to 11:00."""
    return a_booking(session, mentor=cast.mentor, student=cast.student, **LATE)


def ask(session, now):
    return enqueue_outcome_requests(session, now=now, silence=SILENCE)


def asked(session):
    """The readers who were asked, and how long after the end."""
    session.rollback()
    rows = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
    return [
        (row.reader_id, row.created_at - END) for row in rows if row.kind is MailKind.OUTCOME_ASKED
    ]


def say(session, booking, viewer, word, now):
    session.rollback()
    say_outcome(
        session, booking_id=booking, viewer=viewer, word=word, reason="x", now=now, silence=SILENCE
    )


def dropped(session, now):
    """Why each request would be dropped at that time."""
    session.rollback()
    ids = session.scalars(select(OutboxMessage.id).order_by(OutboxMessage.id)).all()
    found = [
        (mail.reader.id, reason_to_drop(mail, now=now))
        for mail in queued_mail(session, ids)
        if mail.kind is MailKind.OUTCOME_ASKED
    ]
    session.rollback()
    return found


def test_both_are_asked_at_the_end_of_the_slot_after_a_day_and_after_three_days_and_no_more(
    session, cast, booking
):
    now = END - 2 * HOUR
    while now < END + 8 * 24 * HOUR:
        ask(session, now)
        now += HOUR / 2

    both = sorted([cast.student.id, cast.mentor.id])
    assert asked(session) == [(who, after * HOUR) for after in (0, 24, 72) for who in both]


def test_nobody_is_asked_the_moment_before_and_with_nothing_to_ask_it_only_reads(session, booking):
    assert ask(session, END - TICK) == 0
    assert ask(session, END) == 2
    with counted_statements(session.get_bind()) as statements:
        assert ask(session, END + TICK) == 0
    assert not [each for each in statements if not each.startswith("SELECT")]


def test_who_has_answered_is_asked_no_more_and_the_mail_that_waits_is_dropped(
    session, cast, booking
):
    ask(session, END)
    say(session, booking, cast.student, OutcomeWord.MENTOR_ABSENT, END + HOUR)

    reasons = dict(dropped(session, END + HOUR))
    assert reasons[cast.student.id] is not None
    assert reasons[cast.mentor.id] is None
    assert ask(session, END + 24 * HOUR) == 0, "the answer has completed the session"


def test_an_arrival_is_the_mentors_answer_and_only_the_student_is_asked(session, cast, booking):
    apply_action(
        session, booking_id=booking, action=Action.ARRIVE, viewer=cast.mentor, now=at("10:20")
    )

    ask(session, END)
    assert asked(session) == [(cast.student.id, 0 * HOUR)]
    assert ask(session, END + 24 * HOUR) == 1
    assert ask(session, END + 72 * HOUR) == 0, "silence has settled it"


def test_what_an_admin_decided_is_not_asked(session, cast, booking):
    say(session, booking, cast.admin, OutcomeWord.NOBODY_CAME, at("10:30"))

    assert ask(session, END) == 0


def test_after_an_outage_only_the_last_request_is_written_and_none_after_a_week(
    session, cast, booking
):
    a_booking(
        session, mentor=cast.mentor, student=cast.stranger, starts=at("09:00", days=-7), **LATE
    )
    a_booking(
        session, mentor=cast.mentor, student=cast.stranger, starts=at("10:00", days=-7), **LATE
    )

    ask(session, END + 30 * HOUR)

    assert {after for _who, after in asked(session)} == {30 * HOUR}
    assert len(asked(session)) == 2
    assert ask(session, END + 31 * HOUR) == 0
    assert ask(session, END + 7 * 24 * HOUR - TICK) == 2
    assert ask(session, END + 7 * 24 * HOUR) == 0


@pytest.mark.parametrize(
    "state",
    [
        {"status": Status.SCHEDULED},
        {"status": Status.ONGOING},
        {"status": Status.COMPLETED, "is_delayed": True},
        {"status": Status.CANCELLED},
    ],
)
def test_sessions_that_are_not_running_late_are_not_asked_about(session, cast, state):
    a_booking(session, mentor=cast.mentor, student=cast.student, **state)

    assert ask(session, END + HOUR) == 0


def test_the_request_names_the_session_and_leads_to_its_question(session, cast, booking):
    ask(session, END)

    mail = next(
        each
        for each in composed_mail(session, MailKind.OUTCOME_ASKED)
        if each.recipient == cast.student.email
    )

    assert mail.subject == "How did it go? A topic, Tue 24 Nov 2026, 10:00 UTC"
    assert "with Maya Mentor should be over" in " ".join(mail.text.split())
    assert f"/sessions/{booking}#outcome" in mail.text


def test_the_mail_about_a_dispute_says_both_answers_and_is_dropped_when_they_agree(
    session, cast, booking
):
    say(session, booking, cast.student, OutcomeWord.MENTOR_ABSENT, END)
    say(session, booking, cast.mentor, OutcomeWord.TOOK_PLACE, END)
    [mail] = composed_mail(session, MailKind.OUTCOME_DISPUTED)
    kind = OutboxMessage.kind == MailKind.OUTCOME_DISPUTED
    [next_try_at] = session.scalars(select(OutboxMessage.next_try_at).where(kind))

    assert next_try_at == END + timedelta(seconds=20)
    assert mail.recipient == cast.student.email
    assert "- You: The mentor did not come\n- Maya Mentor: It took place" in mail.text

    say(session, booking, cast.mentor, OutcomeWord.MENTOR_ABSENT, END + HOUR)
    session.rollback()
    ids = session.scalars(
        select(OutboxMessage.id).where(OutboxMessage.kind == MailKind.OUTCOME_DISPUTED)
    ).all()
    [queued] = queued_mail(session, ids)
    assert reason_to_drop(queued, now=END + HOUR)


def test_the_mail_about_a_decision_says_what_was_decided_last_and_why(session, cast, booking):
    say_outcome(
        session,
        booking_id=booking,
        viewer=cast.admin,
        word=OutcomeWord.TOOK_PLACE,
        reason="First.",
        now=END,
        silence=SILENCE,
    )
    say_outcome(
        session,
        booking_id=booking,
        viewer=cast.admin,
        word=OutcomeWord.NOBODY_CAME,
        reason="They wrote <b>so</b>.",
        now=END,
        silence=SILENCE,
    )

    mails = composed_mail(session, MailKind.OUTCOME_DECIDED)
    waiting = session.scalars(
        select(OutboxMessage.id).where(
            OutboxMessage.kind == MailKind.OUTCOME_DECIDED, OutboxMessage.outcome.is_(None)
        )
    ).all()
    assert len(waiting) == 2
    for mail in mails:
        if mail.id in waiting:
            assert 'went: "Nobody came".' in " ".join(mail.text.split())
            assert "Reason: They wrote <b>so</b>." in mail.text
            assert "<b>" not in mail.html


def test_a_decision_that_completes_is_told_later_and_not_if_it_was_undone(session, cast, booking):
    say(session, booking, cast.admin, OutcomeWord.NOBODY_CAME, END)
    decided = select(OutboxMessage).where(OutboxMessage.kind == MailKind.OUTCOME_DECIDED)
    rows = session.scalars(decided).all()
    assert [row.next_try_at for row in rows] == [END + NOTIFY_AFTER] * 2
    session.rollback()

    undo_action(session, booking_id=booking, viewer=cast.admin, now=END + NOTIFY_AFTER / 2)

    mails = queued_mail(session, [row.id for row in rows])
    assert [reason_to_drop(mail, now=END + NOTIFY_AFTER) for mail in mails] == [
        "The outcome of the session was answered, changed or decided meanwhile."
    ] * 2
