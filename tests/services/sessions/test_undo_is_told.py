"""Who is told of a press that was undone, and who is not."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import NOTIFY_AFTER, Action, Status
from mentorship.models import (
    Cause,
    MailOutcome,
    OutboxMessage,
    WebhookCall,
)
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from tests.services.sessions.presses import act, undo
from tests.support.builders import (
    a_webhook,
    at,
    the_journal,
)

S, O, C = Status.SCHEDULED, Status.ONGOING, Status.COMPLETED  # noqa: E741  # Columns.


def mails(session, booking):
    session.rollback()
    rows = session.execute(
        select(OutboxMessage.kind, OutboxMessage.reader_id, OutboxMessage.outcome)
        .where(OutboxMessage.booking_id == booking)
        .order_by(OutboxMessage.id)
    )
    return [tuple(row) for row in rows]


def mark_mail(session, *, claimed=None, outcome=None):
    """As a sender leaves it that has taken or sent the mail."""
    session.rollback()
    values = {"claimed_by": claimed}
    if outcome:
        values |= {"outcome": outcome, "ended_at": at("09:51")}
    session.execute(update(OutboxMessage).values(values))
    session.commit()


def test_mail_and_calls_about_a_press_leave_after_a_while_and_those_of_the_clock_at_once(
    session, cast, booked
):
    a_webhook(session, "https://hooks.example.org/a")
    pressed, late = booked("10:00"), booked("09:00")
    act(session, pressed, Action.START, cast.mentor, "09:50")
    update_session_statuses(session, now=at("09:50"), cause=Cause.WORKER, returning=no_updates)

    session.rollback()
    leaves = {
        (model.__name__, booking): {
            when for (when,) in session.execute(select(model.next_try_at).where(is_about))
        }
        for booking in (pressed, late)
        for model, is_about in (
            (OutboxMessage, OutboxMessage.booking_id == booking),
            (WebhookCall, WebhookCall.change_id == the_journal(session, booking)[0].id),
        )
    }
    assert leaves == {
        ("OutboxMessage", pressed): {at("09:50") + NOTIFY_AFTER},
        ("WebhookCall", pressed): {at("09:50") + NOTIFY_AFTER},
        ("OutboxMessage", late): {at("09:50")},
        ("WebhookCall", late): {at("09:50")},
    }
    assert timedelta(seconds=20) == NOTIFY_AFTER


def test_what_is_undone_before_anybody_was_told_is_never_told(session, cast, booked):
    a_webhook(session, "https://hooks.example.org/a")
    booking = booked("10:00", status=O)
    act(session, booking, Action.COMPLETE, cast.mentor, "10:10")

    undo(session, booking, cast.mentor, "10:10:15")

    assert {(kind, outcome) for kind, _reader, outcome in mails(session, booking)} == {
        (MailKind.COMPLETED, MailOutcome.DROPPED)
    }
    assert session.scalars(select(WebhookCall.id)).all() == []


@pytest.mark.parametrize("told", [{"claimed": "a sender"}, {"outcome": MailOutcome.SENT}])
def test_the_other_side_is_told_of_an_undo_after_the_mail_has_left(session, cast, booked, told):
    booking = booked("10:00", status=O)
    act(session, booking, Action.COMPLETE, cast.mentor, "10:10")
    mark_mail(session, **told)

    undo(session, booking, cast.mentor, "10:11")

    new = [mail for mail in mails(session, booking) if mail[0] is MailKind.UNDONE]
    assert new == [(MailKind.UNDONE, cast.student.id, None)]
    row = session.scalars(select(OutboxMessage).filter_by(kind=MailKind.UNDONE)).one()
    assert row.next_try_at == at("10:11")
    assert row.change_id == the_journal(session, booking)[-1].id


def test_both_sides_are_told_of_what_an_admin_takes_back(session, cast, booked):
    booking = booked("10:00", status=O)
    act(session, booking, Action.COMPLETE, cast.admin, "10:10")
    mark_mail(session, outcome=MailOutcome.SENT)

    undo(session, booking, cast.admin, "10:11")

    told = [reader for kind, reader, _outcome in mails(session, booking) if kind is MailKind.UNDONE]
    assert sorted(told) == sorted([cast.student.id, cast.mentor.id])


def test_whoever_was_called_about_a_press_is_called_about_its_undo(session, cast, booked):
    early = a_webhook(session, "https://hooks.example.org/a")
    late = a_webhook(session, "https://hooks.example.org/b")
    booking = booked("10:00")
    act(session, booking, Action.START, cast.mentor, "09:50")
    session.rollback()
    session.execute(update(WebhookCall).where(WebhookCall.endpoint_id == early).values(attempts=1))
    session.commit()

    undo(session, booking, cast.mentor, "09:51")

    press, back = the_journal(session, booking)
    calls = session.execute(
        select(WebhookCall.endpoint_id, WebhookCall.change_id, WebhookCall.next_try_at)
    ).all()
    assert sorted(calls) == [
        (early, press.id, at("09:50") + NOTIFY_AFTER),
        (early, back.id, at("09:51")),
    ]
    assert late not in {call.endpoint_id for call in calls}
