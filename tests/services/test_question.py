"""Questions: statements that are asked on connections of their own."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import bindparam, create_engine, select, text
from sqlalchemy.exc import SQLAlchemyError

from mentorship.domain.lifecycle import Status
from mentorship.models import SessionBooking
from mentorship.question import Question
from tests.support.builders import a_booking, at
from tests.support.databases import CLEANER
from tests.support.processes import wait_until

LATER = Question(
    select(SessionBooking.id, SessionBooking.status, SessionBooking.start_time).where(
        SessionBooking.status == Status.SCHEDULED,
        SessionBooking.start_time > bindparam("after"),
    )
)
BROKEN = Question(select(text("nothing_of_this_name")).where(bindparam("after") > 0))


@pytest.fixture
def booking(session, cast):
    return a_booking(session, mentor=cast.mentor, student=cast.student, starts="18:00")


@pytest.fixture
def asked(session):
    """`asked("17:00")`: the sessions that begin later."""
    return lambda clock: LATER.ask(session.get_bind(), after=at(clock))


def others(url):
    """The server processes of other connections to this database."""
    with psycopg.connect(url, autocommit=True) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND application_name <> %s AND backend_type = 'client backend'",
            (CLEANER,),
        )
        return {pid for (pid,) in found}


def test_rows_have_names_and_the_types_of_python(asked, booking):
    [row] = asked("17:00")

    assert (row.id, row.status, row.start_time) == (booking, Status.SCHEDULED, at("18:00"))
    assert row.start_time.tzinfo is UTC
    assert asked("18:00") == []


def test_an_instant_without_a_zone_is_refused(session):
    with pytest.raises(ValueError, match="without a time zone"):
        LATER.ask(session.get_bind(), after=datetime(2026, 11, 24, 17))  # noqa: DTZ001  # The point.


def test_each_answer_is_of_its_own_moment(asked, session, cast, booking):
    assert len(asked("17:00")) == 1
    a_booking(session, mentor=cast.other_mentor, student=cast.stranger, starts="19:00")

    assert len(asked("17:00")) == 2


def test_errors_are_those_of_sqlalchemy_and_the_next_question_is_answered(asked, session, booking):
    for _ in range(2):
        with pytest.raises(SQLAlchemyError):
            BROKEN.ask(session.get_bind(), after=1)

    assert len(asked("17:00")) == 1


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_lost_connection_is_replaced_within_the_same_question(database_url):
    asking = create_engine(database_url)
    LATER.ask(asking, after=at("17:00"))
    [lost] = others(database_url)
    with psycopg.connect(database_url, autocommit=True) as killer:
        killer.execute("SELECT pg_terminate_backend(%s, 5000)", (lost,))

    assert LATER.ask(asking, after=at("17:00")) == []
    assert lost not in others(database_url)
    asking.dispose()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_there_are_as_many_connections_as_ask_together_and_they_end_with_the_engine(database_url):
    asking = create_engine(database_url)
    together = Barrier(3)

    def ask_in_vain(_number):
        together.wait()
        return LATER.ask(asking, after=at("17:00"))

    for threads in range(3):
        with ThreadPoolExecutor(3) as pool:
            assert list(pool.map(ask_in_vain, range(3))) == [[]] * 3, threads
    assert 1 <= len(others(database_url)) <= 3
    asking.dispose()
    wait_until(lambda: not others(database_url))


ASKS_ON_A_THREAD_OF_THE_SERVER = """
import ctypes, sys
from sqlalchemy import create_engine, literal, select
from mentorship.question import Question

engine = create_engine(sys.argv[1])
one = Question(select(literal(1).label("one")))
kind = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
asks = kind(lambda _: print(one.ask(engine)[0].one) or 0)
threads, thread = ctypes.CDLL(None), ctypes.c_ulong()
for _ in range(3):
    threads.pthread_create(ctypes.byref(thread), None, asks, None)
    threads.pthread_join(thread, None)
"""


def test_a_process_outlives_its_threads_that_are_not_pythons_own(database_url):
    program = [sys.executable, "-c", ASKS_ON_A_THREAD_OF_THE_SERVER, database_url]
    ended = subprocess.run(program, capture_output=True, text=True, timeout=60)

    assert (ended.returncode, ended.stdout) == (0, "1\n" * 3), ended.stderr
