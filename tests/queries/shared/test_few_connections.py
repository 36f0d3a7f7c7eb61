"""PostgreSQL with few connections, and behind a pooler that hands them out by transaction."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import create_engine, make_url, select, text
from sqlalchemy.orm import Session

from mentorship.database import begin_write, read
from mentorship.models import User
from tests.support.apps import Applications
from tests.support.builders import a_booking, a_profile
from tests.support.pgbouncer import a_pgbouncer
from tests.support.processes import a_server, cookie_of, wait_until

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)

_NOBODY_LEFT = (
    "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE usename = 'visitor')"
)
"""PostgreSQL counts a connection until its backend has ended, which may be a while after."""

PAGES = ("/dashboard", "/mentors", "/account", "/dashboard/week")


@contextmanager
def visitor(url, *, connections):
    """The URL for a role that has no more connections than these."""
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE visitor LOGIN CONNECTION LIMIT {connections}")
        admin.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO visitor")
        admin.execute("GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO visitor")
        try:
            yield make_url(url).set(username="visitor").render_as_string(hide_password=False)
        finally:
            admin.execute("DROP OWNED BY visitor")
            admin.execute("DROP ROLE visitor")


def asked_at_once(server, cookie, *, threads, rounds):
    """How often each status was answered to people who look at pages and poll."""

    def ask(_number):
        caller = server.caller(cookie)
        poll = {"seen": "1.1.1"}
        try:
            return [
                answer.status
                for _ in range(rounds)
                for answer in (
                    *(caller("GET", page) for page in PAGES),
                    caller(
                        "POST",
                        "/api/admin/update-session-status",
                        poll,
                        HX_Request="true",
                        Sec_Fetch_Site="same-origin",
                    ),
                )
            ]
        finally:
            caller.close()

    with ThreadPoolExecutor(threads) as pool:
        return Counter(status for found in pool.map(ask, range(threads)) for status in found)


@contextmanager
def most_connections(url, role):
    """The most connections that this role had at a time meanwhile, in a list of one."""
    most, is_over = [0], threading.Event()

    def watch():
        with psycopg.connect(url, autocommit=True) as connection:
            while not is_over.wait(0.01):
                (number,) = connection.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE usename = %s", (role,)
                ).fetchone()
                most[0] = max(most[0], number)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        is_over.set()
        watcher.join()


def test_a_machine_takes_no_more_connections_than_workers_times_the_pool(
    app, session, cast, database_url, tmp_path
):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="18:00")
    cookie = cookie_of(app, cast.student)
    with (
        visitor(database_url, connections=17) as few,
        a_server(few, workers=4, folder=tmp_path) as server,
        most_connections(database_url, "visitor") as most,
    ):
        answers = asked_at_once(server, cookie, threads=24, rounds=2)

        assert answers == {200: 24 * 2 * 5}
        assert 1 < most[0] <= 4 * 3


def test_what_finds_no_connection_is_503_with_a_sentence_and_goes_well_afterwards(
    app, session, cast, database_url, tmp_path
):
    cookie = cookie_of(app, cast.student)
    with (
        visitor(database_url, connections=2) as few,
        a_server(few, workers=1, folder=tmp_path, DATABASE_POOL_SIZE="2") as server,
    ):
        hoarder = create_engine(few)
        with hoarder.connect(), hoarder.connect():  # Whoever else uses up what there is.
            caller = server.caller(cookie)
            answer = caller("GET", "/dashboard")
            caller.close()
            assert answer.status == 503
            assert "The database cannot be reached now." in answer.text
        hoarder.dispose()
        with psycopg.connect(database_url, autocommit=True) as admin:
            wait_until(lambda: admin.execute(_NOBODY_LEFT).fetchone())

        assert asked_at_once(server, cookie, threads=8, rounds=2) == {200: 8 * 2 * 5}


def test_a_request_never_waits_for_a_second_connection(app, session, cast, database_url):
    a_profile(session, cast.mentor)
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="18:00")
    applications = Applications(database_pool_size=1)
    with applications.on(database_url) as single:
        client = single.test_client(use_cookies=False)
        headers = {"Cookie": cookie_of(single, cast.student)}
        for page in (*PAGES, f"/mentors/{cast.mentor.id}", f"/sessions/{booking}"):
            assert client.get(page, headers=headers).status_code == 200


def test_behind_a_pooler_nothing_is_prepared_and_a_write_still_limits_its_waits(
    database_url, tmp_path, cast
):
    statement = select(User.id).order_by(User.id)
    with a_pgbouncer(database_url, tmp_path, servers=1) as behind:
        engines = [create_engine(behind) for _ in range(2)]
        with Session(engines[0]) as first, Session(engines[1]) as second:
            for _ in range(10):  # psycopg would prepare the statement at the fifth time.
                assert read(first, statement) == read(second, statement) != []
            assert read(first, select(text("count(*) FROM pg_prepared_statements")))[0][0] == 0
            first.rollback()
            begin_write(second)
            assert second.scalar(text("SHOW lock_timeout")) == "10s"
        for engine in engines:
            engine.dispose()
    with create_engine(database_url).connect() as connection:
        assert connection.connection.driver_connection.prepare_threshold is not None
    connection.engine.dispose()


@pytest.mark.parametrize("servers", [5, 20])
def test_the_server_answers_everybody_behind_a_pooler_in_transaction_mode(
    app, session, cast, database_url, tmp_path, servers
):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="18:00")
    cookie = cookie_of(app, cast.student)
    with (
        a_pgbouncer(database_url, tmp_path, servers=servers) as behind,
        a_server(behind, workers=2, folder=tmp_path, DATABASE_POOL_SIZE="4") as server,
    ):
        assert asked_at_once(server, cookie, threads=24, rounds=3) == {200: 24 * 3 * 5}
