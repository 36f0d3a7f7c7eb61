"""POST /api/sessions/<id>/late, and where both sides see it."""

import pytest
from sqlalchemy import func, select

from mentorship.models import LateNotice
from tests.support.builders import a_booking


@pytest.fixture
def booking(session, cast, clock):
    """A session from 10:30; the time is 09:50."""
    return a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:30")


def late(client, booking, **fields):
    return client.post(f"/api/sessions/{booking}/late", json=fields)


def test_the_answer_says_what_is_known_now(client_for, cast, booking):
    answer = late(client_for(cast.student), booking, minutes=10, note="The bus.")

    assert (answer.status_code, answer.json) == (
        200,
        {
            "success": True,
            "message": "The other side knows that you will be late.",
            "sessionId": booking,
            "newStatus": "SCHEDULED",
            "isDelayed": False,
            "minutes": 10,
            "note": "The bus.",
            "changed": True,
        },
    )


@pytest.mark.parametrize(
    "fields", [{}, {"minutes": -1}, {"minutes": 61}, {"minutes": "soon"}, {"minutes": 5, "x": 1}]
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(
    client_for, cast, session, booking, fields
):
    answer = late(client_for(cast.student), booking, **fields)

    assert answer.status_code == 400
    assert answer.json["error"].endswith(".")
    session.rollback()
    assert session.scalar(select(func.count()).select_from(LateNotice)) == 0


def test_both_sides_read_it_on_dashboard_and_session_page(client_for, cast, booking):
    student, mentor = client_for(cast.student), client_for(cast.mentor)
    late(student, booking, minutes=10, note="The <bus>.")

    for page in ("/dashboard", f"/sessions/{booking}"):
        assert "Sam Student will be about 10 minutes late." in mentor.get(page).text
        assert "The &lt;bus&gt;." in mentor.get(page).text
        assert "You said that you will be about 10 minutes late." in student.get(page).text


def test_the_form_leads_back_to_the_page_and_can_take_it_back(client_for, cast, booking):
    student = client_for(cast.student)
    page = f"/sessions/{booking}"
    headers = {"Accept": "text/html", "Referer": f"http://localhost{page}"}

    answer = student.post(f"/api{page}/late", data={"minutes": "7", "note": ""}, headers=headers)
    assert (answer.status_code, answer.location) == (303, page)
    assert "I will be on time after all" in student.get(page).text
    student.post(f"/api{page}/late", data={"minutes": "0"}, headers=headers)
    assert "I will be on time after all" not in student.get(page).text


def test_a_notice_is_a_line_of_the_receipt(client_for, cast, booking):
    late(client_for(cast.student), booking, minutes=10, note="The bus.")

    history = client_for(cast.mentor).get(f"/api/sessions/{booking}").json["history"]
    page = client_for(cast.mentor).get(f"/sessions/{booking}").text

    [line] = [each for each in history if each["kind"] == "late"]
    sentence = "Sam Student says that they will be about 10 minutes late."
    assert line["reason"] == f"{sentence} (The bus.)"
    assert (line["cause"], line["actor"], line["newStatus"]) == ("student", "Sam Student", None)
    assert line["appliedAt"] == "2026-11-24T09:50:00Z"
    assert sentence in page
