"""POST /api/sessions/<id>/undo and /correct (specification, sections 2, 3 and 7)."""

import json

import pytest

from mentorship.domain.sessions.lifecycle import Status
from tests.support.builders import a_booking, the_booking, the_journal

BROWSER = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def booked(session, cast, clock):
    """`booked("10:00", ...)`: a session of the student with her mentor; the time is 09:50."""

    def make(starts="10:00", **state):
        return a_booking(
            session,
            mentor=cast.mentor,
            student=cast.student,
            starts=starts,
            topic="First steps",
            **state,
        )

    return make


@pytest.fixture
def mentor(client_for, cast):
    return client_for(cast.mentor)


@pytest.fixture
def admin(client_for, cast):
    return client_for(cast.admin)


def test_a_mentor_takes_back_a_start(session, booked, mentor):
    booking = booked()
    mentor.post(f"/api/sessions/{booking}/start")

    answer = mentor.post(f"/api/sessions/{booking}/undo")

    assert (answer.status_code, answer.json) == (
        200,
        {
            "success": True,
            "message": "The change was undone.",
            "sessionId": booking,
            "newStatus": "SCHEDULED",
            "isDelayed": False,
            "changed": True,
        },
    )
    again = mentor.post(f"/api/sessions/{booking}/undo")
    assert (again.json["changed"], again.json["message"]) == (
        False,
        "The change is already undone.",
    )
    assert the_booking(session, booking).status is Status.SCHEDULED


def test_an_undo_that_comes_too_late_is_a_conflict_with_the_current_state(booked, mentor, clock):
    booking = booked()
    mentor.post(f"/api/sessions/{booking}/start")
    clock.move_to("2026-11-24 09:52:01")

    answer = mentor.post(f"/api/sessions/{booking}/undo")

    assert (answer.status_code, answer.json) == (
        409,
        {
            "success": False,
            "status": "ONGOING",
            "isDelayed": False,
            "error": "A change can be undone for 2 minutes. That time has passed.",
        },
    )


def test_an_undo_takes_no_fields(session, booked, mentor):
    booking = booked()
    mentor.post(f"/api/sessions/{booking}/start")

    answer = mentor.post(f"/api/sessions/{booking}/undo", json={"status": "SCHEDULED"})

    assert (answer.status_code, answer.json["error"]) == (
        400,
        "The field 'status' cannot be set here.",
    )
    assert the_booking(session, booking).status is Status.ONGOING


@pytest.mark.parametrize("page", ["/dashboard", "/sessions/{}"])
def test_without_javascript_undo_is_offered_on_the_page_to_which_the_form_leads(
    session, booked, mentor, page, clock
):
    booking = booked()
    came_from = {"Referer": f"http://localhost{page.format(booking)}"}

    answer = mentor.post(f"/api/sessions/{booking}/start", headers=BROWSER | came_from)

    assert (answer.status_code, answer.headers["Location"]) == (303, page.format(booking))
    shown = mentor.get(answer.headers["Location"]).text
    assert shown.count("“First steps” has started.") == 2  # The notice, and the session itself.
    assert f'action="/api/sessions/{booking}/undo"' in shown
    clock.move_to("2026-11-24 09:52:01")
    assert f'action="/api/sessions/{booking}/undo"' not in mentor.get(page.format(booking)).text


def test_nobody_else_is_offered_the_undo(booked, client_for, cast, mentor):
    booking = booked()
    mentor.post(f"/api/sessions/{booking}/start")

    for viewer in (cast.student, cast.admin):
        for page in ("/dashboard", f"/sessions/{booking}"):
            assert "/undo" not in client_for(viewer).get(page).text


def lists_of(page):
    """The sessions in each list of a page, by the list's name."""
    parts = page.split('<section class="list is-')[1:]
    return {
        part.split('"')[0]: [int(each.split('"')[0]) for each in part.split('id="session-')[1:]]
        for part in parts
    }


def test_what_was_pressed_stays_in_its_place_for_a_while_and_moves_then(
    booked, mentor, client_for, cast, clock
):
    first, second, third = booked("10:00"), booked("10:05"), booked("10:10")
    mentor.post(f"/api/sessions/{second}/start")

    page = mentor.get("/dashboard").text
    assert lists_of(page) == {
        "attention": [],
        "now": [],
        "upcoming": [first, second, third],
        "past": [],
    }
    assert lists_of(client_for(cast.student).get("/dashboard").text)["now"] == [second]
    card = page.split(f'id="session-{second}"')[1].split("</li>")[0]
    assert "/undo" in card
    assert "/complete" not in card
    assert 'data-status="ONGOING"' in card
    clock.move_to("2026-11-24 09:50:14")
    assert lists_of(mentor.get("/dashboard").text)["upcoming"] == [first, second, third]
    clock.move_to("2026-11-24 09:50:15")
    page = mentor.get("/dashboard").text
    assert lists_of(page)["now"] == [second]
    assert lists_of(page)["upcoming"] == [first, third]
    assert f"/api/sessions/{second}/undo" in page


def test_an_open_page_asks_when_a_session_has_stayed_long_enough(booked, mentor, clock):
    booking = booked("10:00", status=Status.ONGOING)
    mentor.post(f"/api/sessions/{booking}/complete")
    page = mentor.get("/dashboard").text
    hidden = {
        name: page.split(f'name="{name}" value="')[1].split('"')[0] for name in ("seen", "until")
    }
    due_in = int(page.split('data-due-in="')[1].split('"')[0])
    assert due_in == 15_000

    def poll():
        return mentor.post(
            "/api/admin/update-session-status", data=hidden, headers={"HX-Request": "true"}
        )

    assert poll().status_code == 204
    clock.move_to("2026-11-24 09:50:15")
    answer = poll()
    assert (answer.status_code, lists_of(answer.text)["past"]) == (200, [booking])
    assert json.loads(answer.headers["HX-Trigger"])["session-status-updated"]["updates"] == []
    assert 'name="until" value="2026-11-25T00:00:00Z"' in answer.text  # When another day is today.


@pytest.mark.parametrize("until", ["soon", "2026-11-24", "2026-11-24T09:50:15"])
def test_a_poll_with_an_instant_that_is_none_is_refused(booked, mentor, until):
    page = mentor.get("/dashboard").text
    seen = page.split('name="seen" value="')[1].split('"')[0]

    answer = mentor.post(
        "/api/admin/update-session-status",
        data={"seen": seen, "until": until},
        headers={"HX-Request": "true"},
    )

    assert answer.status_code == 400
    assert "until" in answer.text


def test_the_receipt_and_the_event_show_an_undo_as_a_transition(booked, mentor):
    booking = booked()
    seen = mentor.get("/dashboard").text.split('name="seen" value="')[1].split('"')[0]
    mentor.post(f"/api/sessions/{booking}/start")
    mentor.post(f"/api/sessions/{booking}/undo")

    answer = mentor.post(
        "/api/admin/update-session-status", data={"seen": seen}, headers={"HX-Request": "true"}
    )

    told = json.loads(answer.headers["HX-Trigger"])["session-status-updated"]
    assert (told["started"], told["completed"]) == (1, 0)
    assert [(each["oldStatus"], each["newStatus"], each["reason"]) for each in told["updates"]] == [
        ("SCHEDULED", "ONGOING", "The session was started."),
        ("ONGOING", "SCHEDULED", "The start was undone."),
    ]
    assert "The start was undone." in mentor.get(f"/sessions/{booking}").text


@pytest.mark.parametrize(
    "sent",
    [
        {"json": {"status": "ONGOING", "isDelayed": True, "reason": "A wrong press."}},
        {"data": {"status": "ONGOING", "isDelayed": "true", "reason": "A wrong press."}},
    ],
)
def test_an_admin_corrects_a_status(session, booked, admin, sent):
    booking = booked("08:00", status=Status.COMPLETED)

    answer = admin.post(f"/api/sessions/{booking}/correct", **sent)

    assert (answer.status_code, answer.json) == (
        200,
        {
            "success": True,
            "message": "The status was corrected.",
            "sessionId": booking,
            "newStatus": "ONGOING",
            "isDelayed": True,
            "changed": True,
        },
    )
    assert [row.reason for row in the_journal(session, booking)] == ["A wrong press."]


@pytest.mark.parametrize(
    ("fields", "status", "complaint"),
    [
        ({"status": "PAUSED", "reason": "x"}, 400, "status"),
        ({"status": "CANCELLED", "reason": "x"}, 400, "cancel"),
        ({"status": "SCHEDULED", "isDelayed": True, "reason": "x"}, 400, "cannot be delayed"),
        ({"status": "ONGOING", "isDelayed": "maybe", "reason": "x"}, 400, "isDelayed"),
        ({"status": "ONGOING", "reason": " "}, 400, "reason"),
        ({"status": "ONGOING"}, 400, "reason"),
        ({"reason": "x"}, 400, "status"),
        ({"status": "ONGOING", "reason": "x", "completedAt": "now"}, 400, "completedAt"),
        ({"status": "SCHEDULED", "reason": "x"}, 409, "start time"),
        ({"status": "ONGOING", "reason": "x"}, 409, "end time"),
    ],
)
def test_a_correction_that_does_not_fit_is_refused_with_a_sentence(
    session, booked, admin, fields, status, complaint
):
    booking = booked("08:00", status=Status.COMPLETED)

    answer = admin.post(f"/api/sessions/{booking}/correct", json=fields)

    assert answer.status_code == status
    assert complaint in answer.json["error"]
    assert answer.json["error"].endswith(".")
    assert the_journal(session) == []


def test_the_form_of_a_correction_is_for_admins_and_leads_back_to_the_session(
    booked, client_for, cast, admin
):
    booking = booked("08:00", status=Status.COMPLETED)
    page = f"/sessions/{booking}"
    for viewer in (cast.student, cast.mentor):
        assert "/correct" not in client_for(viewer).get(page).text
    assert f'action="/api/sessions/{booking}/correct"' in admin.get(page).text

    answer = admin.post(
        f"/api/sessions/{booking}/correct",
        data={"status": "COMPLETED", "isDelayed": "true", "reason": "It was late."},
        headers=BROWSER | {"Referer": f"http://localhost{page}"},
    )

    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    assert "It was late." in admin.get(page).text


def test_completing_early_or_what_nobody_began_asks_first(booked, mentor):
    running = booked("09:30", status=Status.ONGOING)
    over = booked("08:00", status=Status.ONGOING, is_delayed=True, arrived=True)
    never = booked("07:00", status=Status.ONGOING, is_delayed=True)

    page = mentor.get("/dashboard").text

    def card(booking):
        return page.split(f'id="session-{booking}"')[1].split("</li>")[0]

    assert "The time of this session is not over yet." in card(running)
    assert f'popovertarget="complete-{running}"' in card(running)
    assert "popovertarget" not in card(over)
    assert "Nobody has recorded that this session began." in card(never)
    assert f'popovertarget="complete-{never}"' in card(never)


def test_the_question_before_an_early_start_says_how_early_it_is(booked, mentor):
    booking = booked("12:00")

    page = mentor.get("/dashboard").text

    dialog = page.split(f'id="start-{booking}"')[1].split("</dialog>")[0]
    text = " ".join(dialog.split("<p>")[1].split("</p>")[0].split())
    assert text == (
        'This session starts later: <time class="left" datetime="2026-11-24T12:00:00Z">'
        "at 12:00</time>"
    )
