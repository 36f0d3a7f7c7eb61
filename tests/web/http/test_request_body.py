"""A body that cannot be read is refused, and never taken for an empty one."""

import io
from datetime import timedelta
from http.client import HTTPConnection

import pytest

from mentorship.clock import utc_now
from mentorship.domain.sessions.lifecycle import Status
from tests.support.builders import a_booking, the_booking
from tests.support.processes import HOST, a_server, cookie_of

NEITHER = "The body must be a form or a JSON object."
FORM = "application/x-www-form-urlencoded"
PART = b'--x\r\nContent-Disposition: form-data; name="reason"\r\n\r\nI am ill\r\n'

UNREADABLE = [
    # content type                      body
    ("text/plain",                      b"I am ill"),
    (None,                              b"I am ill"),
    ("multipart/form-data",             PART + b"--x--\r\n"),
    ("multipart/form-data; boundary=y", PART + b"--x--\r\n"),
    ("multipart/form-data; boundary=x", PART),
    ("multipart/form-data; boundary=x", PART[:-20]),
    ("multipart/form-data; boundary=x", b"--x\r\n\r\nI am ill\r\n--x--\r\n"),
    ("multipart/form-data; boundary=x", PART.replace(b'; name="reason"', b"") + b"--x--\r\n"),
    ("multipart/form-data; boundary=x", PART.replace(b'; name="reason"', b"") * 2 + b"--x--\r\n"),
    ("multipart/form-data; boundary=x",
     PART.replace(b'name="reason"', b'filename="reason"') + b"--x--\r\n"),
    (FORM,                              b"reason=\xff"),
]  # fmt: skip


@pytest.fixture
def booking(session, cast, clock):
    return a_booking(session, mentor=cast.mentor, student=cast.student)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)  # The database is never asked.
@pytest.mark.parametrize("is_in_chunks", [False, True])
@pytest.mark.parametrize(("kind", "sent"), UNREADABLE)
def test_a_body_that_cannot_be_read_is_refused(
    session, booking, client_for, cast, kind, sent, is_in_chunks
):
    answer = client_for(cast.mentor).post(
        f"/api/sessions/{booking}/cancel", content_type=kind, **body(sent, is_in_chunks)
    )

    assert (answer.status_code, answer.json["error"]) == (400, NEITHER)
    assert the_booking(session, booking).status is Status.SCHEDULED


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "kind", ["application/json", FORM, "multipart/form-data; boundary=x", "text/plain"]
)
def test_a_body_in_chunks_is_refused_where_the_server_does_not_tell_its_end(
    session, booking, client_for, cast, kind
):
    sent = body(b"reason=ill", is_in_chunks=True, is_ended=False)

    answer = client_for(cast.mentor).post(
        f"/api/sessions/{booking}/cancel", content_type=kind, **sent
    )

    assert (answer.status_code, answer.json["error"]) == (400, NEITHER)
    assert the_booking(session, booking).status is Status.SCHEDULED


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "kind",
    [
        FORM,
        "application/json",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "text/plain",
        None,
    ],
)
@pytest.mark.parametrize("is_in_chunks", [False, True])
def test_nothing_is_an_empty_body_of_any_kind(booking, client_for, cast, kind, is_in_chunks):
    answer = client_for(cast.mentor).post(
        f"/api/sessions/{booking}/cancel", content_type=kind, **body(b"", is_in_chunks)
    )

    assert (answer.status_code, answer.json["changed"]) == (200, True)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        (FORM, b"reason=ill&reason=well"),
        ("multipart/form-data; boundary=x", PART + PART + b"--x--\r\n"),
        ("application/json", b'{"reason": "ill", "reason": "well"}'),
    ],
)
def test_a_field_that_is_given_twice_is_refused(session, booking, client_for, cast, kind, sent):
    answer = client_for(cast.mentor).post(
        f"/api/sessions/{booking}/cancel", content_type=kind, data=sent
    )

    assert answer.status_code == 400
    assert answer.json["error"] == "The field 'reason' was given more than once."
    assert the_booking(session, booking).status is Status.SCHEDULED


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_page_refuses_a_form_that_cannot_be_read_too(client_for, cast, clock):
    answer = client_for(cast.student).post(
        "/account/mail", data=PART, content_type="multipart/form-data; boundary=x"
    )

    assert answer.status_code == 400
    assert NEITHER in answer.text


@pytest.mark.real_clock  # The server is a process of its own.
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_server_reads_bodies_in_chunks(app, database_url, session, cast, tmp_path):
    people = {"mentor": cast.mentor, "student": cast.student}
    soon = utc_now() + timedelta(hours=6)
    first, second = (a_booking(session, **people, starts=soon + timedelta(hours=n)) for n in (1, 2))
    headers = {"Cookie": cookie_of(app, cast.mentor)}

    with a_server(database_url, workers=1, folder=tmp_path) as server:

        def cancel(booking, sent, kind):
            connection = HTTPConnection(HOST, server.port, timeout=30)
            connection.request(
                "POST",
                f"/api/sessions/{booking}/cancel",
                iter(sent),
                headers | {"Content-Type": kind},
            )
            answer = connection.getresponse()
            text = answer.read().decode()
            connection.close()
            return answer.status, text

        for kind, sent in UNREADABLE:
            status, text = cancel(first, [sent[:5], sent[5:]], kind or "")
            assert (status, NEITHER in text) == (400, True), (kind, sent)
        assert cancel(first, [b"reason=I+a", b"m+ill"], FORM)[0] == 200
        assert cancel(second, [PART, b"--x--\r\n"], "multipart/form-data; boundary=x")[0] == 200

    for booking in (first, second):
        assert the_booking(session, booking).cancel_reason == "I am ill"


def body(sent, is_in_chunks, *, is_ended=True):
    """How a server hands it on; one that ends bodies in chunks says so."""
    if not is_in_chunks:
        return {"data": sent}
    return {
        "input_stream": io.BytesIO(sent),
        "headers": {"Transfer-Encoding": "chunked"},
        "environ_overrides": {"wsgi.input_terminated": True} if is_ended else {},
    }
