"""POST /api/sessions/<id>/outcome, and `complete` with an outcome (specification, section 7)."""

import pytest
from sqlalchemy import func, select

from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import OutcomeChange
from tests.support.builders import a_booking, at, the_booking, the_journal
from tests.support.dumps import dump

LATE = {"status": Status.ONGOING, "is_delayed": True}
WORDS = (
    "The field 'outcome' must be one of these: 'TOOK_PLACE', 'MENTOR_ABSENT', 'STUDENT_ABSENT', "
    "'NOBODY_CAME', 'TECHNICAL_TROUBLE'."
)
HTML = {"Accept": "text/html"}


@pytest.fixture
def booked(session, cast, clock):
    """`booked("08:00", ...)`: a session of the student with her mentor; the time is 09:50."""

    def make(starts="08:00", **state):
        return a_booking(session, mentor=cast.mentor, student=cast.student, starts=starts, **state)

    return make


@pytest.fixture
def student(client_for, cast):
    return client_for(cast.student)


@pytest.fixture
def mentor(client_for, cast):
    return client_for(cast.mentor)


def count(session):
    session.rollback()
    return session.scalar(select(func.count()).select_from(OutcomeChange))


def test_a_student_says_that_the_mentor_did_not_come(session, booked, student):
    booking = booked(**LATE)

    answer = student.post(f"/api/sessions/{booking}/outcome", json={"outcome": "MENTOR_ABSENT"})

    assert (answer.status_code, answer.json) == (
        200,
        {
            "success": True,
            "message": "Your answer is saved: “The mentor did not come”.",
            "sessionId": booking,
            "newStatus": "COMPLETED",
            "changed": True,
            "outcome": {
                "state": "CLAIMED",
                "value": "MENTOR_ABSENT",
                "mentorSays": None,
                "studentSays": "MENTOR_ABSENT",
                "settlesAt": "2026-11-27T09:50:00Z",
                "decidedBy": None,
            },
        },
    )
    assert the_booking(session, booking).status is Status.COMPLETED


def test_the_other_side_disagrees_and_an_admin_decides(booked, student, mentor, client_for, cast):
    booking = booked(**LATE)
    path = f"/api/sessions/{booking}/outcome"
    student.post(path, json={"outcome": "MENTOR_ABSENT", "reason": "I waited in the room."})

    disputed = mentor.post(path, json={"outcome": "TOOK_PLACE"}).json["outcome"]
    decided = client_for(cast.admin).post(
        path, json={"outcome": "TECHNICAL_TROUBLE", "reason": "The room was down."}
    )

    assert disputed == {
        "state": "DISPUTED",
        "value": None,
        "mentorSays": "TOOK_PLACE",
        "studentSays": "MENTOR_ABSENT",
        "settlesAt": None,
        "decidedBy": None,
    }
    assert decided.json["outcome"] == {
        "state": "SETTLED",
        "value": "TECHNICAL_TROUBLE",
        "mentorSays": "TOOK_PLACE",
        "studentSays": "MENTOR_ABSENT",
        "settlesAt": None,
        "decidedBy": "Ada Admin",
    }
    settled = student.post(path, json={"outcome": "TOOK_PLACE"})
    assert settled.status_code == 409
    assert settled.json["error"] == (
        "The outcome of this session is settled: “Technical trouble”. Only an admin can change it."
    )


def test_the_same_word_again_changes_nothing(session, booked, student):
    booking = booked(**LATE)
    for changed in (True, False):
        answer = student.post(f"/api/sessions/{booking}/outcome", json={"outcome": "NOBODY_CAME"})
        assert (answer.status_code, answer.json["changed"]) == (200, changed)

    assert count(session) == 1


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"json": {"outcome": "FINE"}}, WORDS),
        ({"json": {"outcome": "took_place"}}, "The field 'outcome' must be one of these"),
        ({"json": {"outcome": None}}, "The field 'outcome' must be one of these"),
        ({"json": {}}, "The field 'outcome' is missing."),
        ({"data": {"outcome": ""}}, "The field 'outcome' is missing."),
        ({"json": {"outcome": "TOOK_PLACE", "side": "mentor"}}, "The field 'side' cannot be set"),
        ({"json": {"outcome": "TOOK_PLACE", "reason": "x" * 301}}, "The reason is longer than 300"),
        ({"json": {"outcome": "TOOK_PLACE", "reason": "a\u0000b"}}, "The reason"),
        ({"json": ["TOOK_PLACE"]}, "The body must be a JSON object."),
    ],
)
def test_what_is_no_outcome_is_refused_with_a_sentence_and_writes_nothing(
    session, booked, student, sent, sentence
):
    booking = booked(**LATE)
    before = dump(session.get_bind())

    answer = student.post(f"/api/sessions/{booking}/outcome", **sent)

    assert answer.status_code == 400
    assert answer.json["error"].startswith(sentence)
    assert dump(session.get_bind()) == before


@pytest.mark.parametrize("who", ["student", "mentor", "admin"])
@pytest.mark.parametrize(
    ("starts", "state", "sentence"),
    [
        ("10:00", {}, "You can say how it went once the start time of the session has passed."),
        ("09:55", {"status": Status.ONGOING}, "You can say how it went once the start time"),
        ("08:00", {"status": Status.CANCELLED}, "This session was cancelled"),
    ],
)
def test_too_early_and_cancelled_are_conflicts_that_write_nothing(
    session, booked, client_for, cast, who, starts, state, sentence
):
    booking, client = booked(starts, **state), client_for(getattr(cast, who))
    before = dump(session.get_bind())

    answer = client.post(
        f"/api/sessions/{booking}/outcome", json={"outcome": "TOOK_PLACE", "reason": "x"}
    )

    assert (answer.status_code, answer.json["success"]) == (409, False)
    assert answer.json["error"].startswith(sentence)
    assert answer.json["status"] == the_booking(session, booking).status.value
    assert dump(session.get_bind()) == before


def test_an_admin_needs_a_reason_and_nobody_else_does(session, booked, client_for, cast):
    booking = booked(**LATE)
    admin = client_for(cast.admin)

    for sent in ({}, {"reason": "  "}):
        answer = admin.post(
            f"/api/sessions/{booking}/outcome", json={"outcome": "TOOK_PLACE", **sent}
        )
        assert (answer.status_code, answer.json["error"]) == (
            400,
            "Please give a reason for the decision.",
        )
    assert count(session) == 0
    assert the_journal(session, booking) == []


def test_strangers_ids_that_fit_nothing_and_nobody(booked, client_for, cast):
    booking = booked(**LATE)
    fields = {"outcome": "TOOK_PLACE"}

    for viewer in (cast.stranger, cast.other_mentor):
        assert (
            client_for(viewer).post(f"/api/sessions/{booking}/outcome", json=fields).status_code
            == 404
        )
    student = client_for(cast.student)
    for number in ("0", str(10**20), "x", "4711"):
        assert student.post(f"/api/sessions/{number}/outcome", json=fields).status_code == 404
    assert client_for(None).post(f"/api/sessions/{booking}/outcome", json=fields).status_code == 401
    asked = client_for(None).post(
        f"/api/sessions/{booking}/outcome", data=fields, headers={"HX-Request": "true"}
    )
    assert (asked.status_code, asked.headers["HX-Redirect"][:6]) == (401, "/login")


def test_another_site_cannot_answer(session, booked, student):
    booking = booked(**LATE)

    answer = student.post(
        f"/api/sessions/{booking}/outcome",
        data={"outcome": "TOOK_PLACE"},
        headers={"Sec-Fetch-Site": "cross-site"},
    )

    assert answer.status_code == 403
    assert count(session) == 0


def test_a_plain_form_goes_back_to_the_page_that_it_was_on(booked, student):
    booking = booked(**LATE)
    fields = {"outcome": "TOOK_PLACE"}
    page = f"http://localhost/sessions/{booking}"

    from_page = student.post(
        f"/api/sessions/{booking}/outcome", data=fields, headers={**HTML, "Referer": page}
    )
    from_lists = student.post(f"/api/sessions/{booking}/outcome", data=fields, headers=HTML)

    assert (from_page.status_code, from_page.location) == (303, f"/sessions/{booking}")
    assert (from_lists.status_code, from_lists.location) == (303, "/dashboard")
    assert "Your answer is saved: “It took place”." in student.get("/dashboard").text


def test_htmx_gets_a_notice_and_asks_the_lists_to_poll(booked, student):
    booking = booked(**LATE)

    answer = student.post(
        f"/api/sessions/{booking}/outcome",
        data={"outcome": "TOOK_PLACE"},
        headers={"HX-Request": "true"},
    )

    assert "Your answer is saved: “It took place”." in answer.text
    assert "poll-now" in answer.headers["HX-Trigger"]


def test_complete_may_say_how_it_went(session, booked, student, mentor):
    booking = booked("09:30", **LATE)

    answer = student.post(f"/api/sessions/{booking}/complete", json={"outcome": "TOOK_PLACE"})
    assert answer.json == {
        "success": True,
        "message": "Your answer is saved: “It took place”.",
        "sessionId": booking,
        "newStatus": "COMPLETED",
        "isDelayed": True,
        "wasDelayed": True,
        "changed": True,
    }
    again = mentor.post(f"/api/sessions/{booking}/complete", json={"outcome": "TOOK_PLACE"})
    assert (again.status_code, again.json["changed"]) == (200, True)
    kept = the_booking(session, booking)
    assert (kept.student_says, kept.mentor_says) == ("TOOK_PLACE", "TOOK_PLACE")
    assert len(the_journal(session, booking)) == 1

    plain = booked("09:30", **LATE)
    assert student.post(f"/api/sessions/{plain}/complete").json["changed"] is True
    assert the_booking(session, plain).student_says is None
    wrong = student.post(f"/api/sessions/{plain}/complete", json={"outcome": "FINE"})
    assert wrong.status_code == 400


def test_the_silence_ends_the_time_to_answer(session, booked, student, client_for, cast, clock):
    booking = booked(**LATE)
    path = f"/api/sessions/{booking}/outcome"
    student.post(path, json={"outcome": "MENTOR_ABSENT"})

    clock.move_to(at("09:50", days=3))
    late = client_for(cast.mentor).post(path, json={"outcome": "TOOK_PLACE"})

    assert late.status_code == 409
    assert the_booking(session, booking).mentor_says is None


def test_the_dashboard_asks_with_one_button_for_each_answer(booked, student, mentor):
    over, going_on = booked(**LATE), booked("09:20", **LATE)
    done = booked("06:00", status=Status.COMPLETED)

    page = student.get("/dashboard").text

    def part(booking):
        return page[page.index(f'id="asked-{booking}"') :].partition("</li>")[0]

    assert part(over).count("<button") == part(done).count("<button") == 5
    assert f'hx-post="/api/sessions/{over}/outcome"' in part(over)
    assert "Maya Mentor did not come" in part(over)
    assert "I did not come" in part(over)
    # What is not over yet is there already, so that the page can show it when it is.
    assert 'data-from="2026-11-24T10:20:00Z" hidden' in part(going_on).partition(">")[0]
    assert " hidden" not in part(over).partition(">")[0]
    student.post(f"/api/sessions/{over}/outcome", data={"outcome": "NOBODY_CAME"})
    assert f'id="asked-{over}"' not in student.get("/dashboard").text
    assert f'id="asked-{over}"' in mentor.get("/dashboard").text


def test_a_poll_brings_the_questions_too(booked, student):
    booking = booked("08:30", status=Status.ONGOING)

    answer = student.post(
        "/api/admin/update-session-status", data={"seen": "0.0.0"}, headers={"HX-Request": "true"}
    )

    assert f'id="asked-{booking}"' in answer.text


def test_the_session_page_asks_who_may_answer_and_shows_what_was_said(
    booked, student, mentor, client_for, cast
):
    booking, early, cancelled = (
        booked(**LATE),
        booked("10:00"),
        booked(status=Status.CANCELLED),
    )
    assert student.get(f"/sessions/{booking}").text.count('name="outcome"') == 5
    assert 'id="outcome"' not in student.get(f"/sessions/{early}").text
    assert 'id="outcome"' not in student.get(f"/sessions/{cancelled}").text

    student.post(
        f"/api/sessions/{booking}/outcome", data={"outcome": "MENTOR_ABSENT", "reason": "<b>Alone"}
    )
    page = mentor.get(f"/sessions/{booking}").text
    assert "<q>&lt;b&gt;Alone</q>" in page
    assert "This becomes final on Fri 27 Nov 2026, 09:50 UTC" in page
    admin = client_for(cast.admin)
    assert '<select name="outcome" required>' in admin.get(f"/sessions/{booking}").text
