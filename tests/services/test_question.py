"""Questions: statements that are asked on connections of their own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

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
            "AND application_name <> %s",
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
def test_each_thread_has_one_connection_that_ends_with_it_or_with_the_engine(database_url):
    asking = create_engine(database_url)

    def ask_in_vain(connections):
        for _ in range(3):
            assert LATER.ask(asking, after=at("17:00")) == []
        wait_until(lambda: len(others(database_url)) == connections)

    ask_in_vain(1)
    with ThreadPoolExecutor(1) as threads:
        threads.submit(ask_in_vain, 2).result()
    ask_in_vain(1)
    asking.dispose()
    wait_until(lambda: not others(database_url))
