"""Mail and calls are forgotten long after their end, in batches; all else stays."""

from datetime import timedelta

from sqlalchemy import insert, select, update

from mentorship.database import begin_write
from mentorship.domain.mail import AsWritten, MailKind
from mentorship.models import MailChoice, OutboxMessage, StatusChange, User, WebhookCall
from mentorship.services.accounts.sign_up import send_confirmation
from mentorship.services.mail.outbox import as_json
from mentorship.services.operations import retention
from mentorship.services.operations.retention import (
    KEPT_FOR,
    LOOK_AGAIN,
    UNCONFIRMED_FOR,
    Retention,
)
from tests.support.builders import (
    LINKS,
    a_booking,
    a_call_given_up,
    a_mail_set_aside,
    a_webhook,
    at,
)

ENDED = at("09:00")
TICK = timedelta(microseconds=1)
TOO_OLD = ENDED + KEPT_FOR + TICK


def ids(session, model):
    found = session.scalars(select(model.id).order_by(model.id)).all()
    session.rollback()
    return found


def a_waiting_mail(session):
    begin_write(session)
    mail_id = session.scalar(
        insert(OutboxMessage)
        .values(
            kind=MailKind.AS_WRITTEN,
            recipient="a@example.org",
            facts=as_json(AsWritten("Welcome", "Hello")),
            created_at=ENDED,
            next_try_at=ENDED,
        )
        .returning(OutboxMessage.id)
    )
    session.commit()
    return mail_id


def test_the_id_of_a_forgotten_mail_is_not_given_again(session, cast):
    forgotten = a_mail_set_aside(session)
    assert Retention().step(session, now=TOO_OLD)
    assert ids(session, OutboxMessage) == []

    assert a_waiting_mail(session) > forgotten


def test_what_ended_long_ago_is_forgotten_and_the_rest_stays(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student)
    call = a_call_given_up(session, a_webhook(session, "https://hooks.example.org/a"), booking)
    waiting, over = a_waiting_mail(session), a_mail_set_aside(session)
    later = a_mail_set_aside(session)
    session.execute(
        update(OutboxMessage).where(OutboxMessage.id == later).values(ended_at=ENDED + TICK)
    )
    session.commit()

    assert Retention().step(session, now=ENDED + KEPT_FOR) is False
    assert (ids(session, OutboxMessage), ids(session, WebhookCall)) == (
        [waiting, over, later],
        [call],
    )
    assert Retention().step(session, now=TOO_OLD) is True

    assert (ids(session, OutboxMessage), ids(session, WebhookCall)) == ([waiting, later], [])
    assert len(ids(session, StatusChange)) == 1


def test_many_are_forgotten_batch_by_batch_and_then_nobody_looks_for_an_hour(session, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    waiting = a_waiting_mail(session)
    for _ in range(2):
        a_mail_set_aside(session)
    keeper = Retention()

    steps = [keeper.step(session, now=TOO_OLD) for _ in range(3)]
    assert (steps, ids(session, OutboxMessage)) == ([True, True, False], [waiting])
    old = a_mail_set_aside(session)
    assert keeper.step(session, now=TOO_OLD + LOOK_AGAIN - TICK) is False
    assert ids(session, OutboxMessage) == [waiting, old]
    assert keeper.step(session, now=TOO_OLD + LOOK_AGAIN) is True
    assert ids(session, OutboxMessage) == [waiting]


def test_after_a_clock_that_was_ahead_nobody_waits_until_it_has_caught_up(session):
    keeper = Retention()
    assert keeper.step(session, now=TOO_OLD + 2 * LOOK_AGAIN) is False
    a_mail_set_aside(session)
    assert keeper.step(session, now=TOO_OLD) is True


def an_unconfirmed_user(session, email, created_at, **values):
    begin_write(session)
    user_id = session.scalar(
        insert(User)
        .values(
            {
                "email": email,
                "name": "Nell",
                "is_student": True,
                "created_at": created_at,
                "is_confirmation_pending": True,
            }
            | values
        )
        .returning(User.id)
    )
    session.commit()
    return user_id


def test_accounts_that_nobody_confirmed_are_forgotten_after_a_week(session, cast):
    confirmed = ids(session, User)
    an_unconfirmed_user(session, "a@example.org", ENDED - TICK)
    recent = an_unconfirmed_user(session, "b@example.org", ENDED)
    imported = an_unconfirmed_user(session, "c@example.org", ENDED - TICK)
    begin_write(session)
    session.execute(
        insert(MailChoice).values(user_id=imported, kind=MailKind.BOOKED, is_wanted=False)
    )
    session.commit()

    retention = Retention()
    assert retention.step(session, now=ENDED + UNCONFIRMED_FOR) is True
    assert retention.step(session, now=ENDED + UNCONFIRMED_FOR) is False

    assert ids(session, User) == [*confirmed, recent, imported]


def test_somebody_who_asks_for_the_link_again_gets_another_week(session):
    signs_up_at = ENDED
    nell = an_unconfirmed_user(session, "nell@example.org", signs_up_at)
    later = signs_up_at + UNCONFIRMED_FOR - timedelta(hours=1)
    send_confirmation(session, email="nell@example.org", links=LINKS, now=later)

    Retention().step(session, now=later + UNCONFIRMED_FOR)
    assert ids(session, User) == [nell]
    Retention().step(session, now=later + UNCONFIRMED_FOR + TICK)
    assert ids(session, User) == []
