"""Other systems are called about each transition: signed, again and again, one not for another."""

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session
from standardwebhooks import Webhook, WebhookVerificationError
from structlog.testing import capture_logs

from mentorship.adapters.webhook_client import WebhookClient
from mentorship.clock import utc_now
from mentorship.domain.sessions.lifecycle import NOTIFY_AFTER, Action, Status
from mentorship.domain.shared.delivery_problems import Problem
from mentorship.domain.webhooks.signing import displayed_key, endpoint_key
from mentorship.models import CallOutcome, Cause
from mentorship.schemas.webhooks import webhook_body
from mentorship.services.operations.worker import AFTER_AN_ERROR, run_calls
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from mentorship.services.webhooks.endpoints import renew_secret, retry_call
from mentorship.services.webhooks.send import LEASE, MOST_TRIES, WebhookSender
from tests.support.builders import a_booking, a_webhook
from tests.support.callers import KEY, SILENCE, TEN, calls_of, delay, the_endpoint
from tests.support.triggers import REFUSES, before_each_update


def test_each_transition_is_told_as_it_was_and_signed_for_another_library(
    session, cast, receiver, worker, clock_of_today
):
    endpoint = a_webhook(session, receiver.url("/a?b=c"))
    worker.now = now = clock_of_today
    booking = a_booking(
        session, mentor=cast.mentor, student=cast.student, starts=now - timedelta(minutes=1)
    )
    update_session_statuses(session, now=now, cause=Cause.CRON, returning=no_updates)
    apply_action(session, booking_id=booking, action=Action.COMPLETE, viewer=cast.student, now=now)
    worker.work()
    assert receiver.paths() == ["/a?b=c"]  # Whoever completed it may still take that back.
    worker.now += NOTIFY_AFTER
    worker.work()

    assert receiver.paths() == ["/a?b=c"] * 2
    reader = Webhook(displayed_key(endpoint_key(KEY, "salt")))
    told = [reader.verify(call.body, call.headers) for call in receiver.calls]
    assert [(each["type"], each["data"]["newStatus"]) for each in told] == [
        ("session.status_changed", "ONGOING"),
        ("session.status_changed", "COMPLETED"),
    ]
    assert told[0]["data"] == {
        "sessionId": booking,
        "oldStatus": "SCHEDULED",
        "newStatus": "ONGOING",
        "isDelayed": True,
        "reason": "The start time passed and nobody had started the session.",
        "timestamp": now.isoformat().replace("+00:00", "Z"),
        "dueAt": (now - timedelta(minutes=1)).isoformat().replace("+00:00", "Z"),
        "cause": "cron",
        "mentor": {"id": cast.mentor.id, "name": "Maya Mentor"},
        "student": {"id": cast.student.id, "name": "Sam Student"},
        "topic": "A topic",
        "startTime": (now - timedelta(minutes=1)).isoformat().replace("+00:00", "Z"),
        "endTime": (now + timedelta(minutes=59)).isoformat().replace("+00:00", "Z"),
        "status": "ONGOING",
    }
    assert {each["event"] for each in told} == {"transition"}
    assert receiver.calls[0].headers["content-type"] == "application/json"
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 2
    with pytest.raises(WebhookVerificationError):
        reader.verify(receiver.calls[0].body + b" ", receiver.calls[0].headers)
    ended = calls_of(session, endpoint)
    assert [(call.outcome, call.answer, call.attempts) for call in ended] == [
        (CallOutcome.DELIVERED, 204, 1)
    ] * 2


@pytest.fixture
def clock_of_today():
    """The library compares timestamps with the real clock."""
    return utc_now().replace(microsecond=0)


def test_another_key_signs_from_its_renewal_on(session, cast, receiver, worker):
    endpoint = a_webhook(session, receiver.url())
    renew_secret(session, endpoint)
    delay(session, cast)
    worker.work()

    [call] = receiver.calls
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(displayed_key(endpoint_key(KEY, "salt"))).verify(call.body, fresh(call.headers))
    salt = the_endpoint(session, endpoint).salt
    assert salt != "salt"
    assert call.headers["webhook-signature"].startswith("v1,")


def fresh(headers):
    """The same, dated now, so that only the signature can be wrong."""
    return headers | {"webhook-timestamp": str(int(utc_now().timestamp()))}


def test_a_change_that_is_not_committed_calls_nobody(session, cast, receiver):
    endpoint = a_webhook(session, receiver.url())
    over = a_booking(session, mentor=cast.mentor, student=cast.student, status=Status.COMPLETED)
    outcome = apply_action(
        session, booking_id=over, action=Action.COMPLETE, viewer=cast.mentor, now=TEN
    )
    assert not outcome.changed
    assert calls_of(session, endpoint) == []


def test_what_fails_is_tried_again_later_and_later_as_the_same_call_and_then_given_up(
    session, cast, receiver, worker
):
    receiver.answer = lambda _path: 400
    endpoint = a_webhook(session, receiver.url())
    delay(session, cast)
    pauses = []
    for tries in range(1, MOST_TRIES + 1):
        worker.work()
        [call] = calls_of(session, endpoint)
        assert (call.attempts, call.answer, len(receiver.calls)) == (tries, 400, tries)
        pauses.append(call.next_try_at - worker.now)
        worker.work(worker.now + pauses[-1] - timedelta(seconds=1))
        assert len(receiver.calls) == tries
        worker.now += timedelta(seconds=1)

    assert call.outcome is CallOutcome.GIVEN_UP
    minutes = [pause / timedelta(minutes=1) for pause in pauses[:-1]]
    assert minutes == [1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240]
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 1
    assert the_endpoint(session, endpoint).is_active

    receiver.answer = lambda _path: 200
    call_id = call.id
    session.rollback()
    retry_call(session, endpoint, call_id, now=worker.now)
    worker.work()
    [call] = calls_of(session, endpoint)
    assert (call.outcome, call.attempts) == (CallOutcome.DELIVERED, 1)
    assert the_endpoint(session, endpoint).failing_since is None


def test_calls_of_a_system_that_is_down_wait_together_and_in_order(session, cast, receiver, worker):
    receiver.answer = lambda _path: 503
    a_webhook(session, receiver.url())
    ids = delay(session, cast, 3)
    worker.work()
    assert len(receiver.calls) == 1  # One failure speaks for all three.

    receiver.answer = lambda _path: 200
    worker.work(TEN + timedelta(minutes=1))
    told = [json.loads(call.body)["data"]["sessionId"] for call in receiver.calls]
    assert told == [ids[0], *ids]


def test_a_call_that_is_refused_for_itself_does_not_hold_up_the_next(
    session, cast, receiver, worker
):
    endpoint = a_webhook(session, receiver.url())
    receiver.answer = lambda _path: 422 if len(receiver.calls) == 1 else 200
    delay(session, cast, 3)
    worker.work()

    outcomes = [call.outcome for call in calls_of(session, endpoint)]
    assert outcomes == [None, CallOutcome.DELIVERED, CallOutcome.DELIVERED]


def test_a_slow_system_does_not_hold_up_the_others(session, cast, receiver, worker):
    may_answer = threading.Event()

    def answer(path):
        if path == "/slow":
            may_answer.wait(30)
        return 200

    receiver.answer = answer
    slow, quick = (a_webhook(session, receiver.url(path)) for path in ("/slow", "/quick"))
    delay(session, cast, 4)
    try:
        while any(call.outcome is None for call in calls_of(session, quick)):
            worker.begin()
        assert sorted(receiver.paths()) == ["/quick"] * 4 + ["/slow"]
        assert all(call.outcome is None for call in calls_of(session, slow))
    finally:
        may_answer.set()
    worker.work()
    assert all(call.outcome is CallOutcome.DELIVERED for call in calls_of(session, slow))


def test_two_workers_make_each_call_once_and_one_at_a_time(session, cast, receiver, a_worker):
    endpoint = a_webhook(session, receiver.url())
    under_way, most = [], []

    def answer(_path):
        under_way.append(1)
        most.append(len(under_way))
        under_way.pop()
        return 200

    receiver.answer = answer
    delay(session, cast, 12)
    workers = [a_worker(), a_worker()]
    threads = [threading.Thread(target=worker.work) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for worker in workers:
        worker.work()
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 12
    assert len(receiver.calls) == 12
    assert max(most) == 1
    assert all(call.attempts == 1 for call in calls_of(session, endpoint))


def test_what_was_put_off_waits_for_the_call_that_is_under_way(session, cast, receiver, a_worker):
    may_answer = threading.Event()

    def answer(_path):
        if len(receiver.calls) == 3:
            may_answer.wait(30)
        return 422 if len(receiver.calls) == 1 else 200

    receiver.answer = answer
    endpoint = a_webhook(session, receiver.url())
    delay(session, cast, 3)
    one, other = a_worker(), a_worker()
    while len(receiver.calls) < 3:
        one.now = TEN if len(receiver.calls) < 2 else TEN + timedelta(seconds=30)
        one.begin()
    try:
        other.now = TEN + timedelta(seconds=75)  # The first may be tried again.
        assert other.begin() > timedelta(0)
        assert len(receiver.calls) == 3
    finally:
        may_answer.set()
    while calls_of(session, endpoint)[2].outcome is None:
        one.begin()
    other.work(other.now)
    assert all(call.outcome is CallOutcome.DELIVERED for call in calls_of(session, endpoint))


def test_what_a_killed_worker_held_is_called_by_another_after_the_lease(
    session, cast, receiver, a_worker
):
    a_webhook(session, receiver.url())
    delay(session, cast)
    killed, other = a_worker(), a_worker()
    killed.begin()  # Takes it; nothing is noted any more.
    other.work(TEN + LEASE - timedelta(seconds=1))
    assert len(receiver.calls) == 1
    other.work(TEN + LEASE)

    assert len(receiver.calls) == 2  # The one in flight, with the same id.
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 1


def test_a_redirect_is_a_failure_and_is_not_followed(session, cast, receiver, worker):
    receiver.answer, receiver.location = lambda _path: 307, receiver.url("/elsewhere")
    endpoint = a_webhook(session, receiver.url())
    delay(session, cast)
    worker.work()

    assert receiver.paths() == ["/hook"]
    [call] = calls_of(session, endpoint)
    assert (call.outcome, call.answer) == (None, 307)


def test_a_call_that_fails_in_a_way_nobody_thought_of_is_tried_again(
    session, cast, receiver, a_worker
):
    class Broken(WebhookClient):
        def post(self, *_what):
            raise RuntimeError("nobody thought of this")

    endpoint = a_webhook(session, receiver.url("/"))
    delay(session, cast)
    a_worker(Broken(loopback=True)).work()

    [call] = calls_of(session, endpoint)
    assert (call.outcome, call.attempts) == (None, 1)
    assert call.error == "RuntimeError: nobody thought of this"
    assert call.problem is Problem.UNEXPECTED


A_TLS_ALERT = b"\x15\x03\x03\x00\x02\x02\x46\r\n"
"""What a port that speaks TLS answers to plain HTTP."""


def test_an_answer_that_is_no_text_is_a_failure_like_others(session, cast, receiver, worker):
    receiver.answer = lambda path: A_TLS_ALERT if path == "/odd" else 200
    odd, good = (a_webhook(session, receiver.url(path)) for path in ("/odd", "/good"))
    delay(session, cast, 2)
    worker.work()

    assert [call.attempts for call in calls_of(session, odd)] == [1, 0]
    assert calls_of(session, odd)[0].problem is Problem.NOT_HTTP
    assert calls_of(session, odd)[0].error == r"BadStatusLine: \x15\x03\x03\x00\x02\x02F"
    assert [call.outcome for call in calls_of(session, good)] == [CallOutcome.DELIVERED] * 2


def test_an_answer_that_cannot_be_noted_is_asked_for_again_and_holds_no_other_one_up(
    session, cast, receiver, a_worker
):
    receiver.answer = lambda path: 503 if path == "/bad" else 200
    bad, good = (a_webhook(session, receiver.url(path)) for path in ("/bad", "/good"))
    refuses = REFUSES[session.get_bind().dialect.name]
    before_each_update(session, "webhook_endpoints", "bad", refuses, when=f"OLD.id = {bad}")
    delay(session, cast, 3)
    caller = WebhookSender(WebhookClient(loopback=True), KEY, webhook_body, lambda: TEN, SILENCE)
    pauses = []

    def wait(pause):
        pauses.append(pause)
        is_noted = all(call.outcome for call in calls_of(session, good))
        return len(pauses) > 50 or (is_noted and AFTER_AN_ERROR in pauses)

    with capture_logs() as logs:
        run_calls(lambda: Session(session.get_bind(), expire_on_commit=False), caller, wait=wait)

    assert [line["event"] for line in logs] == ["webhook_answer_lost"]
    assert receiver.paths().count("/good") == 3
    assert [call.outcome for call in calls_of(session, good)] == [CallOutcome.DELIVERED] * 3
    assert [call.attempts for call in calls_of(session, bad)] == [0, 0, 0]
    a_worker().work(TEN + LEASE / 2)
    assert receiver.paths().count("/bad") == 1
    with capture_logs() as logs:
        a_worker().work(TEN + LEASE)
    assert ["poison" in line["error"] for line in logs] == [True]
    assert receiver.paths().count("/bad") == 2
