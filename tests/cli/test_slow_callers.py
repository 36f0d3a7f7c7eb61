"""Callers who send slowly, or nothing at all, do not keep the others from being served."""

import socket
import subprocess
import sys
import time
from contextlib import ExitStack, closing, contextmanager

import pytest

from mentorship.config import PROJECT
from tests.support.processes import HOST, Caller, a_free_port, a_server, wait_until

PATIENCE = 2

IN_A_HURRY = f"""
import sys
from mentorship.cli import serving

serving._PATIENCE = {PATIENCE}
serving.serve_application("tests.support.echo:app", host="{HOST}", port=int(sys.argv[1]), workers=1)
"""

HALF_A_BODY = b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nemail="
NO_BODY = b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n"
HALF_A_CHUNK = (
    b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nema"
)
HALF_THE_HEADERS = b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: "
NOTHING = b""
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
def server(databases, tmp_path_factory):
    folder = tmp_path_factory.mktemp("slow")
    with databases.fresh("sqlite") as url, a_server(url, workers=2, folder=folder) as started:
        yield started


@pytest.fixture(scope="module")
def hurried_port(tmp_path_factory):
    """Where a server listens that has little patience, and shows what the application is given."""
    port = a_free_port()
    log = tmp_path_factory.mktemp("hurried") / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", IN_A_HURRY, str(port)], cwd=PROJECT, stdout=output, stderr=output
        )
    try:
        with closing(Caller(port)) as caller:
            wait_until(lambda: caller("GET", "/").status == 200)
        yield port
    finally:
        process.terminate()
        process.wait(15)


@contextmanager
def connections(port, count, first_bytes):
    """So many connections that have sent this and then say nothing."""
    with ExitStack() as opened:
        peers = []
        for _ in range(count):
            peers.append(opened.enter_context(socket.create_connection((HOST, port))))
            peers[-1].sendall(first_bytes)
        yield peers


def everything_from(peer):
    """The bytes received until the other side closes."""
    peer.settimeout(PATIENCE + 10)
    received = b""
    while part := peer.recv(65536):
        received += part
    return received


def exchange(port, request):
    """The answer to these bytes."""
    with connections(port, 1, request) as (peer,):
        return everything_from(peer)


@pytest.mark.parametrize(
    ("count", "first_bytes"),
    [
        (64, HALF_A_BODY),
        (64, NO_BODY),
        (64, HALF_A_CHUNK),
        (64, HALF_THE_HEADERS),
        (1100, NOTHING),
    ],
)
def test_others_are_served_meanwhile(server, count, first_bytes):
    with connections(server.port, count, first_bytes):
        for _ in range(6):  # By either web worker.
            with closing(server.caller(timeout=5)) as caller:
                assert caller("GET", "/login").status == 200


@pytest.mark.parametrize("first_bytes", [HALF_A_BODY, NO_BODY, HALF_A_CHUNK])
def test_a_body_that_does_not_come_is_waited_for_only_so_long(hurried_port, first_bytes):
    answer = exchange(hurried_port, first_bytes)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert answer.endswith(b"The request took too long to arrive. Please send it again.\n")


def test_a_body_that_drips_is_no_better(hurried_port):
    with connections(hurried_port, 1, NO_BODY) as (peer,):
        peer.settimeout(0.2)
        answer, deadline = b"", time.monotonic() + 5 * PATIENCE
        while not answer and time.monotonic() < deadline:
            peer.sendall(b"x")
            try:
                answer = peer.recv(65536)
            except TimeoutError:
                continue

    assert answer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    "first_bytes",
    [NOTHING, HALF_THE_HEADERS, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"],
)
def test_a_connection_on_which_no_request_comes_is_closed(hurried_port, first_bytes):
    with connections(hurried_port, 1, first_bytes) as (peer,):
        begin = time.monotonic()
        everything_from(peer)  # Else it would time out.
        assert time.monotonic() - begin > PATIENCE / 2


def test_the_application_is_given_the_request_as_it_came(hurried_port):
    shown = exchange(
        hurried_port,
        b"POST /a%20b/%C3%A9?q=%C3%A9&q=2 HTTP/1.1\r\nHost: example.org\r\n"
        + FORM
        + b"X-Forwarded-For: 1.2.3.4\r\nX_Forwarded_For: 6.6.6.6\r\nX-Name: \xff\r\n"
        + b"Cookie: a=1\r\nCookie: b=2\r\nContent-Length: 3\r\nConnection: close\r\n\r\nx=1",
    )

    lines = shown.partition(b"\r\n\r\n")[2].decode().splitlines()
    assert lines == [
        "body: b'x=1'",
        "CONTENT_LENGTH: '3'",
        "CONTENT_TYPE: 'application/x-www-form-urlencoded'",
        "HTTP_CONNECTION: 'close'",
        "HTTP_COOKIE: 'a=1; b=2'",
        "HTTP_HOST: 'example.org'",
        "HTTP_X_FORWARDED_FOR: '1.2.3.4'",
        "HTTP_X_NAME: '\u00ff'",
        "PATH_INFO: '/a b/\u00c3\u00a9'",
        "QUERY_STRING: 'q=%C3%A9&q=2'",
        "REMOTE_ADDR: '127.0.0.1'",
        "REQUEST_METHOD: 'POST'",
        "SCRIPT_NAME: ''",
        "wsgi.url_scheme: 'http'",
    ]


def test_a_body_in_chunks_is_put_together(hurried_port):
    shown = exchange(
        hurried_port,
        b"POST / HTTP/1.1\r\nHost: example.org\r\nTransfer-Encoding: chunked\r\n"
        b"Connection: close\r\n\r\n3\r\nx=1\r\n2\r\n23\r\n0\r\n\r\n",
    )

    assert b"body: b'x=123'\nCONTENT_LENGTH: '5'\n" in shown


def test_headers_without_end_are_refused_before_they_fill_the_memory(hurried_port):
    request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: " + b"x" * 100_000

    answer = exchange(hurried_port, request)

    assert answer.startswith(b"HTTP/1.1 431 ")


def test_headers_as_browsers_send_them_at_most_are_taken(hurried_port):
    cookie = b"Cookie: " + b"x" * 16_000 + b"\r\n"
    request = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" + cookie + b"Connection: close\r\n\r\n"

    assert exchange(hurried_port, request).startswith(b"HTTP/1.1 200 ")


def test_a_streamed_answer_comes_whole(hurried_port):
    with closing(Caller(hurried_port)) as caller:
        answer = caller("GET", "/stream")

    assert answer.text == "".join(f"line {number}\n" for number in range(1000))


def test_a_body_that_is_too_long_is_refused(server):
    with closing(server.caller()) as caller:
        answer = caller("POST", "/login", {"email": "x" * 200_000})

    assert answer.status == 413


@pytest.mark.parametrize("chunks", [1, 3])
def test_a_body_in_chunks_that_is_too_long_is_refused(server, chunks):
    chunk = b"%x\r\n" % (40_000 * 2) + b"x" * 80_000 + b"\r\n"
    answer = exchange(
        server.port,
        b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
        + FORM
        + b"Connection: close\r\n\r\n"
        + chunks * chunk
        + b"0\r\n\r\n",
    )

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_whoever_does_not_read_a_streamed_answer_frees_the_thread(hurried_port):
    request = b"GET /endless HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with connections(hurried_port, 4, request) as peers:
        for peer in peers:  # All threads are busy.
            assert peer.recv(8) == b"HTTP/1.1"
        with closing(Caller(hurried_port, timeout=5 * PATIENCE)) as caller:
            assert caller("GET", "/").status == 200


def test_whoever_leaves_a_streamed_answer_frees_the_thread(hurried_port):
    request = b"GET /endless HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    for _ in range(8):
        with connections(hurried_port, 1, request) as (peer,):
            assert peer.recv(8) == b"HTTP/1.1"

    with closing(Caller(hurried_port, timeout=5 * PATIENCE)) as caller:
        assert caller("GET", "/").status == 200
