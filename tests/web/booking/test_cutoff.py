"""A student cannot change a session after the cut-off, and hears so before booking or moving."""

import pytest

from tests.support.builders import a_profile, a_seat, a_slot, at, booking_count, the_booking

PAGE = {"Accept": "text/html"}


def test_a_student_hears_until_when_a_change_was_possible(client_for, session, cast, clock, slots):
    booking = a_seat(session, slots[0], cast.student)
    clock.move_to(at("10:00"))
    student = client_for(cast.student)
    message = "For this one that was Tue 24 Nov 2026, 10:00 UTC."

    for answer in (
        student.post(f"/api/sessions/{booking}/cancel", json={"reason": "Ill"}),
        student.post(f"/api/sessions/{booking}/reschedule", json={"slotId": slots[1]}),
    ):
        assert (answer.status_code, answer.json["status"]) == (409, "SCHEDULED")
        assert message in answer.json["error"]
    page = student.get(f"/sessions/{booking}").text
    assert (message in page, "Cancel" in page, "Move to" in page) == (True, False, False)
    assert "Cancel this session" in client_for(cast.mentor).get(f"/sessions/{booking}").text
    late = student.post(f"/sessions/{booking}/move", data={"slotId": slots[1]})
    assert (late.status_code, message in late.text) == (409, True)
    assert client_for(cast.mentor).post(f"/api/sessions/{booking}/cancel").status_code == 200


def test_inside_the_cut_off_the_pages_and_json_warn_before_it_is_booked(
    client_for, session, cast, clock
):
    """The cut-off is four hours, and it is 09:50."""
    a_profile(session, cast.mentor)
    soon = a_slot(session, cast.mentor, starts="13:00")
    later = a_slot(session, cast.mentor, starts="15:00")
    student = client_for(cast.student)
    warning = "so you cannot move or cancel it yourself once it is booked"

    assert warning in student.get(f"/slots/{soon}/book").text
    assert warning not in student.get(f"/slots/{later}/book").text
    given = student.get(f"/api/mentors/{cast.mentor.id}/slots").json["slots"]
    until = {each["slotId"]: each["changeableUntil"] for each in given}
    assert (until[soon], until[later]) == ("2026-11-24T09:00:00Z", "2026-11-24T11:00:00Z")

    booking = a_seat(session, a_slot(session, cast.mentor, starts="20:00"), cast.student)
    move_page = f"/sessions/{booking}/move"
    hint = "You cannot move or cancel it yourself afterwards."
    assert student.get(move_page).text.count(hint) == 1
    assert hint not in client_for(cast.mentor).get(move_page).text


@pytest.fixture
def cut_off_passed(client_for, session, cast, clock):
    """A time whose booking page was opened before the cut-off; now the cut-off has passed."""
    a_profile(session, cast.mentor)
    slot = a_slot(session, cast.mentor, starts="14:00")
    before = client_for(cast.student).get(f"/slots/{slot}/book").text
    assert 'name="confirmed"' not in before
    clock.move_to(at("10:00"))
    return slot


def test_a_form_sent_after_the_cut_off_comes_back_with_the_warning_and_what_was_typed(
    client_for, session, cast, cut_off_passed
):
    student, path = client_for(cast.student), f"/slots/{cut_off_passed}/book"
    typed = {"topic": "My topic", "notes": "<b>My notes</b>"}

    asked = student.post(path, data=typed, headers=PAGE)

    assert (asked.status_code, booking_count(session)) == (409, 0)
    assert "so you cannot move or cancel it yourself once it is booked" in asked.text
    assert 'value="My topic"' in asked.text
    assert "&lt;b&gt;My notes&lt;/b&gt;" in asked.text
    assert '<input type="hidden" name="confirmed" value="true">' in asked.text
    booked = student.post(path, data=typed | {"confirmed": "true"}, headers=PAGE)
    assert (booked.status_code, booked.location) == (303, "/sessions/1")


def test_a_page_that_was_opened_inside_the_cut_off_books_at_once(
    client_for, session, cast, cut_off_passed
):
    student, path = client_for(cast.student), f"/slots/{cut_off_passed}/book"
    assert '<input type="hidden" name="confirmed" value="true">' in student.get(path).text

    answer = student.post(path, data={"topic": "x", "confirmed": "true"}, headers=PAGE)
    again = student.post(path, data={"topic": "x"}, headers=PAGE)

    assert (answer.status_code, again.status_code, booking_count(session)) == (303, 303, 1)


def test_a_time_chosen_instead_of_a_taken_one_warns_before_it_is_booked(
    client_for, session, cast, clock
):
    a_profile(session, cast.mentor)
    taken = a_slot(session, cast.mentor, starts="12:00")
    soon = a_slot(session, cast.mentor, starts="13:00")
    a_seat(session, taken, cast.stranger)
    student, typed = client_for(cast.student), {"topic": "x", "confirmed": "true"}
    refused = student.post(f"/slots/{taken}/book", data=typed, headers=PAGE)
    assert f'formaction="/slots/{soon}/book"' in refused.text
    assert 'name="confirmed"' not in refused.text

    answer = student.post(f"/slots/{soon}/book", data={"topic": "x"}, headers=PAGE)

    assert (answer.status_code, booking_count(session)) == (409, 1)
    assert "so you cannot move or cancel it yourself once it is booked" in answer.text


def test_a_move_sent_after_the_cut_off_of_the_new_time_comes_back_with_the_warning(
    client_for, session, cast, clock
):
    a_profile(session, cast.mentor)
    booking = a_seat(session, a_slot(session, cast.mentor, starts="20:00"), cast.student)
    soon = a_slot(session, cast.mentor, starts="14:00")
    student, path = client_for(cast.student), f"/sessions/{booking}/move"
    hint = "You cannot move or cancel it yourself afterwards."
    assert hint not in student.get(path).text
    clock.move_to(at("10:00"))
    sent = {"slotId": soon, "reason": "A <train>"}

    asked = student.post(path, data=sent, headers=PAGE)

    assert (asked.status_code, hint in asked.text) == (409, True)
    assert 'value="A &lt;train&gt;"' in asked.text
    assert the_booking(session, booking).start_time == at("20:00")
    confirmed = student.post(path, data=sent | {"confirmed": str(soon)}, headers=PAGE)
    assert confirmed.status_code == 303
    assert the_booking(session, booking).start_time == at("14:00")
