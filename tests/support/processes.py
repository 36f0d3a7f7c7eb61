"""Real processes: workers with engines of their own, and the real server."""

import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from flask.testing import FlaskClient

from mentorship.clock import utc_now
from mentorship.config import PROJECT
from mentorship.domain.accounts.viewers import Viewer
from mentorship.extensions import db
from mentorship.services.accounts.sign_ins import begin_sign_in
from mentorship.web.http.authentication import SignedIn
from tests.support.databases import SECRET_KEY

# Each child is forked from a clean process that has opened nothing, and makes its own engine.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.proof.workers"])

CRON_SECRET = "a-cron-secret-for-tests"
HOST = "127.0.0.1"


def in_processes(work: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> list[Any]:
    """Run `work` once for each tuple of arguments, all at once, each in its own process."""
    listed = list(arguments)
    with ProcessPoolExecutor(len(listed), mp_context=CONTEXT) as pool:
        return [future.result() for future in [pool.submit(work, *each) for each in listed]]


def at_once(work: Callable[[], Any], times: int) -> list[Any]:
    """Run `work` this many times at once, in threads."""
    with ThreadPoolExecutor(times) as pool:
        return [future.result() for future in [pool.submit(work) for _ in range(times)]]


def wait_until(condition: Callable[[], Any], *, seconds: float = 60) -> Any:
    """Wait for the first true result of `condition`. Raises TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise TimeoutError(f"{condition} was not true in {seconds} s")
        time.sleep(0.01)  # Between two looks at the condition.


@dataclass(frozen=True)
class Answer:
    """An answer of the server; status 0 after a time-out or a broken connection."""

    status: int
    headers: Message
    text: str


UNKNOWN = Answer(0, Message(), "")


class Caller:
    """A client of the real server on one connection, with the cookie of a person or without."""

    def __init__(self, port: int, cookie: str | None = None, *, timeout: float = 30) -> None:
        self._make = lambda: HTTPConnection(HOST, port, timeout=timeout)
        self._connection = self._make()
        self._headers = {"Cookie": cookie} if cookie else {}

    def __call__(
        self, method: str, path: str, fields: dict[str, str] | None = None, **headers: str
    ) -> Answer:
        """One request; header names are written with underscores."""
        sent = self._headers | {name.replace("_", "-"): text for name, text in headers.items()}
        body = None
        if fields is not None:
            body = urlencode(fields)
            sent["Content-Type"] = "application/x-www-form-urlencoded;charset=UTF-8"
        try:
            self._connection.request(method, path, body, sent)
            response = self._connection.getresponse()
            text = response.read().decode()
            return Answer(response.status, response.headers, text)
        except (OSError, HTTPException):
            self.close()
            self._connection = self._make()
            return UNKNOWN

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def sign_in_as(app: Flask, client: FlaskClient, viewer: Viewer) -> None:
    """Sign this person in without a password, which would take a while to check."""
    with app.app_context():
        begun = begin_sign_in(db.session(), viewer=viewer, now=utc_now())
    with client.session_transaction() as cookie:
        cookie["_user_id"] = SignedIn(viewer, begun).get_id()
        cookie["password_at"] = int(utc_now().timestamp())


def cookie_of(app: Flask, viewer: Viewer) -> str:
    """The Cookie header of a browser in which this person is signed in."""
    client = app.test_client()
    sign_in_as(app, client, viewer)
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = client.get_cookie(name)
    assert cookie is not None
    return f"{name}={cookie.value}"


def children_of(pid: int) -> list[int]:
    """The living direct children of a process."""
    found = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += [int(number) for number in file.read_text().split()]
    return found


def a_command(url: str, *arguments: str, log: Path, **settings: str) -> subprocess.Popen[bytes]:
    """Start a `flask` command on this database, in a session of its own; it writes to `log`."""
    environment = os.environ | {
        "MENTORSHIP_ENV": "development",
        "SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": url,
        "CRON_SECRET": CRON_SECRET,
    }
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", *arguments],
            cwd=PROJECT,
            env=environment | settings,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


@dataclass(frozen=True)
class Server:
    """A running `flask serve`."""

    port: int
    pid: int
    log: Path

    def caller(self, cookie: str | None = None, **options: float) -> Caller:
        """A client of this server."""
        return Caller(self.port, cookie, **options)


_A_DEATH = "Unexpected exit from worker"
"""What granian says when it starts another one."""


@contextmanager
def a_server(
    url: str,
    *,
    workers: int,
    folder: Path,
    port: int | None = None,
    are_killed: bool = False,
    **settings: str,
) -> Iterator[Server]:
    """The real server on this database, on a free port unless one is given; stopped afterwards.

    Fails if a web worker died meanwhile, unless they `are_killed`.
    """
    port = port or a_free_port()
    log = folder / f"server-{port}.log"
    process = a_command(
        url,
        "serve",
        "--port",
        str(port),
        "--workers",
        str(workers),
        log=log,
        BASE_URL=f"http://{HOST}:{port}",
        **settings,
    )
    try:
        wait_until(lambda: process.poll() is not None or _answers(port))
        assert process.poll() is None, log.read_text()
        yield Server(port, process.pid, log)
        assert are_killed == (_A_DEATH in log.read_text()), log.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(port: int) -> bool:
    caller = Caller(port, timeout=5)
    try:
        return caller("GET", "/login").status == 200
    finally:
        caller.close()


def a_free_port() -> int:
    """A port on which nobody listens; another run of the tests gets another one."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
