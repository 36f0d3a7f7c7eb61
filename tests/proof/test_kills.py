"""Run 3: kill -9 at random points of sweepers, web workers and PostgreSQL's own processes.

Each session is left in its old state, or in its new one with its journal row. Acknowledged changes
stay, and everything else goes on by itself.
"""

import json
import os
import random
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from mentorship.clock import utc_now
from mentorship.domain.sessions.lifecycle import MANUAL_ACTIONS
from mentorship.models import Cause
from mentorship.queries.sessions.due import anything_due
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from tests.proof.conftest import sizes
from tests.proof.workers import UPDATE, die_between_the_two_transactions, keep_going
from tests.proof.world import a_world
from tests.support.builders import a_booking, a_cast
from tests.support.databases import CLEANER
from tests.support.processes import CONTEXT, a_server, children_of, cookie_of, wait_until
from tests.support.replay import bookings_in, faults, journal_in

PAUSE = 0.12
"""Seconds; the next kill comes after a random part of this."""


def check_after_the_kills(reader, before, acknowledged):
    """Sweep once more and check that nothing is lost or doubled; returns the journal.

    `acknowledged` are the changes that people were told about: (booking, new status).
    """
    now = utc_now()
    with Session(reader) as session:
        update_session_statuses(session, now=now, cause=Cause.COMMAND, returning=no_updates)
        assert not anything_due(session, now=now)
    if reader.dialect.name == "sqlite":
        with reader.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    journal = journal_in(reader)
    assert faults(before, journal, bookings_in(reader)) == []
    done = Counter((entry.booking_id, entry.new_status) for entry in journal if entry.actor_id)
    assert acknowledged
    assert acknowledged - done == Counter()
    return journal


def a_world_of(url, *, seconds):
    """A world in which a session starts every 10 ms, from now on."""
    return a_world(
        url, sessions=max(100, int(seconds * 100)), first=utc_now(), apart=timedelta(seconds=0.01)
    )


def read_ledger(file):
    lines = [line.split(" ") for line in file.read_text().splitlines()]
    return Counter((int(number), status) for number, status in lines)


@pytest.fixture
def sweepers(tmp_path):
    """`sweepers(world, 4)`: this many processes that sweep and press; killed at the end."""
    running = []

    def start(world, count):
        for _ in range(count):
            process = CONTEXT.Process(
                target=keep_going, args=(world, random.randrange(10**9), tmp_path / "ledger")
            )
            process.start()
            running.append(process)
        return running

    yield start
    for process in running:
        process.kill()
        process.join()


@pytest.mark.parametrize("kills", sizes(short=12, long=100))
def test_killed_sweepers_lose_nothing_and_do_nothing_twice(
    engine, database_url, reader, sweepers, figure, tmp_path, kills
):
    world = a_world_of(database_url, seconds=kills * PAUSE)
    before = bookings_in(reader)
    running = sweepers(world, 4)
    wait_until((tmp_path / "ledger").exists)
    for _ in range(kills):
        time.sleep(random.uniform(0, PAUSE))  # Killed at a random point.
        victim = running.pop(random.randrange(len(running)))
        victim.kill()
        victim.join()
        sweepers(world, 1)
    for process in running:
        process.kill()
        process.join()

    acknowledged = read_ledger(tmp_path / "ledger")
    journal = check_after_the_kills(reader, before, acknowledged)
    figure(
        f"{kills} kills of 4 sweeping processes, {len(journal)} transitions, "
        f"{acknowledged.total()} acknowledged to people: 0 lost, 0 twice"
    )


@pytest.mark.parametrize("kills", sizes(short=6, long=100))
def test_killed_web_workers_are_replaced_and_keep_what_they_acknowledged(
    engine, app, database_url, reader, figure, tmp_path, kills
):
    with a_server(database_url, workers=4, folder=tmp_path, are_killed=True) as server:
        workers = children_of(server.pid)
        world = a_world_of(database_url, seconds=kills * 0.5)
        before = bookings_in(reader)
        stop = Event()
        cookie = cookie_of(app, world.admin)
        with ThreadPoolExecutor(4) as pool:
            told = Event()
            people = [pool.submit(press, server, cookie, world, stop, told) for _ in range(4)]
            try:
                for _ in range(kills):
                    time.sleep(random.uniform(0, PAUSE))  # Killed at a random point.
                    # The oldest: granian takes a worker that dies twice in 5 s for a crash loop.
                    victim = min(workers)
                    os.kill(victim, signal.SIGKILL)
                    workers = wait_until(lambda: replaced(server, victim))  # noqa: B023  # Used at once.
                wait_until(told.is_set)
            finally:
                stop.set()
            answers = [person.result() for person in people]

    statuses = {status for _acknowledged, seen in answers for status in seen}
    acknowledged = sum((acknowledged for acknowledged, _seen in answers), Counter())
    journal = check_after_the_kills(reader, before, acknowledged)
    assert statuses <= {0, 200, 409}
    figure(
        f"{kills} kills of 4 web workers, {len(journal)} transitions, {acknowledged.total()} "
        "acknowledged to people: 0 lost, 0 twice, 0 answers of 5xx"
    )


@pytest.mark.parametrize("kills", sizes(short=3, long=60))
def test_killed_backends_of_postgresql_lose_nothing_and_everybody_goes_on(
    fragile_url, sweepers, figure, tmp_path, kills
):
    world = a_world_of(fragile_url, seconds=kills * 0.8)
    reader = create_engine(fragile_url, poolclass=NullPool)
    before = bookings_in(reader)
    sweepers(world, 4)
    ledger = tmp_path / "ledger"
    wait_until(lambda: ledger.exists() and ledger.stat().st_size)
    for _ in range(kills):
        time.sleep(random.uniform(0, PAUSE))  # Killed at a random point.
        os.kill(wait_until(lambda: a_backend(reader)), signal.SIGKILL)
    length = ledger.stat().st_size
    wait_until(lambda: ledger.stat().st_size > length)
    for process in sweepers(world, 0):
        process.kill()
        process.join()
    wait_until(lambda: accepts(reader))

    acknowledged = read_ledger(ledger)
    journal = check_after_the_kills(reader, before, acknowledged)
    figure(
        f"{kills} kills of backends under 4 sweeping processes, {len(journal)} transitions, "
        f"{acknowledged.total()} acknowledged to people: 0 lost, 0 twice"
    )


def accepts(reader):
    """Whether the server accepts connections, which it does not while it recovers."""
    try:
        reader.connect().close()
    except OperationalError:
        return False
    return True


def a_backend(reader):
    """A process that serves one of the sweepers; None while the server recovers."""
    try:
        with reader.connect() as connection:
            return connection.exec_driver_sql(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND application_name <> %s AND query <> '' "
                "ORDER BY random() LIMIT 1",
                (CLEANER,),
            ).scalar()
    except OperationalError:
        return None


def test_the_checker_catches_a_kill_between_state_and_journal(database_url, reader):
    with Session(reader) as session:
        people = a_cast(session)
        booking = a_booking(session, mentor=people.mentor, student=people.student)
    before = bookings_in(reader)
    victim = CONTEXT.Process(
        target=die_between_the_two_transactions, args=(database_url, booking, people.mentor)
    )
    victim.start()
    victim.join()

    assert victim.exitcode == -signal.SIGKILL
    [found] = faults(before, journal_in(reader), bookings_in(reader))
    assert found.startswith("different")


def replaced(server, victim):
    workers = children_of(server.pid)
    return workers if victim not in workers and len(workers) == 4 else None


def press(server, cookie, world, stop, told):
    """Press and poll until told to stop; returns the acknowledged changes and the statuses.

    Sets `told` at the first acknowledged change.
    """
    acknowledged, statuses = Counter(), set()
    call = server.caller(cookie, timeout=5)
    while not stop.is_set():
        number = world.number_at(utc_now()) + random.randint(-9, 9)
        booking = min(max(number, 0), world.sessions - 1) + 1
        action = random.choice(MANUAL_ACTIONS)
        path = f"/api/sessions/{booking}/{action}" if random.random() < 0.7 else UPDATE
        answer = call("POST", path)
        statuses.add(answer.status)
        if '"changed":true' in answer.text:
            acknowledged[booking, json.loads(answer.text)["newStatus"]] += 1
            told.set()
    call.close()
    return acknowledged, statuses
