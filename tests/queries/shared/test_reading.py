"""Reads outside a transaction: each of its own moment, on a connection that is given back."""

import subprocess
import sys

import psycopg
import pytest
from sqlalchemy import bindparam, create_engine, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mentorship.database import begin_write, read
from mentorship.models import SessionBooking
from tests.support.builders import a_booking
from tests.support.databases import CLEANER

IDS = select(SessionBooking.id).where(SessionBooking.id > bindparam("after"))
BROKEN = select(text("nothing_of_this_name"))


@pytest.fixture
def booking(session, cast):
    return a_booking(session, mentor=cast.mentor, student=cast.student, starts="18:00")


def ids(session):
    return [row.id for row in read(session, IDS, after=0)]


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


def test_each_read_is_of_its_own_moment_and_leaves_nothing_open(session, cast, booking):
    assert ids(session) == [booking]
    with Session(session.get_bind()) as writer:
        begin_write(writer)
        other = a_booking(writer, mentor=cast.other_mentor, student=cast.stranger, starts="19:00")

    assert ids(session) == [booking, other]
    assert not session.in_transaction()
    assert session.get_bind().pool.checkedout() == 0


def test_a_read_in_a_transaction_sees_what_that_has_written_on_its_only_connection(
    session, booking
):
    begin_write(session)
    session.delete(session.get_one(SessionBooking, booking))
    session.flush()

    assert ids(session) == []
    assert session.get_bind().pool.checkedout() == 1


def test_a_read_that_fails_leaves_nothing_behind(session, booking):
    for _ in range(2):
        with pytest.raises(SQLAlchemyError):
            read(session, BROKEN)

    assert ids(session) == [booking]
    assert session.get_bind().pool.checkedout() == 0


def test_the_next_transaction_begins_as_always(session, booking):
    assert ids(session) == [booking]

    begin_write(session)
    session.delete(session.get_one(SessionBooking, booking))
    session.flush()
    session.rollback()

    assert ids(session) == [booking]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_connection_that_was_lost_is_replaced_within_the_same_read(database_url):
    engine = create_engine(database_url)
    with Session(engine) as session:
        ids(session)
        [lost] = others(database_url)
        with psycopg.connect(database_url, autocommit=True) as killer:
            killer.execute("SELECT pg_terminate_backend(%s, 5000)", (lost,))

        assert ids(session) == []
    assert lost not in others(database_url)
    engine.dispose()


READS_ON_A_THREAD_OF_THE_SERVER = """
import ctypes, sys
from sqlalchemy import create_engine, literal, select
from sqlalchemy.orm import Session
from mentorship.database import read

session = Session(create_engine(sys.argv[1]))
one = select(literal(1).label("one"))
kind = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
reads = kind(lambda _: print(read(session, one)[0].one) or 0)
threads, thread = ctypes.CDLL(None), ctypes.c_ulong()
for _ in range(3):
    threads.pthread_create(ctypes.byref(thread), None, reads, None)
    threads.pthread_join(thread, None)
"""


def test_a_process_outlives_its_threads_that_are_not_pythons_own(database_url):
    program = [sys.executable, "-c", READS_ON_A_THREAD_OF_THE_SERVER, database_url]
    ended = subprocess.run(program, capture_output=True, text=True, timeout=60)

    assert (ended.returncode, ended.stdout) == (0, "1\n" * 3), ended.stderr
