"""Run 12: the write lock is held, the disk is full, PostgreSQL restarts during a sweep.

People wait or get 503, nothing is left half-way, and the next request works by itself.
"""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import psutil
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from mentorship import create_app
from mentorship.clock import utc_now
from mentorship.database import begin_write
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.extensions import db
from mentorship.models import Cause
from mentorship.services.operations.worker import AFTER_AN_ERROR, run_worker
from mentorship.services.sessions.sweep import BATCH, no_updates, update_session_statuses
from tests.conftest import CRON_SECRET
from tests.proof.conftest import sizes
from tests.proof.workers import UPDATE
from tests.proof.world import a_world
from tests.support import naive
from tests.support.builders import a_booking, the_booking, the_journal
from tests.support.databases import settings_for
from tests.support.meanwhile import meanwhile
from tests.support.processes import wait_until
from tests.support.replay import bookings_in, faults, journal_in

MINUTE = timedelta(minutes=1)
PAGE = 4096


@pytest.fixture
def soon(session, cast):
    """A session that starts in ten minutes."""
    return a_booking(
        session, mentor=cast.mentor, student=cast.student, starts=utc_now() + 10 * MINUTE
    )


@contextmanager
def held(session):
    """Hold the lock that every writer needs."""
    begin_write(session)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE session_bookings, status_changes IN EXCLUSIVE MODE"))
    else:
        session.connection()
    yield
    session.rollback()


@pytest.mark.parametrize("seconds", sizes(short=0.5, long=10))
def test_while_the_write_lock_is_held_writers_wait_and_readers_do_not(
    session, soon, client_for, cast, figure, seconds
):
    press = client_for(cast.mentor)
    look = client_for(cast.student)
    look.get("/dashboard")
    with ThreadPoolExecutor(1) as pool:
        with held(session):
            pressed = pool.submit(press.post, f"/api/sessions/{soon}/start")
            begun, waits = time.monotonic(), []
            while time.monotonic() - begun < seconds:
                before = time.monotonic()
                assert look.get("/dashboard").status_code == 200
                assert look.get(UPDATE).json["startedSessions"] == 0
                waits.append(time.monotonic() - before)
        answer = pressed.result()

    assert answer.status_code in (200, 503)
    assert seconds > 5 or answer.status_code == 200
    assert press.post(f"/api/sessions/{soon}/start").status_code == 200
    assert the_booking(session, soon).status is Status.ONGOING
    assert len(the_journal(session)) == 1
    figure(
        f"write lock held {seconds} s: the press got {answer.status_code}, the next one 200; "
        f"{len(waits)} dashboards and polls meanwhile, the slowest {max(waits) * 1000:.0f} ms"
    )


@contextmanager
def no_file_grows_past(size):
    """Limit this process to this many bytes in each file, as on a full disk."""
    process = psutil.Process()
    before = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        process.rlimit(psutil.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("action", [Action.START, Action.CANCEL])
def test_a_disk_that_is_full_at_any_page_leaves_the_old_state_and_the_press_then_works(
    session, reader, client_for, cast, action
):
    press = client_for(cast.mentor)
    for pages in itertools.count(1):
        starts = utc_now() + 10 * MINUTE
        booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts=starts)
        path = f"/api/sessions/{booking}/{action}"
        with full_after(session, pages):
            answer = press.post(path)

        if answer.status_code == 200:
            break
        assert (answer.status_code, answer.json["success"]) == (503, False)
        assert (the_booking(session, booking).revision, the_journal(session, booking)) == (1, [])
        assert press.post(path).json["changed"] is True
    assert len(the_journal(session)) == pages > 3


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_disk_that_is_full_at_any_page_makes_a_sweep_late_and_loses_nothing(
    session, reader, client_for, cast
):
    failed = 0
    for pages in itertools.count(1):
        for minutes in (1, 2):
            a_booking(
                session,
                mentor=cast.mentor,
                student=cast.student,
                starts=utc_now() - minutes * MINUTE,
            )
        before, rows = bookings_in(reader), len(journal_in(reader))
        with full_after(session, pages):
            answer = client_for(None).post(UPDATE)
        journal = journal_in(reader)[rows:]

        assert faults(before, journal, bookings_in(reader)) == []
        if len(journal) == 2:
            break
        assert answer.status_code == 503 or answer.json["failedSessions"] == 2 - len(journal)
        failed += answer.status_code == 200
        # What was set back comes again within the minute, the rest at once.
        update_session_statuses(
            session, now=utc_now() + 2 * MINUTE, cause=Cause.WORKER, returning=no_updates
        )
    assert len(journal_in(reader)) == 2 * pages > 6
    assert failed > 0


@contextmanager
def full_after(session, pages):
    """Empty the write-ahead log and leave it room for this many pages."""
    empty_the_log(session)
    with no_file_grows_past(pages * PAGE):
        yield


def empty_the_log(session):
    """Let the next write begin at the start of the write-ahead log."""
    session.rollback()
    with session.get_bind().connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_checker_catches_a_disk_that_is_full_between_state_and_journal(
    session, reader, soon, cast
):
    found = []
    for pages in range(1, 30):
        booking = a_booking(
            session, mentor=cast.mentor, student=cast.student, starts=utc_now() + 10 * MINUTE
        )
        before, rows = bookings_in(reader), len(journal_in(reader))
        with Session(session.get_bind()) as broken, full_after(session, pages):
            try:
                naive.apply_action(
                    broken,
                    booking_id=booking,
                    action=Action.START,
                    viewer=cast.mentor,
                    now=utc_now(),
                )
            except OperationalError:
                broken.rollback()
        found += faults(before, journal_in(reader)[rows:], bookings_in(reader))

    assert any(line.startswith("different") for line in found)


@pytest.fixture
def fragile_app(fragile_url):
    """The application on the server that may be killed."""
    application = create_app(settings_for(fragile_url, cron_secret=CRON_SECRET))
    yield application
    with application.app_context():
        db.engine.dispose()


@pytest.fixture
def fragile_reader(fragile_url):
    """An engine that keeps no connection over a restart."""
    return create_engine(fragile_url, poolclass=NullPool)


def overdue_world(url, sessions):
    """A world of this many sessions whose start has passed and that nobody started."""
    apart = timedelta(seconds=0.01)
    return a_world(url, sessions=sessions, first=utc_now() - sessions * apart - MINUTE, apart=apart)


def app_engine(app):
    with app.app_context():
        return db.engine


def succeeded(answer):
    return answer if answer.status_code == 200 else None


@pytest.mark.parametrize("sessions", sizes(short=3 * BATCH, long=30 * BATCH))
def test_a_restart_of_postgresql_in_mid_sweep_loses_nothing_and_the_next_sweep_goes_on(
    fragile, fragile_url, fragile_app, fragile_reader, figure, sessions
):
    overdue_world(fragile_url, sessions)
    before = bookings_in(fragile_reader)
    client = fragile_app.test_client()

    with meanwhile(app_engine(fragile_app), "UPDATE session_bookings", fragile.restart, number=2):
        answer = client.post(UPDATE)
    journal = journal_in(fragile_reader)

    assert (answer.status_code, answer.json["success"]) == (503, False)
    assert len(journal) == BATCH
    assert faults(before, journal, bookings_in(fragile_reader)) == []
    again = wait_until(lambda: succeeded(client.post(UPDATE)))
    assert again.json["startedSessions"] == sessions - BATCH
    journal = journal_in(fragile_reader)
    assert faults(before, journal, bookings_in(fragile_reader)) == []
    assert sorted(each.booking_id for each in journal) == sorted(before)
    figure(f"restart in the second of {sessions // BATCH} batches: 503, then all once")


def test_the_checker_catches_a_restart_between_state_and_journal(
    fragile, fragile_url, fragile_reader
):
    overdue_world(fragile_url, 20)
    before = bookings_in(fragile_reader)
    engine = create_engine(fragile_url)

    with (
        Session(engine) as session,
        meanwhile(engine, "INSERT INTO status_changes", fragile.restart),
        pytest.raises(OperationalError),
    ):
        naive.sweep(session, now=utc_now(), cause=Cause.WORKER)

    [found] = faults(before, journal_in(fragile_reader), bookings_in(fragile_reader))
    assert found.startswith("different")
    engine.dispose()


def test_a_worker_survives_a_database_that_goes_away_and_comes_back(
    fragile, fragile_url, fragile_reader
):
    overdue_world(fragile_url, 20)
    engine = create_engine(fragile_url)
    pauses = []

    def wait(pause):
        pauses.append(pause)
        if len(pauses) == 1:
            fragile.stop()
        elif len(pauses) == 3:
            fragile.start()
        return len(pauses) == 6

    run_worker(lambda: Session(engine), clock=utc_now, wait=wait)

    assert pauses[1:3] == [AFTER_AN_ERROR] * 2
    assert AFTER_AN_ERROR not in pauses[4:]
    journal = journal_in(fragile_reader)
    assert sorted(each.booking_id for each in journal) == sorted(bookings_in(fragile_reader))
    engine.dispose()
