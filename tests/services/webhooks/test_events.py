"""Other systems are told of the events that were chosen for them, with the facts of each."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from mentorship.domain.booking.cutoff import NO_CUTOFF
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.webhooks.events import EventKind
from mentorship.models import Cause, User, WebhookCall
from mentorship.services.booking.book import BookingRequest, NotFree, book_slot
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.correct import Correction, correct_status
from mentorship.services.sessions.move import move_session
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from mentorship.services.webhooks.endpoints import choose_kinds
from tests.support.builders import a_booking, a_profile, a_slot, a_webhook, at
from tests.support.callers import TEN, calls_of

NINE = at("09:00")


@pytest.fixture(autouse=True)
def published(session, cast):
    """The mentor can be booked."""
    a_profile(session, cast.mentor)


def told(receiver):
    """What was received: the kind of each event and the whole body."""
    bodies = [json.loads(call.body) for call in receiver.calls]
    return [(body["event"], body) for body in bodies]


def book(session, cast, slot, *, now=NINE):
    request = BookingRequest(slot_id=slot, topic="Career planning", notes="For us two alone.")
    return book_slot(session, viewer=cast.student, request=request, now=now).session_id


def move(session, cast, booking, slot, *, now=NINE):
    move_session(
        session,
        booking_id=booking,
        slot_id=slot,
        viewer=cast.mentor,
        reason="I am ill.",
        now=now,
        cutoff=NO_CUTOFF,
    )


def test_a_booking_and_its_moves_are_told_with_people_topic_and_the_times_of_then(
    session, cast, receiver, worker
):
    a_webhook(session, receiver.url(), kinds=EventKind)
    slots = [a_slot(session, cast.mentor, starts=at(time)) for time in ("11:00", "12:00", "13:00")]
    booking = book(session, cast, slots[0])
    move(session, cast, booking, slots[1])
    move(session, cast, booking, slots[2])
    session.execute(update(User).where(User.id == cast.student.id).values(name="Samira Reed"))
    session.commit()
    worker.work()

    facts = {
        "sessionId": booking,
        "mentor": {"id": cast.mentor.id, "name": "Maya Mentor"},
        "student": {"id": cast.student.id, "name": "Samira Reed"},
        "topic": "Career planning",
        "status": "SCHEDULED",
        "isDelayed": False,
    }
    eleven, twelve, thirteen, end = (f"2026-11-24T{hour}:00:00Z" for hour in (11, 12, 13, 14))
    moved = {"reason": "I am ill.", "cause": "mentor"}
    assert [body for _kind, body in told(receiver)] == [
        {
            "type": "session.booked",
            "event": "booked",
            "timestamp": "2026-11-24T09:00:00Z",
            "data": facts | {"startTime": eleven, "endTime": twelve},
        },
        {
            "type": "session.moved",
            "event": "moved",
            "timestamp": "2026-11-24T09:00:00Z",
            "data": facts
            | moved
            | {"startTime": twelve, "endTime": thirteen}
            | {"oldStartTime": eleven, "oldEndTime": twelve},
        },
        {
            "type": "session.moved",
            "event": "moved",
            "timestamp": "2026-11-24T09:00:00Z",
            "data": facts
            | moved
            | {"startTime": thirteen, "endTime": end}
            | {"oldStartTime": twelve, "oldEndTime": thirteen},
        },
    ]
    assert all(b"@" not in call.body and b"alone" not in call.body for call in receiver.calls)


def test_each_endpoint_is_called_about_the_kinds_that_it_has_chosen(
    session, cast, receiver, worker
):
    endpoints = {kind: a_webhook(session, receiver.url(), kinds={kind}) for kind in EventKind}
    every = a_webhook(session, receiver.url(), kinds=EventKind)
    off = a_webhook(session, receiver.url(), kinds=EventKind, is_active=False)
    first, second = (a_slot(session, cast.mentor, starts=at(time)) for time in ("11:00", "12:00"))
    booking = book(session, cast, second)
    move(session, cast, booking, first)
    update_session_statuses(session, now=at("11:00"), cause=Cause.WORKER, returning=no_updates)

    def kinds(endpoint):
        return [call.kind for call in calls_of(session, endpoint)]

    happened = [EventKind.BOOKED, EventKind.MOVED, EventKind.TRANSITION]
    assert kinds(every) == happened
    assert {kind: kinds(endpoint) for kind, endpoint in endpoints.items()} == {
        kind: [kind] if kind in happened else [] for kind in EventKind
    }
    assert kinds(off) == []


def test_other_kinds_are_chosen_from_then_on(session, cast, receiver, worker):
    endpoint = a_webhook(session, receiver.url())
    book(session, cast, a_slot(session, cast.mentor, starts=at("11:00")))
    choose_kinds(session, endpoint, ["booked"])
    booking = book(session, cast, a_slot(session, cast.mentor, starts=at("12:00")))
    apply_action(session, booking_id=booking, action=Action.CANCEL, viewer=cast.student, now=NINE)
    worker.work()
    assert [(kind, body["data"]["sessionId"]) for kind, body in told(receiver)] == [
        ("booked", booking)
    ]


def test_what_is_refused_or_asked_for_twice_calls_nobody_again(session, cast, receiver):
    endpoint = a_webhook(session, receiver.url(), kinds=EventKind)
    first, second = (a_slot(session, cast.mentor, starts=at(time)) for time in ("11:00", "12:00"))
    booking = book(session, cast, first)
    assert book(session, cast, first) == booking
    move(session, cast, booking, second)
    move(session, cast, booking, second)
    with pytest.raises(NotFree):
        book(session, cast, first, now=at("11:30"))
    assert [call.kind for call in calls_of(session, endpoint)] == ["booked", "moved"]


@pytest.mark.parametrize(
    ("kinds", "kind"),
    [
        ({EventKind.TRANSITION, EventKind.CORRECTED}, "corrected"),
        ({EventKind.CORRECTED}, "corrected"),
        ({EventKind.TRANSITION}, "transition"),
        ({EventKind.BOOKED, EventKind.MOVED, EventKind.OUTCOME}, None),
    ],
)
def test_a_correction_is_told_once_and_as_a_transition_to_who_follows_those_alone(
    session, cast, receiver, worker, kinds, kind
):
    a_webhook(session, receiver.url(), kinds=kinds)
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, status=Status.COMPLETED)
    correction = Correction(Status.ONGOING, is_delayed=True, reason="They are still talking.")
    correct_status(session, booking_id=booking, correction=correction, viewer=cast.admin, now=TEN)
    worker.work()

    assert [event for event, _body in told(receiver)] == ([kind] if kind else [])
    for _event, body in told(receiver):
        types = {"corrected": "session.corrected", "transition": "session.status_changed"}
        assert body["type"] == types[kind]
        data = body["data"]
        assert (data["oldStatus"], data["newStatus"], data["status"], data["isDelayed"]) == (
            "COMPLETED",
            "ONGOING",
            "ONGOING",
            True,
        )
        assert (data["reason"], data["cause"]) == ("They are still talking.", "admin")


def test_the_database_takes_each_event_once_for_an_endpoint(session, cast, receiver):
    endpoint = a_webhook(session, receiver.url(), kinds=EventKind)
    booking = book(session, cast, a_slot(session, cast.mentor, starts=at("11:00")))
    [call] = calls_of(session, endpoint)
    values = {
        "endpoint_id": endpoint,
        "kind": call.kind,
        "booking_id": booking,
        "created_at": NINE,
        "next_try_at": NINE + timedelta(days=1),
    }
    session.rollback()
    with pytest.raises(IntegrityError):
        session.execute(insert(WebhookCall).values(values))
    session.rollback()
