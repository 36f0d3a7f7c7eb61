"""How many changes one person may make in a minute, and how many bookings in an hour."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from mentorship.clock import utc_now
from mentorship.current import parts_of
from mentorship.services.accounts.api_tokens import create_token
from mentorship.web.http.limits.changes import BOOKINGS, CHANGES
from tests.support.builders import a_booking, a_profile, a_slot, at, the_booking

FAR_AHEAD = "2099-01-01"
"""Counters in memory are cleared by a thread for which the frozen clock does not hold."""
PAGE = {"Accept": "text/html"}

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def clock(clock):
    clock.move_to(FAR_AHEAD)
    return clock


@pytest.fixture
def booking(session, cast, clock):
    return a_booking(session, mentor=cast.mentor, student=cast.student, starts=at("12:00"))


@pytest.fixture
def use_up(app):
    """`use_up(CHANGES, person)`: all but the last `left` tries of a limit."""

    def act(limit, person, *, left=0):
        for _ in range(limit.amount - left):
            parts_of(app).throttle.hit(limit, str(person.id))

    return act


def changes(booking):
    """Ways to make a change."""
    return [
        ("post", f"/api/sessions/{booking}/cancel", {"json": {"reason": "x"}}),
        ("post", "/api/tokens", {"json": {"name": "x"}}),
        ("delete", "/api/tokens/1", {}),
        ("put", "/api/availability/settings", {"json": {}}),
        ("post", "/account/calendar", {}),
        ("post", "/profile", {"data": {"headline": "x"}}),
        ("post", "/account/mail", {"data": {}}),
    ]


def test_one_change_too_many_is_429_whatever_it_is_and_by_whatever_way(
    client_for, session, cast, booking, use_up
):
    secret = create_token(session, viewer=cast.mentor, name="p", now=utc_now()).secret
    program = {"Authorization": f"Bearer {secret}"}
    use_up(CHANGES, cast.mentor)

    for method, path, content in changes(booking):
        for client, headers in ((client_for(cast.mentor), {}), (client_for(None), program)):
            if headers and not path.startswith("/api/"):
                continue
            answer = client.open(path, method=method.upper(), headers=headers, **content)
            assert answer.status_code == 429, path
            assert 1 <= int(answer.headers["Retry-After"]) <= 60
            assert "changes in a short time" in answer.text
    assert the_booking(session, booking).revision == 1


def test_pages_and_programs_count_together_and_each_person_apart(
    client_for, session, cast, booking, use_up
):
    secret = create_token(session, viewer=cast.student, name="p", now=utc_now()).secret
    program = {"Authorization": f"Bearer {secret}"}
    use_up(CHANGES, cast.student, left=2)

    def revoke(client, headers=None):
        return client.delete("/api/tokens/4711", headers=headers).status_code

    student = client_for(cast.student)
    assert [revoke(student), revoke(client_for(None), program), revoke(student)] == [404, 404, 429]
    assert revoke(client_for(cast.mentor)) == 404


def test_after_the_minute_it_works_again(client_for, cast, booking, clock, use_up):
    client = client_for(cast.mentor)
    use_up(CHANGES, cast.mentor)
    answer = client.post("/account/calendar")
    clock.tick(int(answer.headers["Retry-After"]))

    assert (answer.status_code, client.post("/account/calendar").status_code) == (429, 200)


def test_reading_polling_and_signing_out_are_not_changes(client_for, cast, booking, use_up):
    client = client_for(cast.mentor)
    use_up(CHANGES, cast.mentor)

    poll = client.post("/api/admin/update-session-status", headers={"HX-Request": "true"})
    assert poll.status_code in (200, 204)
    assert client.post("/api/admin/update-session-status").status_code == 200
    assert client.get("/dashboard").status_code == 200
    assert client.post("/logout").status_code == 303


def test_nobody_is_counted_who_is_not_signed_in(client_for, booking):
    client = client_for(None)

    answers = {client.post("/api/tokens", json={"name": "x"}).status_code for _ in range(200)}

    assert answers == {401}


def test_the_page_of_a_refusal_keeps_all_that_was_typed_and_sends_it_again(
    client_for, cast, booking, clock, use_up
):
    client = client_for(cast.mentor)
    typed = {"headline": 'Data & "more"', "bio": "Two\nlines <b>", "topics": "SQL, R"}
    use_up(CHANGES, cast.mentor)

    answer = client.post("/profile", data=typed, headers=PAGE)

    assert answer.status_code == 429
    [form] = re.findall(r'<form[^>]*action="/profile"[^>]*>.*?</form>', answer.text, re.DOTALL)
    kept = {
        unescape(name): unescape(value)
        for name, value in re.findall(r'name="([^"]*)" value="([^"]*)"', form)
    }
    assert kept == typed
    clock.tick(60)
    assert client.post("/profile", data=kept, headers=PAGE).status_code == 303
    assert "Data &amp; &#34;more&#34;" in client.get("/profile").text


def test_a_password_is_never_written_into_a_page(client_for, cast, booking, use_up):
    use_up(CHANGES, cast.mentor)

    answer = client_for(cast.mentor).post(
        "/account/password",
        data={"current": "my secret", "password": "another secret"},
        headers=PAGE,
    )

    assert answer.status_code == 429
    assert "secret" not in answer.text


def test_for_a_fragment_the_sentence_is_a_notice_and_the_page_stays(
    client_for, cast, booking, use_up
):
    use_up(CHANGES, cast.mentor)

    answer = client_for(cast.mentor).post(
        f"/api/sessions/{booking}/start", headers={"HX-Request": "true"}
    )

    assert (answer.status_code, answer.headers["HX-Retarget"]) == (429, "#notice")


def test_a_student_books_and_moves_only_so_often_in_an_hour(
    client_for, session, cast, clock, use_up
):
    noon = datetime(2099, 1, 1, 12, tzinfo=UTC)
    a_profile(session, cast.mentor)
    slot = a_slot(session, cast.mentor, starts=noon)
    booking, other = (
        a_booking(
            session, mentor=cast.mentor, student=student, starts=noon + timedelta(hours=hours)
        )
        for student, hours in ((cast.student, 2), (cast.stranger, 4))
    )
    student, mentor = client_for(cast.student), client_for(cast.mentor)
    use_up(BOOKINGS, cast.student)
    wish = {"slotId": slot, "topic": "x"}

    answers = [
        student.post("/api/bookings", json=wish),
        student.post(f"/slots/{slot}/book", data={"topic": "x"}),
        student.post(f"/api/sessions/{booking}/reschedule", json={"slotId": slot}),
        student.post(f"/sessions/{booking}/move", data={"slotId": slot}),
    ]

    assert {answer.status_code for answer in answers} == {429}
    assert 60 < int(answers[0].headers["Retry-After"]) <= 3600
    assert student.post(f"/api/sessions/{booking}/cancel", json={}).status_code == 200
    moved = mentor.post(f"/api/sessions/{other}/reschedule", json={"slotId": slot})
    assert moved.status_code == 200
