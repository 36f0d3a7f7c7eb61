"""Other systems are told once how the outcome of a session was settled, whatever settled it."""

import json
import re
import threading
from datetime import timedelta

import pytest
from sqlalchemy import event, insert, update
from sqlalchemy.orm import Session

from mentorship.domain.sessions.lifecycle import NOTIFY_AFTER, Action, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.domain.webhooks.events import EventKind
from mentorship.models import SessionBooking, SettledMark
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.correct import Correction, correct_status
from mentorship.services.sessions.outcomes import decide_outcome, say_outcome
from mentorship.services.sessions.undo import undo_action
from mentorship.services.webhooks.calls import EVERY, enqueue_settled_by_silence
from tests.queries.sessions.test_due import many_bookings
from tests.support.builders import a_booking, a_webhook, at
from tests.support.callers import SILENCE, calls_of, delay

TOOK_PLACE, NOBODY_CAME = OutcomeWord.TOOK_PLACE, OutcomeWord.NOBODY_CAME
NOON = at("12:00")


@pytest.fixture
def endpoint(session, receiver):
    return a_webhook(session, receiver.url(), kinds={EventKind.OUTCOME})


def say(session, viewer, booking, word, *, now, reason=None, **more):
    say_outcome(
        session,
        booking_id=booking,
        viewer=viewer,
        word=word,
        reason=reason,
        now=now,
        silence=SILENCE,
        **more,
    )


def told(receiver):
    """The session and the outcome of each call, in order."""
    found = []
    for call in receiver.calls:
        body = json.loads(call.body)
        end = "settled" if body["data"]["outcome"]["state"] == "SETTLED" else "reopened"
        assert (body["type"], body["event"]) == (f"session.outcome_{end}", "outcome")
        found.append((body["data"]["sessionId"], body["data"]["outcome"]))
    return found


def settled(word, *, decided_by=None, reason=None):
    return {"state": "SETTLED", "value": word, "decidedBy": decided_by, "reason": reason}


def test_the_word_that_makes_both_agree_is_told_and_a_claim_or_a_dispute_is_not(
    session, cast, endpoint, receiver, worker
):
    [booking] = delay(session, cast)
    say(session, cast.student, booking, NOBODY_CAME, now=NOON)
    say(session, cast.mentor, booking, TOOK_PLACE, now=NOON)
    assert calls_of(session, endpoint) == []
    say(session, cast.student, booking, TOOK_PLACE, now=NOON)
    worker.work(NOON)

    assert told(receiver) == [(booking, settled("TOOK_PLACE"))]
    [call] = receiver.calls
    body = json.loads(call.body)
    assert body["timestamp"] == "2026-11-24T12:00:00Z"
    assert {name: body["data"][name] for name in ("mentor", "student", "topic", "startTime")} == {
        "mentor": {"id": cast.mentor.id, "name": "Maya Mentor"},
        "student": {"id": cast.student.id, "name": "Sam Student"},
        "topic": "A topic",
        "startTime": "2026-11-24T10:00:00Z",
    }


def test_a_decision_is_told_with_its_admin_and_another_one_after_it_too(
    session, cast, endpoint, receiver, worker
):
    [booking] = delay(session, cast)
    for word in (NOBODY_CAME, TOOK_PLACE, TOOK_PLACE):
        decide_outcome(
            session,
            booking_id=booking,
            viewer=cast.admin,
            word=word,
            reason="I asked both.",
            now=NOON,
            silence=SILENCE,
        )
    worker.work(NOON)
    assert told(receiver) == []  # The first has completed the session, which can be undone.
    worker.work(NOON + NOTIFY_AFTER)

    by = {"id": cast.admin.id, "name": "Ada Admin"}
    assert told(receiver) == [
        (booking, settled(word, decided_by=by, reason="I asked both."))
        for word in ("NOBODY_CAME", "TOOK_PLACE")
    ]


@pytest.mark.parametrize(("word", "is_told"), [(TOOK_PLACE, True), (NOBODY_CAME, False)])
def test_a_late_beginning_settles_what_the_student_said_before(
    session, cast, endpoint, receiver, worker, word, is_told
):
    [booking] = delay(session, cast)
    say(session, cast.student, booking, word, now=at("10:05"))
    apply_action(
        session, booking_id=booking, action=Action.ARRIVE, viewer=cast.mentor, now=at("10:06")
    )
    worker.work(NOON)
    assert told(receiver) == [(booking, settled("TOOK_PLACE"))] * is_told


def test_an_outcome_that_a_press_has_settled_is_not_told_when_the_press_is_undone_in_time(
    session, cast, endpoint, receiver, worker
):
    begun, completed = delay(session, cast, 2)
    say(session, cast.student, begun, TOOK_PLACE, now=at("10:05"))
    say(session, cast.student, completed, TOOK_PLACE, now=at("10:05"))
    ten_past, undone = at("10:10"), at("10:10:19")
    apply_action(session, booking_id=begun, action=Action.ARRIVE, viewer=cast.mentor, now=ten_past)
    say(session, cast.mentor, completed, TOOK_PLACE, now=ten_past, also_completes=True)
    assert [call.booking_id for call in calls_of(session, endpoint)] == [begun, completed]
    worker.work(undone)
    undo_action(session, booking_id=begun, viewer=cast.mentor, now=undone)
    undo_action(session, booking_id=completed, viewer=cast.mentor, now=undone)
    worker.work(NOON)
    assert told(receiver) == []
    assert calls_of(session, endpoint) == []


def reopened(state, value=None):
    return {"state": state, "value": value, "decidedBy": None, "reason": None}


def test_an_undo_after_an_outcome_was_told_tells_what_it_is_now(
    session, cast, endpoint, receiver, worker
):
    begun, completed, decided, untold = delay(session, cast, 4)
    for booking in (begun, completed):
        say(session, cast.student, booking, TOOK_PLACE, now=at("10:05"))
    ten_past = at("10:10")
    apply_action(session, booking_id=begun, action=Action.ARRIVE, viewer=cast.mentor, now=ten_past)
    say(session, cast.mentor, completed, TOOK_PLACE, now=ten_past, also_completes=True)
    said = {"reason": "I asked both.", "also_completes": True, "now": ten_past}
    say(session, cast.admin, decided, NOBODY_CAME, **said)
    worker.work(ten_past + NOTIFY_AFTER)
    assert len(told(receiver)) == 3
    say(session, cast.admin, untold, NOBODY_CAME, **said)
    receiver.calls.clear()

    who = {begun: cast.mentor, completed: cast.mentor, decided: cast.admin, untold: cast.admin}
    for booking, viewer in who.items():
        undo_action(session, booking_id=booking, viewer=viewer, now=at("10:11"))
    worker.work(at("10:11"))

    assert told(receiver) == [
        (begun, reopened("CLAIMED", "TOOK_PLACE")),
        (completed, reopened("CLAIMED", "TOOK_PLACE")),
        (decided, reopened("OPEN")),
    ]


def test_an_outcome_that_stands_again_after_an_undo_is_told_as_settled(
    session, cast, endpoint, receiver, worker
):
    [booking] = delay(session, cast)
    for viewer in (cast.student, cast.mentor):
        say(session, viewer, booking, NOBODY_CAME, now=at("10:05"))
    said = {"reason": "I asked both.", "also_completes": True, "now": at("10:10")}
    say(session, cast.admin, booking, TOOK_PLACE, **said)
    worker.work(at("10:10") + NOTIFY_AFTER)
    receiver.calls.clear()

    undo_action(session, booking_id=booking, viewer=cast.admin, now=at("10:11"))
    worker.work(at("10:11"))

    assert told(receiver) == [(booking, settled("NOBODY_CAME"))]


def test_a_correction_to_scheduled_takes_back_an_outcome_that_was_told(
    session, cast, endpoint, receiver, worker
):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    apply_action(
        session, booking_id=booking, action=Action.START, viewer=cast.mentor, now=at("09:30")
    )
    # By a server whose clock was ahead.
    decide_outcome(
        session, booking_id=booking, viewer=cast.admin, word=TOOK_PLACE, reason="It did.",
        now=at("10:00"), silence=SILENCE,
    )  # fmt: skip
    worker.work(at("10:00"))
    receiver.calls.clear()

    correct_status(
        session, booking_id=booking, viewer=cast.admin, now=at("09:59"),
        correction=Correction(Status.SCHEDULED, None, "It is still to come."),
    )  # fmt: skip
    worker.work(at("10:01"))

    assert told(receiver) == [(booking, reopened("OPEN"))]


def test_silence_is_told_once_when_its_time_has_passed(session, cast, endpoint, receiver, worker):
    claimed, open_, disputed = delay(session, cast, 3)
    worker.work(NOON)  # From here on it looks.
    say(session, cast.student, claimed, NOBODY_CAME, now=NOON)
    say(session, cast.student, disputed, NOBODY_CAME, now=NOON)
    say(session, cast.mentor, disputed, TOOK_PLACE, now=NOON)
    worker.work(NOON + SILENCE - EVERY)
    assert told(receiver) == []

    for later in range(5):
        worker.work(NOON + SILENCE + EVERY * later)
    assert told(receiver) == [(claimed, settled("NOBODY_CAME"))]
    assert open_ not in {call.booking_id for call in calls_of(session, endpoint)}


def test_silence_counts_from_the_end_where_the_word_is_older(
    session, cast, endpoint, receiver, worker
):
    worker.work(at("09:00"))
    booking = a_booking(session, mentor=cast.mentor, student=cast.student)
    apply_action(
        session, booking_id=booking, action=Action.START, viewer=cast.mentor, now=at("09:59")
    )
    worker.work(at("10:59") + SILENCE)
    assert told(receiver) == []
    worker.work(at("11:00") + SILENCE)
    assert told(receiver) == [(booking, settled("TOOK_PLACE"))]


def test_what_silence_settled_before_anybody_looked_or_wanted_it_is_not_told(
    session, cast, receiver, worker
):
    past, soon = delay(session, cast, 2)
    say(session, cast.student, past, NOBODY_CAME, now=at("11:00"))
    say(session, cast.student, soon, NOBODY_CAME, now=NOON)
    worker.work(at("11:00") + SILENCE)
    endpoint = a_webhook(session, receiver.url(), kinds={EventKind.OUTCOME})
    worker.work(at("11:30") + SILENCE)
    assert calls_of(session, endpoint) == []
    worker.work(NOON + SILENCE + timedelta(days=40))  # The worker was away.
    assert told(receiver) == [(soon, settled("NOBODY_CAME"))]


def test_what_silence_settles_is_found_by_indexes(session, cast, endpoint):
    many_bookings(session, cast, 2_000)
    session.execute(
        update(SessionBooking).values(mentor_says=TOOK_PLACE, mentor_said_at=at("09:00"))
    )
    session.execute(insert(SettledMark).values(id=1, told_until=NOON))
    session.commit()
    engine, seen = session.get_bind(), []

    def note(_connection, _cursor, sql, values, *_rest):
        if sql.startswith("INSERT"):
            seen.append((sql, values))

    event.listen(engine, "before_cursor_execute", note)
    enqueue_settled_by_silence(session, now=NOON + SILENCE + EVERY, silence=SILENCE)
    event.remove(engine, "before_cursor_execute", note)

    [(sql, values)] = seen
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    rows = session.connection().exec_driver_sql(f"{explain} {sql}", values)
    plan = "\n".join(str(row[-1]) for row in rows)
    assert plan.count("ix_session_bookings_claimed_end") == 1, plan
    assert plan.count("ix_session_bookings_claimed_said") == 2, plan
    assert not re.search("SCAN session_bookings|Seq Scan on session_b", plan), plan


def test_two_workers_and_a_clock_that_was_ahead_tell_silence_once(
    session, cast, endpoint, receiver, a_worker
):
    [booking] = delay(session, cast)
    workers = [a_worker(), a_worker()]
    workers[0].work(NOON)
    say(session, cast.student, booking, NOBODY_CAME, now=NOON)
    moment = threading.Barrier(2)

    def look(_worker):
        with Session(session.get_bind()) as own:
            moment.wait()
            enqueue_settled_by_silence(own, now=NOON + SILENCE * 2, silence=SILENCE)

    threads = [threading.Thread(target=look, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    workers[0].work(NOON + SILENCE - EVERY)  # The clock was wrong, and is put right.
    workers[0].work(NOON + SILENCE + EVERY)
    workers[0].work(NOON + SILENCE * 3)
    assert told(receiver) == [(booking, settled("NOBODY_CAME"))]
