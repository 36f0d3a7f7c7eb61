"""Polls are answered in front of the application, and only where that would say the same."""

import io
import re
from typing import NamedTuple

import pytest

from mentorship.web.polls import PATH, Polls
from tests.support.builders import a_booking, the_journal
from tests.support.databases import counted_statements
from tests.support.processes import cookie_of

SEEN = re.compile(r'name="seen" value="([\d.]+)"')


class Answer(NamedTuple):
    """What came back, and whether the application gave it."""

    status: int
    is_passed_on: bool
    headers: dict[str, str]
    text: str


@pytest.fixture
def asked(app, monkeypatch):
    """`asked(body, **changes)`: what is answered, and whether the application was needed."""
    quiet = app.wsgi_app
    while not isinstance(quiet, Polls):
        quiet = quiet.application
    passed_on = []
    application = quiet._next

    def note(environ, start_response):
        passed_on.append(environ["wsgi.input"].read())
        environ["wsgi.input"] = io.BytesIO(passed_on[-1])
        return application(environ, start_response)

    monkeypatch.setattr(quiet, "_next", note)

    def ask(body, **changes):
        answers = []
        passed_on.clear()
        environ = {
            "REQUEST_METHOD": "POST", "PATH_INFO": PATH, "QUERY_STRING": "",
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "127.0.0.1", "HTTP_HX_REQUEST": "true",
            "HTTP_SEC_FETCH_SITE": "same-origin",
            "CONTENT_TYPE": "application/x-www-form-urlencoded;charset=UTF-8",
            "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body),
            "wsgi.url_scheme": "http", "wsgi.errors": io.StringIO(),
        } | changes  # fmt: skip
        content = b"".join(app.wsgi_app(environ, lambda *answer: answers.append(answer)))
        status, headers = answers[-1][0], dict(answers[-1][1])
        assert passed_on in ([], [body])
        return Answer(int(status[:3]), bool(passed_on), headers, content.decode())

    return ask


@pytest.fixture
def seen(client_for, cast, session, clock):
    """What the student's page shows: one session, later today."""
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="18:00")
    page = client_for(cast.student).get("/dashboard").text
    return f"seen={SEEN.search(page)[1]}".encode()


@pytest.fixture
def cookie(app, cast, clock):
    """The student's."""
    return cookie_of(app, cast.student)


def test_a_quiet_poll_takes_one_statement_and_has_the_headers_of_every_answer(
    asked, app, session, seen, cookie
):
    with counted_statements(session.get_bind()) as statements:
        status, is_passed_on, headers, _text = asked(seen, HTTP_COOKIE=cookie)

    assert (status, is_passed_on) == (204, False)
    assert len(statements) <= 1
    plain = app.test_client().get("/login").headers
    for name in ("Cache-Control", "Vary", "Content-Security-Policy", "X-Content-Type-Options"):
        assert headers[name] == plain[name]


@pytest.mark.parametrize("host", ["LOCALHOST:8101", "[::1]:8101", "127.0.0.1:8000"])
def test_a_host_of_ours_is_known_in_any_case_and_by_any_kind_of_address(asked, seen, cookie, host):
    assert asked(seen, HTTP_COOKIE=cookie, HTTP_HOST=host)[:2] == (204, False)


def test_the_pages_of_the_lists_do_not_matter(asked, seen, cookie):
    assert asked(seen + b"&past=2&upcoming=3", HTTP_COOKIE=cookie)[:2] == (204, False)


def test_changed_lists_are_those_that_the_application_would_send(
    asked, client_for, session, cast, seen, cookie
):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    client_for(cast.mentor).post(f"/api/sessions/{booking}/start")

    answer = asked(seen, HTTP_COOKIE=cookie)
    other = asked(seen + b"&past=1", HTTP_COOKIE=cookie)

    assert (answer.status, answer.is_passed_on, other.is_passed_on) == (200, False, True)
    assert answer.text == other.text
    assert f'id="session-{booking}" data-status="ONGOING"' in answer.text
    assert "session-status-updated" in answer.headers["HX-Trigger"]
    assert answer.headers == other.headers


def test_what_goes_wrong_while_lists_are_drawn_is_told_by_the_application(
    asked, app, session, cast, seen, cookie, clock, monkeypatch
):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="20:00")
    monkeypatch.delitem(app.jinja_env.globals, "session_cards")

    answer = asked(seen, HTTP_COOKIE=cookie)

    assert (answer.status, answer.is_passed_on) == (500, True)
    assert "session_cards" not in answer.text


def test_a_due_session_and_a_lost_sign_in_are_for_the_application(
    asked, session, cast, seen, cookie, clock
):
    a_booking(session, mentor=cast.other_mentor, student=cast.stranger, starts="09:49")
    assert asked(seen, HTTP_COOKIE=cookie)[:2] == (204, True)
    assert len(the_journal(session)) == 1
    assert asked(seen, HTTP_COOKIE=cookie)[:2] == (204, False)

    assert asked(seen)[:2] == (401, True)
    assert asked(seen, HTTP_COOKIE=cookie[:-2])[:2] == (401, True)
    clock.tick(15 * 24 * 3600)
    assert asked(seen, HTTP_COOKIE=cookie)[:2] == (401, True)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"HTTP_SEC_FETCH_SITE": "cross-site"}, 403),
        ({"HTTP_SEC_FETCH_SITE": "same-site"}, 403),
        ({"HTTP_HOST": "evil.example"}, 400),
        ({"HTTP_HOST": "localhost:70000"}, 400),
        ({"HTTP_HOST": "[::2]"}, 400),
        ({"HTTP_AUTHORIZATION": "Bearer mentorship_x"}, 401),
        ({"CONTENT_TYPE": "application/json"}, 204),
        ({"QUERY_STRING": "seen=9.9.9"}, 200),
        ({"REQUEST_METHOD": "PUT"}, 405),
        ({"CONTENT_LENGTH": "-1"}, 204),
        ({"CONTENT_LENGTH": ""}, 204),
    ],
)
def test_whatever_is_not_plain_is_judged_by_the_application(asked, seen, cookie, changes, status):
    answer = asked(seen, HTTP_COOKIE=cookie, **changes)

    assert answer.is_passed_on
    assert answer.status == status


@pytest.mark.parametrize("body", [b"seen=1.2", b"seen=1.2.3&x", b"", b"seen=" + b"9" * 300])
def test_a_body_that_is_not_plain_reaches_the_application_whole(asked, seen, cookie, body):
    assert asked(body, HTTP_COOKIE=cookie).is_passed_on
