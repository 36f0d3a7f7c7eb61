"""Every open dashboard hears of every change of its sessions exactly once, whoever made it.

Two transactions can commit in a different order than their journal ids. A reader that asks for
"ids greater than the last I saw", or for times later than the last it saw, then misses the one
that commits late.
"""

import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from mentorship.clock import utc_now
from mentorship.database import begin_write, lock_journal
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.models import Cause, StatusChange
from tests.proof.conftest import sizes
from tests.proof.workers import Dashboard, press_and_poll
from tests.proof.world import a_world
from tests.support.builders import a_booking, a_cast, at
from tests.support.processes import a_server, cookie_of, in_processes, wait_until
from tests.support.replay import bookings_in, faults, journal_in, missed_or_repeated, telling


def write_row(session, booking, applied_at):
    return session.scalar(
        insert(StatusChange)
        .values(
            booking_id=booking,
            old_status=Status.SCHEDULED,
            new_status=Status.ONGOING,
            action=Action.DELAY,
            is_delayed=True,
            cause=Cause.WORKER,
            due_at=at("10:00"),
            applied_at=applied_at,
        )
        .returning(StatusChange.id)
    )


def bookings_after(reader, column, last):
    with reader.connect() as connection:
        return connection.scalars(select(StatusChange.booking_id).where(column > last)).all()


class TestTheNaiveReaders:
    """Shows step by step what naive readers miss."""

    @pytest.mark.parametrize("engine", ["postgresql"])
    def test_a_reader_by_id_misses_what_commits_late_without_the_journal_lock(
        self, database_url, reader
    ):
        with Session(reader) as slow, Session(reader) as fast:
            people = a_cast(slow)
            early, late = (
                a_booking(slow, mentor=people.mentor, student=people.student, starts=clock)
                for clock in ("10:00", "12:00")
            )
            write_row(slow, early, at("12:00"))
            last = write_row(fast, late, at("12:00"))
            fast.commit()
            told = bookings_after(reader, StatusChange.id, 0)
            slow.commit()
            told += bookings_after(reader, StatusChange.id, last)

        assert told == [late]
        expected = [telling(entry) for entry in journal_in(reader)]
        heard = [each for each in expected if each[0] in told]
        assert len(missed_or_repeated(heard, expected)) == 1

    def test_a_reader_by_time_misses_what_was_decided_early_and_commits_late(
        self, database_url, reader
    ):
        with Session(reader) as session:
            people = a_cast(session)
            early, late = (
                a_booking(session, mentor=people.mentor, student=people.student, starts=clock)
                for clock in ("10:00", "12:00")
            )
            # A request takes its `now` at its edge and may then wait for the lock.
            begin_write(session)
            write_row(session, late, at("12:00:01"))
            session.commit()
            told = bookings_after(reader, StatusChange.applied_at, at("9:00"))
            begin_write(session)
            write_row(session, early, at("12:00:00"))
            session.commit()
            told += bookings_after(reader, StatusChange.applied_at, at("12:00:01"))

        assert told == [late]
        expected = [telling(entry) for entry in journal_in(reader)]
        heard = [each for each in expected if each[0] in told]
        assert len(missed_or_repeated(heard, expected)) == 1


@pytest.mark.parametrize("engine", ["postgresql"])
def test_with_the_journal_lock_ids_follow_the_order_of_commits(database_url, reader):
    order = []
    with Session(reader) as slow:
        people = a_cast(slow)
        early, late = (
            a_booking(slow, mentor=people.mentor, student=people.student, starts=clock)
            for clock in ("10:00", "12:00")
        )
        lock_journal(slow)
        first = write_row(slow, early, at("12:00"))

        def write_the_other():
            with Session(reader) as fast:
                lock_journal(fast)
                order.append(write_row(fast, late, at("12:00")))
                fast.commit()

        other = threading.Thread(target=write_the_other)
        other.start()
        wait_until(lambda: _waits_for_the_lock(reader))
        assert bookings_after(reader, StatusChange.id, 0) == []
        slow.commit()
        other.join()

    assert order == [first + 1]


def _waits_for_the_lock(reader):
    with reader.connect() as connection:
        return connection.exec_driver_sql(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        ).scalar()


@pytest.mark.parametrize("requests", sizes(short=240, long=20_000))
def test_over_http_nothing_fails_or_doubles_and_every_poller_hears_of_each_change_once(
    engine, app, database_url, reader, figure, tmp_path, requests
):
    # Run 2 and the journal's visibility in one: four processes press buttons, call the public
    # and the cron route and poll, each as several people with open dashboards.
    lasting = requests / 250
    with a_server(database_url, workers=4, folder=tmp_path) as server:
        # Made now: what falls due while a server starts would be told to nobody.
        world = a_world(
            database_url,
            sessions=requests // 12,
            first=utc_now() + timedelta(seconds=2),
            apart=timedelta(seconds=lasting / (requests // 12)),
            people=8,
        )
        before = bookings_in(reader)
        cookies = {
            who.id: cookie_of(app, who) for who in (*world.mentors, *world.students, world.admin)
        }
        begun = time.perf_counter()
        results = in_processes(
            press_and_poll,
            [(world, server.port, cookies, share, requests // 4) for share in range(4)],
        )
        seconds = time.perf_counter() - begun
        places = [
            (viewer, Dashboard(server.port, cookies[viewer], place).catch_up())
            for _tally, boards in results
            for viewer, place in boards.items()
        ]

    journal = journal_in(reader)
    tally = sum((counts for counts, _boards in results), Counter())
    assert faults(before, journal, bookings_in(reader)) == []
    assert {name for name in tally if name.startswith("5")} == set()
    assert tally["unknown"] == 0
    assert tally["changed"] == sum(entry.actor_id is not None for entry in journal)
    for viewer, place in places:
        expected = [
            telling(entry)
            for entry in journal
            if entry.id > place.began and world.is_of(entry.booking_id, viewer)
        ]
        assert missed_or_repeated(place.told, expected) == []
    assert any(place.told for _viewer, place in places)
    figure(
        f"{tally['requests']} requests to 4 workers in {seconds:.0f} s, {len(journal)} "
        f"transitions, {sum(len(place.told) for _, place in places)} tellings to {len(places)} "
        "open dashboards; 0 answers of 5xx, 0 faults, 0 missed, 0 repeated"
    )
