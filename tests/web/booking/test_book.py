"""Booking and moving over HTTP: JSON, and pages as plain forms."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from mentorship.domain.accounts.viewers import Role
from mentorship.models import User
from tests.support.builders import (
    a_booking,
    a_seat,
    a_slot,
    a_user,
    at,
    booking_count,
    the_booking,
)
from tests.support.processes import at_once, sign_in_as

PAGE = {"Accept": "text/html"}


def test_a_student_books_and_hears_what_and_when(client_for, cast, slots):
    answer = client_for(cast.student).post(
        "/api/bookings", json={"slotId": slots[0], "topic": "Tests", "notes": "First\nSecond"}
    )

    assert (answer.status_code, answer.json) == (
        200,
        {
            "success": True,
            "message": "The session is booked: Tests with Maya Mentor.",
            "sessionId": 1,
            "slotId": slots[0],
            "topic": "Tests",
            "changed": True,
            "startTime": "2026-11-24T14:00:00Z",
            "endTime": "2026-11-24T15:00:00Z",
        },
    )


def test_a_time_of_a_mentor_who_waits_for_approval_is_not_there(client_for, session, cast, slots):
    own = a_booking(session, mentor=cast.mentor, student=cast.student, starts="20:00")
    session.execute(update(User).values(is_approval_pending=User.id == cast.mentor.id))
    session.commit()
    client, slot, mentor = client_for(cast.student), slots[0], cast.mentor.id

    def ask(slot_id):
        """Each way to a time: the page, the form, and the JSON to book, to move and to wait."""
        form = {"topic": "Tests", "notes": ""}
        yield client.get(f"/slots/{slot_id}/book", headers=PAGE)
        yield client.post(f"/slots/{slot_id}/book", data=form, headers=PAGE)
        yield client.post("/api/bookings", json={"slotId": slot_id, "topic": "Tests"})
        yield client.post(f"/api/sessions/{own}/reschedule", json={"slotId": slot_id})

    waiting, unknown = list(ask(slot)), list(ask(999))
    assert [answer.status_code for answer in waiting] == [404] * 4
    assert [answer.data for answer in waiting] == [answer.data for answer in unknown]
    for path in (f"/mentors/{mentor}", f"/api/mentors/{mentor}/slots"):
        assert client.get(path).status_code == 404
    wait = client.post(f"/api/mentors/{mentor}/waiting-list", json={"week": "2026-11-23"})
    assert wait.status_code == 404
    assert booking_count(session) == 1


def test_a_taken_time_is_409_with_a_sentence_and_the_next_free_times(
    client_for, session, cast, slots
):
    a_seat(session, slots[0], cast.stranger)

    answer = client_for(cast.student).post(
        "/api/bookings", json={"slotId": slots[0], "topic": "Tests"}
    )

    assert answer.status_code == 409
    assert answer.json["error"] == "This time has just been taken by somebody else."
    assert [each["slotId"] for each in answer.json["nextFree"]] == slots[1:]
    assert answer.json["nextFree"][0] == {
        "slotId": slots[1],
        "seatsLeft": 1,
        "changeableUntil": "2026-11-24T12:00:00Z",
        "startTime": "2026-11-24T16:00:00Z",
        "endTime": "2026-11-24T17:00:00Z",
    }


def test_at_the_limit_of_open_sessions_a_booking_is_409_with_a_sentence(
    client_for, session, cast, slots, at_the_limit
):
    answer = client_for(cast.student).post("/api/bookings", json={"slotId": slots[0], "topic": "x"})

    assert (answer.status_code, booking_count(session)) == (409, 3)
    assert answer.json == {
        "success": False,
        "error": "You already have 3 sessions with Maya Mentor that are still to come. "
        "You can book again once one of them is over or cancelled.",
    }


def test_at_the_limit_the_page_says_so_before_and_keeps_what_was_typed_after(
    client_for, session, cast, slots, at_the_limit
):
    client = client_for(cast.student)

    before = client.get(f"/slots/{slots[0]}/book")
    after = client.post(
        f"/slots/{slots[0]}/book", data={"topic": "My topic", "notes": "My notes"}, headers=PAGE
    )

    assert (before.status_code, after.status_code, booking_count(session)) == (200, 409, 3)
    for page in (before, after):
        assert "You already have 3 sessions with Maya Mentor" in page.text
    assert "My topic" in after.text
    assert "My notes" in after.text


def test_the_settings_say_where_the_limits_are(app_with, session, cast, slots):
    a_booking(session, mentor=cast.other_mentor, student=cast.student, starts="20:00")
    app = app_with(max_open_bookings=1)
    client = app.test_client()
    sign_in_as(app, client, cast.student)

    answer = client.post("/api/bookings", json={"slotId": slots[0], "topic": "x"})

    assert (answer.status_code, booking_count(session)) == (409, 1)
    assert "already have 1 session that is still to come" in answer.json["error"]


def test_the_same_key_and_body_have_the_same_answer_and_another_body_is_422(
    client_for, session, cast, slots
):
    client, keyed = client_for(cast.student), {"Idempotency-Key": "k-1"}
    wish = {"slotId": slots[0], "topic": "Tests"}

    first = client.post("/api/bookings", json=wish, headers=keyed)
    again = client.post("/api/bookings", json=wish, headers=keyed)
    other = client.post("/api/bookings", json=wish | {"topic": "Other"}, headers=keyed)

    assert first.status_code == 200
    assert (again.status_code, again.data) == (200, first.data)
    assert (other.status_code, other.json["success"]) == (422, False)
    assert booking_count(session) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "with a blank", "ä"])
def test_a_key_that_cannot_be_one_is_refused(client_for, session, cast, slots, key):
    answer = client_for(cast.student).post(
        "/api/bookings",
        json={"slotId": slots[0], "topic": "x"},
        headers={"Idempotency-Key": key},
    )

    assert (answer.status_code, booking_count(session)) == (400, 0)


def test_equal_requests_with_one_key_at_once_make_one_booking(client_for, session, cast, slots):
    clients = [client_for(cast.student) for _ in range(6)]
    wish = {"slotId": slots[0], "topic": "Tests"}

    answers = at_once(
        lambda: clients.pop().post("/api/bookings", json=wish, headers={"Idempotency-Key": "k"}),
        len(clients),
    )

    assert {(answer.status_code, answer.data) for answer in answers} == {(200, answers[0].data)}
    assert booking_count(session) == 1


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"topic": "x"}, "'slotId' is missing"),
        ({"slotId": 1}, "'topic' is missing"),
        ({"slotId": 1, "topic": "  "}, "topic is missing"),
        ({"slotId": 0, "topic": "x"}, "'slotId'"),
        ({"slotId": 10**20, "topic": "x"}, "'slotId'"),
        ({"slotId": 1, "topic": "x" * 201}, "longer than 200"),
        ({"slotId": 1, "topic": "x", "notes": "y" * 2001}, "longer than 2000"),
        ({"slotId": 1, "topic": "x", "notes": "y\x00"}, "cannot be used"),
        ({"slotId": 1, "topic": "x", "status": "COMPLETED"}, "'status' cannot be set"),
        ({"slotId": 1, "topic": "x", "mentorId": 3}, "'mentorId' cannot be set"),
    ],
)
def test_bad_input_is_a_sentence_and_writes_nothing(client_for, session, cast, slots, fields, says):
    answer = client_for(cast.student).post("/api/bookings", json=fields)

    assert (answer.status_code, booking_count(session)) == (400, 0)
    assert says in answer.json["error"]


def test_the_form_books_and_leads_to_the_session(client_for, session, cast, slots):
    client = client_for(cast.student)
    assert "with Maya Mentor" in client.get(f"/slots/{slots[0]}/book").text

    answer = client.post(f"/slots/{slots[0]}/book", data={"topic": "Tests", "notes": "A\r\nB"})

    assert (answer.status_code, answer.location) == (303, "/sessions/1")
    page = client.get(answer.location).text
    assert "The session is booked" in page
    assert "Booked by Sam Student" in page
    assert the_booking(session, 1).notes == "A\nB"
    back = client.get(f"/slots/{slots[0]}/book")
    assert (back.status_code, back.location) == (303, "/sessions/1")


def test_a_refused_form_keeps_what_was_typed_or_shows_the_next_free_times(
    client_for, session, cast, slots
):
    client = client_for(cast.student)
    wrong = client.post(f"/slots/{slots[0]}/book", data={"topic": " ", "notes": "<b>kept</b>"})
    assert (wrong.status_code, "&lt;b&gt;kept&lt;/b&gt;" in wrong.text) == (400, True)

    a_seat(session, slots[0], cast.stranger)
    taken = client.post(f"/slots/{slots[0]}/book", data={"topic": "x", "notes": "<b>kept</b>"})
    assert taken.status_code == 409
    assert "taken by somebody else" in taken.text
    assert 'value="x"' in taken.text
    assert "&lt;b&gt;kept&lt;/b&gt;" in taken.text
    assert f'formaction="/slots/{slots[1]}/book"' in taken.text
    assert client.get("/slots/4711/book").status_code == 404


def test_a_session_moves_by_json_and_by_form_and_its_history_says_so(
    client_for, session, cast, slots
):
    booking = a_seat(session, slots[0], cast.student)
    mentor, path = client_for(cast.mentor), f"/sessions/{booking}/move"

    answer = mentor.post(f"/api/sessions/{booking}/reschedule", json={"slotId": slots[1]})
    assert (answer.status_code, answer.json["message"], answer.json["changed"]) == (
        200,
        "The session has been moved.",
        True,
    )
    assert f'value="{slots[2]}"' in mentor.get(path).text
    assert mentor.post(path, data={}).status_code == 400
    moved = mentor.post(path, data={"slotId": slots[2], "reason": "A train is late."})

    assert (moved.status_code, moved.location) == (303, f"/sessions/{booking}")
    page = client_for(cast.student).get(moved.location).text
    assert page.count("Moved by Maya Mentor (mentor)") == 2
    assert "A train is late." in page
    assert "16:00 UTC to Tue 24 Nov 2026, 18:00 UTC" in page


def test_a_mentor_sees_the_group_and_a_student_does_not(client_for, session, cast, clock):
    slot = a_slot(session, cast.mentor, starts="14:00", capacity=2)
    booking, other = (a_seat(session, slot, each) for each in (cast.student, cast.stranger))

    assert f"/sessions/{other}" in client_for(cast.mentor).get(f"/sessions/{booking}").text
    assert "Stella" not in client_for(cast.student).get(f"/sessions/{booking}").text


def test_an_admins_dashboard_hears_of_a_move(client_for, session, cast, slots):
    booking = a_seat(session, slots[0], cast.student)
    admin = client_for(cast.admin)
    seen = admin.get("/dashboard").text.partition('name="seen" value="')[2].partition('"')[0]
    poll = {"path": "/api/admin/update-session-status", "headers": {"HX-Request": "true"}}
    assert admin.post(**poll, data={"seen": seen}).status_code == 204

    admin.post(f"/api/sessions/{booking}/reschedule", json={"slotId": slots[1]})

    assert admin.post(**poll, data={"seen": seen}).status_code == 200


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_long_list_of_times_is_paged(client_for, session, cast, slots):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="15:00")
    for number in range(30):
        a_slot(session, cast.mentor, starts=at("10:00", days=1) + number * timedelta(hours=1))
    mentor = client_for(cast.mentor)

    first, second = (
        mentor.get(f"/sessions/{booking}/move?page={number}").text for number in (1, 2)
    )

    assert (first.count('type="radio"'), second.count('type="radio"')) == (20, 13)
    assert ("Earlier times" in first, "Later times" in first) == (False, True)
    assert ("Earlier times" in second, "Later times" in second) == (True, False)
    kept = mentor.get(f"/sessions/{booking}/move?page=2&reason=A+%3Cflight%3E").text
    assert 'value="A &lt;flight&gt;"' in kept
    assert mentor.get(f"/sessions/{booking}/move?page=0").status_code == 400


def test_the_next_free_times_lead_to_the_rest_of_their_week(client_for, session, cast, slots):
    """In the student's zone, in which the Monday's first time is on a Sunday."""
    westward = a_user(session, "Wanda", Role.STUDENT, timezone="America/Vancouver")
    a_seat(session, slots[0], cast.stranger)
    for slot in slots[1:]:
        a_seat(session, slot, cast.stranger)
    a_slot(session, cast.mentor, starts=at("02:00", days=6))
    for student, monday in ((cast.student, "2026-11-30"), (westward, "2026-11-23")):
        page = client_for(student).get(f"/slots/{slots[0]}/book").text
        assert f'href="/mentors/{cast.mentor.id}?week={monday}"' in page
