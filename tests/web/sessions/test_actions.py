"""POST /api/sessions/<id>/start, arrive, complete and cancel."""

import io
import json

import pytest

from mentorship.domain.sessions.lifecycle import Status
from tests.support.builders import a_booking, the_booking, the_journal

DELAYED = {"status": Status.ONGOING, "is_delayed": True}
ACTIONS = ("start", "arrive", "complete", "cancel")


@pytest.fixture
def booked(session, cast, clock):
    """`booked("10:00", ...)`: a session of the student with her mentor; the time is 09:50."""

    def make(starts="10:00", **state):
        return a_booking(session, mentor=cast.mentor, student=cast.student, starts=starts, **state)

    return make


@pytest.fixture
def mentor(client_for, cast):
    return client_for(cast.mentor)


def state(session, booking):
    kept = the_booking(session, booking)
    return kept.status, kept.is_delayed


def test_a_mentor_starts_a_session_by_a_plain_post_without_a_body(session, booked, mentor):
    booking = booked()

    answer = mentor.post(f"/api/sessions/{booking}/start")

    assert (answer.status_code, answer.json) == (
        200,
        {
            "success": True,
            "message": "The session has started.",
            "sessionId": booking,
            "newStatus": "ONGOING",
            "isDelayed": False,
            "changed": True,
        },
    )
    assert state(session, booking) == (Status.ONGOING, False)
    [entry] = the_journal(session, booking)
    assert (entry.cause, entry.due_at) == ("mentor", None)


def test_an_arrival_keeps_the_flag(session, booked, mentor):
    booking = booked("09:30", **DELAYED)

    answer = mentor.post(f"/api/sessions/{booking}/arrive")

    assert answer.json == {
        "success": True,
        "message": "The session is marked as begun.",
        "sessionId": booking,
        "newStatus": "ONGOING",
        "isDelayed": True,
        "changed": True,
    }
    assert state(session, booking) == (Status.ONGOING, True)
    assert the_booking(session, booking).started_at is not None


@pytest.mark.parametrize("is_delayed", [False, True])
def test_a_completion_says_whether_the_session_was_delayed(
    session, booked, client_for, cast, is_delayed
):
    booking = booked("09:30", status=Status.ONGOING, is_delayed=is_delayed)

    answer = client_for(cast.student).post(f"/api/sessions/{booking}/complete")

    assert answer.json == {
        "success": True,
        "message": "The session is completed.",
        "sessionId": booking,
        "newStatus": "COMPLETED",
        "isDelayed": is_delayed,
        "wasDelayed": is_delayed,
        "changed": True,
    }
    assert state(session, booking) == (Status.COMPLETED, is_delayed)


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"reason": "  I am ill  "}},
        {"data": {"reason": "I am ill"}},
        {"data": {"reason": "I am ill"}, "content_type": "multipart/form-data"},
        {"data": b'{"reason": "I am ill"}', "content_type": "application/json; charset=utf-8"},
    ],
)
def test_a_cancellation_keeps_its_reason_however_it_is_sent(
    session, booked, client_for, cast, sent
):
    booking = booked("14:00")

    answer = client_for(cast.student).post(f"/api/sessions/{booking}/cancel", **sent)

    assert answer.json == {
        "success": True,
        "message": "The session is cancelled.",
        "sessionId": booking,
        "newStatus": "CANCELLED",
        "isDelayed": False,
        "changed": True,
    }
    assert the_booking(session, booking).cancel_reason == "I am ill"


@pytest.mark.parametrize(
    "sent", [{}, {"json": {}}, {"data": {"reason": " "}}, {"content_type": "application/json"}]
)
def test_a_cancellation_needs_no_reason(session, booked, mentor, sent):
    booking = booked()

    assert mentor.post(f"/api/sessions/{booking}/cancel", **sent).status_code == 200
    assert the_booking(session, booking).cancel_reason is None


@pytest.mark.parametrize(
    ("action", "kept"),
    [
        ("start", {"status": Status.ONGOING}),
        ("arrive", {**DELAYED, "arrived": True}),
        ("complete", {"status": Status.COMPLETED}),
        ("cancel", {"status": Status.CANCELLED}),
    ],
)
def test_an_action_whose_end_already_holds_changes_nothing(session, booked, mentor, action, kept):
    booking = booked("09:30", **kept)

    answer = mentor.post(f"/api/sessions/{booking}/{action}")

    assert answer.status_code == 200
    assert answer.json["changed"] is False
    assert " already " in answer.json["message"]
    assert the_journal(session) == []
    assert the_booking(session, booking).revision == 1


def test_a_conflict_tells_the_current_state(session, booked, mentor):
    booking = booked(**DELAYED)

    answer = mentor.post(f"/api/sessions/{booking}/start")

    assert (answer.status_code, answer.json) == (
        409,
        {
            "success": False,
            "status": "ONGOING",
            "isDelayed": True,
            "error": "This session is delayed because its start time has passed. "
            "Mark it as begun instead.",
        },
    )
    assert state(session, booking) == (Status.ONGOING, True)
    assert the_journal(session) == []


def test_a_start_at_the_end_time_marks_the_delay_and_is_a_conflict(session, booked, mentor, clock):
    booking = booked("10:00")
    clock.move_to("2026-11-24 11:00:00")

    answer = mentor.post(f"/api/sessions/{booking}/start")

    assert answer.status_code == 409
    assert (answer.json["status"], answer.json["isDelayed"]) == ("ONGOING", True)
    assert state(session, booking) == (Status.ONGOING, True)
    [entry] = the_journal(session, booking)
    assert (entry.actor_id, entry.due_at.hour) == (None, 10)


def test_a_start_after_the_start_time_and_before_a_sweep_wins(session, booked, mentor, clock):
    booking = booked("10:00")
    clock.move_to("2026-11-24 10:30:00")

    assert mentor.post(f"/api/sessions/{booking}/start").json["isDelayed"] is False
    assert state(session, booking) == (Status.ONGOING, False)


def test_only_the_mentor_and_an_admin_start_and_each_sees_why_not(booked, client_for, cast):
    path = f"/api/sessions/{booked()}/start"

    refused = {
        name: client_for(viewer).post(path)
        for name, viewer in {
            "nobody": None,
            "stranger": cast.stranger,
            "other": cast.other_mentor,
            "student": cast.student,
        }.items()
    }

    assert {name: (it.status_code, it.json["error"]) for name, it in refused.items()} == {
        "nobody": (401, "Please sign in first."),
        "stranger": (404, "There is no such session."),
        "other": (404, "There is no such session."),
        "student": (403, "Only the mentor of this session can do that."),
    }
    assert client_for(cast.admin).post(path).json["changed"] is True


@pytest.mark.parametrize("action", ACTIONS)
def test_an_id_that_does_not_fit_is_not_found(client_for, cast, action):
    client = client_for(cast.admin)
    for number in (
        "0",
        "00",
        "01",
        "-1",
        "1.0",
        "1e3",
        "seven",
        "%00",
        "\u0663",
        "%E2%82%AC",
        "9" * 4000,
        2**31 - 1,
        2**31,
        2**63,
        10**17,
        10**20,
    ):
        answer = client.post(f"/api/sessions/{number}/{action}")
        assert (answer.status_code, answer.json["success"]) == (404, False), number


def test_another_method_is_refused_and_names_the_right_one(booked, mentor):
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = mentor.open(f"/api/sessions/{booked()}/start", method=method)
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}
        assert answer.json["error"].endswith(".")


@pytest.mark.parametrize("field", ["status", "isDelayed", "is_delayed", "role", "mentorId", "now"])
def test_a_field_that_is_not_the_callers_to_set_is_refused(session, booked, mentor, field):
    for action in ACTIONS:
        booking = booked("09:30", **DELAYED) if action in ("arrive", "complete") else booked()
        path = f"/api/sessions/{booking}/{action}"
        for answer in (
            mentor.post(path, json={field: "COMPLETED"}),
            mentor.post(path, json={field: True}),
            mentor.post(path, data={field: "COMPLETED"}),
            mentor.post(path, data={field: (io.BytesIO(b"COMPLETED"), "x.txt")}),
        ):
            assert answer.status_code == 400
            assert answer.json["error"] == f"The field '{field}' cannot be set here."
        answer = mentor.post(path, query_string={field: "COMPLETED"})
        assert answer.status_code == 400
        assert answer.json["error"] == f"This route does not know these arguments: '{field}'."
        assert the_booking(session, booking).revision == 1
    assert the_journal(session) == []


NOT_A_BODY = [
    (b'{"reason": ',                       "application/json", "is not valid JSON"),
    (b'{"reason": "\xff"}',                "application/json", "is not valid JSON"),
    (b'{"reason": "\\ud800"}',             "application/json", "is not valid JSON"),
    (b"[" * 60_000,                        "application/json", "is not valid JSON"),
    (b"NaN",                               "application/json", "must be a JSON object"),
    (b"[]",                                "application/json", "must be a JSON object"),
    (b"null",                              "application/json", "must be a JSON object"),
    (b'"reason"',                          "application/json", "must be a JSON object"),
    (b"9" * 5000,                          "application/json", "is not valid JSON"),
    (b'{"reason": 7}',                     "application/json", "must be text"),
    (b'{"reason": null}',                  "application/json", "must be text"),
    (b'{"reason": ["ill"]}',               "application/json", "must be text"),
    (b'{"reason": "a\\u0000b"}',           "application/json", "cannot be used"),
    (b'{"reason": "a\\r\\nBcc: b"}',       "application/json", "cannot be used"),
    (json.dumps({"reason": "x" * 301}).encode(), "application/json", "longer than 300"),
    (b"reason=a%00b",  "application/x-www-form-urlencoded",   "cannot be used"),
    (b"reason=" + b"x" * 301, "application/x-www-form-urlencoded", "longer than 300"),
    (b"I am ill",                          "text/plain",       "form or a JSON object"),
    (b"<reason/>",                         "application/xml",  "form or a JSON object"),
]  # fmt: skip


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)  # The database is never asked.
@pytest.mark.parametrize(("body", "kind", "complaint"), NOT_A_BODY)
def test_a_body_that_does_not_fit_is_refused_with_a_sentence(
    session, booked, mentor, body, kind, complaint
):
    booking = booked()

    answer = mentor.post(f"/api/sessions/{booking}/cancel", data=body, content_type=kind)

    assert answer.status_code == 400
    assert complaint in answer.json["error"]
    assert answer.json["error"].endswith(".")
    assert state(session, booking) == (Status.SCHEDULED, False)


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
def test_a_body_that_is_too_large_is_refused_unread(session, booked, mentor, kind):
    booking = booked()

    answer = mentor.post(
        f"/api/sessions/{booking}/cancel", data=b"reason=" + b"x" * 70_000, content_type=kind
    )

    assert (answer.status_code, answer.json["error"]) == (413, "This request is too large.")
    assert state(session, booking) == (Status.SCHEDULED, False)


def test_htmx_gets_a_notice_and_the_lists_ask_at_once(booked, mentor):
    answer = mentor.post(f"/api/sessions/{booked()}/start", headers={"HX-Request": "true"})

    assert answer.mimetype == "text/html"
    assert "“A topic” has started." in answer.text
    assert json.loads(answer.headers["HX-Trigger"]) == {"poll-now": {"target": "#sessions"}}


def test_htmx_gets_a_refusal_as_a_notice_and_a_conflict_makes_the_lists_ask(
    booked, client_for, mentor, cast
):
    asked = {"HX-Request": "true"}
    conflict = mentor.post(f"/api/sessions/{booked('09:30', **DELAYED)}/start", headers=asked)
    role = client_for(cast.student).post(f"/api/sessions/{booked()}/start", headers=asked)

    for answer, status in ((conflict, 409), (role, 403)):
        assert (answer.status_code, answer.mimetype) == (status, "text/html")
        assert answer.headers["HX-Retarget"] == "#notice"
    assert "poll-now" in conflict.headers["HX-Trigger"]
    assert "HX-Trigger" not in role.headers


def test_htmx_is_sent_to_the_sign_in_page_where_nobody_is_signed_in(booked, client_for):
    answer = client_for(None).post(
        f"/api/sessions/{booked()}/start", headers={"HX-Request": "true"}
    )

    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login")


def test_a_plain_form_leads_back_to_the_dashboard_which_says_what_happened(booked, mentor):
    path = f"/api/sessions/{booked()}/start"
    browser = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Site": "same-origin"}

    answer = mentor.post(path, headers=browser)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard")
    notice = '<p class="message">“A topic” has started.</p>'
    assert notice in mentor.get("/dashboard").text
    assert notice not in mentor.get("/dashboard").text


def test_a_plain_form_gets_a_refusal_as_a_page(booked, mentor):
    browser = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Site": "same-origin"}

    answer = mentor.post(f"/api/sessions/{booked('09:30', **DELAYED)}/start", headers=browser)

    assert (answer.status_code, answer.mimetype) == (409, "text/html")
    assert "Mark it as begun instead." in answer.text
    assert "<h1>Not possible now</h1>" in answer.text
