"""Addresses of other systems are turned on and off, by an admin or because they fail."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from mentorship.models import CallOutcome, Cause, OffReason
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from mentorship.services.webhooks.endpoints import remove_endpoint, turn_off, turn_on
from mentorship.services.webhooks.send import OFF_AFTER
from tests.support.builders import a_booking, a_webhook
from tests.support.callers import TEN, calls_of, delay, the_endpoint


def test_nothing_is_written_for_what_is_off_or_removed(session, cast, receiver):
    off = a_webhook(session, receiver.url(), is_active=False)
    removed = a_webhook(session, receiver.url())
    remove_endpoint(session, removed, now=TEN)
    on = a_webhook(session, receiver.url())
    delay(session, cast, 3)

    counts = [len(calls_of(session, endpoint)) for endpoint in (off, removed, on)]
    assert counts == [0, 0, 3]


def test_a_system_that_is_gone_is_turned_off_at_once(session, cast, receiver, worker):
    receiver.answer = lambda _path: 410
    endpoint = a_webhook(session, receiver.url())
    delay(session, cast, 3)
    worker.work()

    stored = the_endpoint(session, endpoint)
    assert (stored.is_active, stored.off_reason) == (False, OffReason.GONE)
    assert len(receiver.calls) == 1
    assert {call.outcome for call in calls_of(session, endpoint)} == {CallOutcome.GIVEN_UP}


def test_nothing_but_failures_for_days_turns_a_system_off_and_one_success_does_not(
    session, cast, receiver, worker
):
    endpoint = a_webhook(session, receiver.url())

    def fail_once_more(when, answer):
        receiver.answer = lambda _path: answer
        a_booking(session, mentor=cast.mentor, student=cast.student, starts=when)
        update_session_statuses(session, now=when, cause=Cause.WORKER, returning=no_updates)
        worker.work(when)
        return the_endpoint(session, endpoint)

    assert fail_once_more(TEN, 500).failing_since == TEN
    assert fail_once_more(TEN + OFF_AFTER - timedelta(days=1), 200).failing_since is None
    again = TEN + OFF_AFTER
    assert fail_once_more(again, 500).is_active
    assert fail_once_more(again + OFF_AFTER - timedelta(minutes=1), 500).is_active
    stored = fail_once_more(again + OFF_AFTER, 500)
    assert (stored.is_active, stored.off_reason) == (False, OffReason.FAILING)

    session.rollback()
    turn_on(session, endpoint, now=again + OFF_AFTER)
    assert fail_once_more(again + OFF_AFTER * 2, 200).off_reason is None


def test_turned_off_while_a_call_is_under_way_it_stays_given_up(session, cast, receiver, worker):
    reached, may_answer = threading.Event(), threading.Event()

    def answer(_path):
        reached.set()
        may_answer.wait(30)
        return 200

    receiver.answer = answer
    endpoint = a_webhook(session, receiver.url())
    delay(session, cast, 2)
    worker.begin()
    assert reached.wait(30)
    turn_off(session, endpoint, now=TEN)
    may_answer.set()
    worker.work()

    assert len(receiver.calls) == 1
    assert {call.outcome for call in calls_of(session, endpoint)} == {CallOutcome.GIVEN_UP}


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)  # SQLite has one writer.
def test_a_call_written_while_the_address_was_turned_off_is_not_made_when_it_is_on_again(
    session, cast, receiver, worker
):
    endpoint = a_webhook(session, receiver.url())
    a_booking(session, mentor=cast.mentor, student=cast.student)

    @event.listens_for(session, "before_commit", once=True)
    def press(_session):
        with Session(session.get_bind()) as other:
            turn_off(other, endpoint, now=TEN)

    update_session_statuses(session, now=TEN, cause=Cause.WORKER, returning=no_updates)
    assert [call.outcome for call in calls_of(session, endpoint)] == [None]
    session.rollback()
    later = TEN + timedelta(days=200)
    turn_on(session, endpoint, now=later)
    worker.work(later)

    assert receiver.calls == []
    [call] = calls_of(session, endpoint)
    assert (call.outcome, call.ended_at) == (CallOutcome.GIVEN_UP, later)


def test_turned_on_again_while_it_is_on_nothing_is_given_up(session, cast, receiver, worker):
    endpoint = a_webhook(session, receiver.url())
    delay(session, cast)
    session.rollback()
    turn_on(session, endpoint, now=TEN)
    worker.work()

    assert [call.outcome for call in calls_of(session, endpoint)] == [CallOutcome.DELIVERED]
