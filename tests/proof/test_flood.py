"""Run 15: a flood of polls beside real use. Only in the long run: it needs the whole machine."""

import json
import random
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from mentorship.clock import utc_now
from mentorship.config import PROJECT
from mentorship.domain.sessions.lifecycle import MANUAL_ACTIONS
from tests.proof.workers import UPDATE, Dashboard
from tests.proof.world import a_world
from tests.support.processes import HOST, a_server, cookie_of
from tests.support.replay import bookings_in, faults, journal_in

SECONDS = 60
SLOWEST = 0.5
LOG_BOUND = {"sqlite": 32 * 2**20, "postgresql": 2**30}
"""Bytes of write-ahead log: SQLite's own checkpoint is at 4 MB, PostgreSQL's max_wal_size 1 GB."""


def log_size(engine, url):
    """The present size of the write-ahead log, in bytes."""
    if engine.dialect.name == "sqlite":
        return Path(f"{make_url(url).database}-wal").stat().st_size
    with engine.connect() as connection:
        return connection.scalar(text("SELECT sum(size) FROM pg_ls_waldir()"))


def flood(port, path, **headers):
    """Repeat this request over fifty connections, from a process of its own."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {HOST}:{port}", "Content-Length: 0"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    result = subprocess.run(
        [sys.executable, "-m", "bench.load", str(port), "50", str(SECONDS)],
        cwd=PROJECT,
        input="\r\n".join([*lines, "", ""]),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(result.stdout)


def use(server, world, cookie, sample):
    """One person reads, presses and polls without a pause; returns how long each request took."""
    chance, took = random.Random(15), []
    board = Dashboard(server.port, cookie)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        number = world.number_at(utc_now()) + chance.randint(-5, 0)
        path = f"/api/sessions/{max(number, 0) + 1}/{chance.choice(MANUAL_ACTIONS)}"
        for request in (
            lambda: board.call("GET", "/dashboard"),
            lambda path=path: board.call("POST", path),
            board.poll,
        ):
            begun = time.monotonic()
            answer = request()
            took.append(time.monotonic() - begun)
            assert answer.status in (200, 204, 409), answer
        sample()
    board.call.close()
    return sorted(took)


@pytest.mark.proof
def test_a_flood_of_polls_does_not_hold_a_person_up(
    engine, app, database_url, reader, figure, tmp_path
):
    world = a_world(
        database_url,
        sessions=2 * SECONDS,
        first=utc_now() + timedelta(seconds=2),
        apart=timedelta(seconds=0.5),
    )
    before, sizes = bookings_in(reader), []
    with a_server(database_url, workers=2, folder=tmp_path) as server:
        cookie = cookie_of(app, world.students[0])
        with ThreadPoolExecutor(2) as pool:
            floods = [
                pool.submit(flood, server.port, UPDATE),
                pool.submit(flood, server.port, UPDATE, Cookie=cookie, HX_Request="true"),
            ]
            took = use(
                server,
                world,
                cookie_of(app, world.admin),
                lambda: sizes.append(log_size(reader, database_url)),
            )
        loads = [each.result() for each in floods]

    p99 = took[int(len(took) * 0.99)]
    assert p99 < SLOWEST
    assert max(sizes) < LOG_BOUND[engine]
    assert faults(before, journal_in(reader), bookings_in(reader)) == []
    assert all(set(load["statuses"]) <= {"200", "204"} for load in loads)
    figure(
        f"{sum(load['rate'] for load in loads):.0f} polls/s on 100 connections for {SECONDS} s; "
        f"{len(took)} requests of a person: median {took[len(took) // 2] * 1000:.0f} ms, "
        f"p99 {p99 * 1000:.0f} ms; write-ahead log at most {max(sizes) / 2**20:.1f} MB"
    )
