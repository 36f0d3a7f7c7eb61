"""The waiting list of a full week: pages, forms and JSON."""

from tests.support.builders import a_booking, a_seat, at

PAGE = {"Accept": "text/html"}


def test_a_full_week_is_waited_for_and_left_by_forms(client_for, session, cast, clock, slots):
    for slot, student in zip(slots, (cast.stranger,) * 3, strict=True):
        a_seat(session, slot, student)
    student = client_for(cast.student)
    assert 'name="week" value="2026-11-23"' in student.get(f"/slots/{slots[0]}/book").text

    joined = student.post(
        f"/api/mentors/{cast.mentor.id}/waiting-list", data={"week": "2026-11-23"}, headers=PAGE
    )
    assert (joined.status_code, joined.location) == (303, "/waiting-list")
    assert "number 1 in line" in student.get("/waiting-list").text
    client_for(cast.stranger).post("/api/sessions/2/cancel")
    assert "Held for you until <b>10:20</b>" in student.get("/waiting-list").text
    [place] = student.get("/api/waiting-list").json["entries"]
    assert (place["slotId"], place["heldUntil"]) == (slots[1], "2026-11-24T10:20:00Z")
    left = student.post("/api/waiting-list/1/leave", headers=PAGE)
    assert (left.status_code, left.location) == (303, "/waiting-list")
    page = student.get("/waiting-list").text
    assert "You are not on any waiting list" in page
    assert 'href="/mentors">Find a mentor' in page
    assert 'href="/waiting-list"' in student.get("/mentors").text
    assert 'href="/waiting-list"' not in client_for(cast.admin).get("/mentors").text


def test_at_the_limit_the_waiting_list_says_that_no_time_is_held(
    client_for, session, cast, slots, at_the_limit
):
    for slot in slots:
        a_seat(session, slot, cast.stranger)
    a_booking(session, mentor=cast.mentor, student=cast.stranger, starts=at("14:00", days=4))
    student = client_for(cast.student)
    student.post(f"/api/mentors/{cast.mentor.id}/waiting-list", json={"week": "2026-11-23"})
    client_for(cast.stranger).post("/api/sessions/4/cancel")

    page = student.get("/waiting-list").text
    assert "You already have 3 sessions with Maya Mentor that are still to come." in page
    assert "Until then no time is held for you" in page
    assert "Held for you until" not in page
