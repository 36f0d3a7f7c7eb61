"""A thousand open pages on one server: how often they poll, and what that takes."""

import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from itertools import repeat
from pathlib import Path

import psycopg
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from bench.data import Plan
from bench.figures import Figure, per_second
from bench.polls import UPDATE_ROUTE, free_ports, post, serving
from bench.stage import Stage
from mentorship import create_app
from mentorship.config import PROJECT
from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.domain.sessions.lifecycle import Status
from mentorship.extensions import db
from tests.support.builders import a_booking, a_user
from tests.support.databases import settings_for
from tests.support.processes import Caller, children_of, cookie_of

NEAR, IN_USE, IDLE = 2.0, 5.0, 60.0
"""Seconds between two polls of a page, as static/app.js has them with LIVE_SECONDS=2."""

_SEEN = re.compile(r'name="seen" value="([\d.]+)"')
_NEAR_UNTIL = re.compile(r'data-near-until="')
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Window:
    """An open page: what it sends, and whether a session of its person is near."""

    request: bytes
    is_near: bool


@dataclass(frozen=True)
class Load:
    """What the windows asked a second, and the processor time for it as a part of one core."""

    rate: float
    share: float


def run(stage: Stage) -> Iterator[Figure]:
    """Half of the windows near a session and half in use, beside all of them at 60 seconds."""
    count, seconds = stage.scale.windows, stage.scale.watched
    plan = Plan(stage.base, stage.scale.sizes[1])
    with stage.filled(plan) as url:
        live, idle = _measured(url, stage, count, seconds)
    yield Figure(
        f"polls of {count:,} pages, half near a session",
        per_second(live.rate),
        per_second(idle.rate),
        live.rate / idle.rate,
    )
    yield Figure(
        "processor time for them, of one core",
        f"{live.share:.1%}",
        f"{idle.share:.1%}",
        live.share / idle.share,
    )


def _measured(url: str, stage: Stage, count: int, seconds: float) -> tuple[Load, Load]:
    (port,) = free_ports(1)
    key = secrets.token_hex(16)
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "serve", "--port", str(port)]
    cookies = _cookies(url, stage, count, key=key, port=port)
    with ExitStack() as stack:
        server = stack.enter_context(serving(command, port, url, SECRET_KEY=key))
        roots = [server, *_postmaster(url)]
        with ThreadPoolExecutor(4) as pool:
            windows = list(pool.map(_opened, repeat(port), cookies))
        assert sum(each.is_near for each in windows) == count // 2
        waits = [NEAR if each.is_near else IN_USE for each in windows]
        live = _watched(port, windows, waits, seconds, roots)
        idle = _watched(port, windows, [IDLE] * count, seconds, roots)
    return live, idle


def _cookies(url: str, stage: Stage, count: int, *, key: str, port: int) -> list[str]:
    """The cookies of so many students, half of whom have a session that is under way."""
    app = create_app(
        settings_for(
            url,
            mentorship_env="production",
            secret_key=key,
            base_url=f"http://127.0.0.1:{port}",
        )
    )
    engine = create_engine(url)
    with Session(engine, expire_on_commit=False) as session:
        people = [a_user(session, f"Window {number}", Role.STUDENT) for number in range(count)]
        for number, student in enumerate(people):
            _give_sessions(session, student, stage, is_near=number % 2 == 0)
    engine.dispose()
    cookies = [cookie_of(app, each) for each in people]
    with app.app_context():
        db.engine.dispose()
    return cookies


def _give_sessions(session: Session, student: Viewer, stage: Stage, *, is_near: bool) -> None:
    """A session in three days, and one that began five minutes ago where one `is_near`."""
    mentor = a_user(session, f"Mentor of {student.id}", Role.MENTOR)
    a_booking(session, mentor=mentor, student=student, starts=stage.base + timedelta(days=3))
    if is_near:
        a_booking(
            session,
            mentor=mentor,
            student=student,
            starts=stage.base - timedelta(minutes=5),
            status=Status.ONGOING,
        )


def _opened(port: int, cookie: str) -> Window:
    """The dashboard of this person, and what its polls send."""
    caller = Caller(port, cookie)
    page = caller("GET", "/dashboard").text
    caller.close()
    seen = _SEEN.search(page)
    assert seen is not None, page[:1000]
    return Window(post(UPDATE_ROUTE, port, cookie, seen[1]), bool(_NEAR_UNTIL.search(page)))


def _watched(
    port: int, windows: list[Window], waits: list[float], seconds: float, roots: list[int]
) -> Load:
    """Let each window poll at its own pace for so long. Raises AssertionError for a wrong answer.

    The processor time is that of the server and the database, from the first counted poll to the
    last.
    """
    command = [sys.executable, "-m", "bench.windows_load", str(port), str(seconds)]
    process = subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    work = [
        {"request": each.request.decode(), "wait": wait}
        for each, wait in zip(windows, waits, strict=True)
    ]
    process.stdin.write(json.dumps(work))
    process.stdin.close()
    assert process.stdout.readline() == "warm\n"
    begin, before = time.perf_counter(), _processor_seconds(roots)
    outcome = json.loads(process.stdout.readline())
    took, used = time.perf_counter() - begin, _processor_seconds(roots) - before
    process.stdout.close()
    assert process.wait() == 0
    assert set(outcome["statuses"]) == {"204"}, outcome["statuses"]
    # A tick is the least that the system counts.
    return Load(outcome["statuses"]["204"] / took, max(used, 1 / _TICKS) / took)


def _postmaster(url: str) -> list[int]:
    """The process above all of PostgreSQL's; nothing where the database is a file."""
    if not url.startswith("postgresql"):
        return []
    with psycopg.connect(url) as connection:
        status = Path(f"/proc/{connection.info.backend_pid}/status").read_text()
    found = re.search(r"^PPid:\s*(\d+)$", status, re.MULTILINE)
    assert found is not None
    return [int(found[1])]


def _processor_seconds(roots: list[int]) -> float:
    """What these processes and all below them have used so far, those that ended included."""
    used, left = 0, list(roots)
    while left:
        pid = left.pop()
        left += children_of(pid)
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue  # It has just ended, and counts with its parent.
        used += sum(int(each) for each in fields[11:15])  # Its own, and that of ended children.
    return used / _TICKS
