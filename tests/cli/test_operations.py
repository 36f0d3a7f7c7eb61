"""The demo, and what every command refuses: production, other tables, no database."""

import socket
from contextlib import suppress
from http.client import HTTPConnection
from threading import Barrier, BrokenBarrierError

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from mentorship import database
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.shared.errors import InvalidInput
from mentorship.models import SessionBooking, User
from mentorship.services.accounts.passwords import has_users
from mentorship.services.operations import demo
from mentorship.services.operations.demo import DEMO_PASSWORD, DEMO_SIGN_INS
from tests.support.builders import a_user, at, the_journal
from tests.support.clocks import standing_at
from tests.support.processes import a_command, at_once, wait_until
from tests.support.triggers import run

SIGN_INS = """\
Sign in with the password mentorship-demo as
  maya@example.org     (mentor)
  sam@example.org      (student)
  ada@example.org      (admin)
"""


def count(session, model):
    session.rollback()
    return session.scalar(select(func.count()).select_from(model))


def test_the_demo_fills_an_empty_database_and_names_its_sign_ins(flask, app, session):
    result = flask("demo")

    assert (result.exit_code, result.stdout) == (0, f"Loaded 21 demo sessions.\n{SIGN_INS}")
    assert count(session, SessionBooking) == 21
    for email, _role in DEMO_SIGN_INS:
        answer = app.test_client().post("/login", data={"email": email, "password": DEMO_PASSWORD})
        assert answer.status_code == 303


@pytest.mark.parametrize("second", [0, 59])
def test_some_of_the_demo_changes_by_itself_within_the_next_minutes(flask, session, second):
    with standing_at(at(f"12:00:{second}")) as clock:
        flask("demo")
        swept = []
        for _ in range(6):
            clock.tick(60)
            swept.append(flask("sweep").stdout.splitlines()[-1])

    assert swept[0].startswith("1 session became ongoing")
    changes = [change for change in the_journal(session) if change.applied_at > at("12:00:59")]
    assert {change.new_status for change in changes} == {"ONGOING", "COMPLETED"}
    assert len(changes) >= 3


def test_the_demo_refuses_a_database_that_has_users(flask, session):
    a_user(session, "Somebody Else", Role.STUDENT)

    result = flask("demo")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == ("Error: The database already has users, so the demo was not loaded.\n")
    assert (count(session, User), count(session, SessionBooking)) == (1, 0)


def test_the_demo_if_empty_leaves_users_alone_and_names_the_sign_ins_only_of_a_demo(flask, session):
    first, second = flask("demo", "--if-empty"), flask("demo", "--if-empty")

    assert first.stdout == f"Loaded 21 demo sessions.\n{SIGN_INS}"
    assert (second.exit_code, second.stdout) == (0, SIGN_INS)
    assert count(session, SessionBooking) == 21


@pytest.fixture
def both_ask(monkeypatch):
    """Of two who load the demo, neither goes on before both have asked for users, if they can."""
    both = Barrier(2)

    def ask_and_wait(session):
        answer = has_users(session)
        with suppress(BrokenBarrierError):
            both.wait(0.5)
        return answer

    monkeypatch.setattr(demo, "has_users", ask_and_wait)


def test_of_two_demos_at_once_one_is_loaded_and_the_other_told_that_there_are_users(
    session, both_ask
):
    def load():
        with Session(session.get_bind()) as own:
            try:
                return demo.load_demo(own, now=at("10:00"))
            except InvalidInput as error:
                return str(error)

    told = at_once(load, 2)

    assert set(told) == {21, "The database already has users, so the demo was not loaded."}
    assert (count(session, User), count(session, SessionBooking)) == (8, 21)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_of_two_demos_at_once_if_empty_the_other_leaves_it_alone_quietly(
    database_url, session, tmp_path
):
    logs = [tmp_path / "one", tmp_path / "other"]

    running = [a_command(database_url, "demo", "--if-empty", log=log) for log in logs]

    assert [process.wait(60) for process in running] == [0, 0]
    told = sorted(log.read_text() for log in logs)
    assert told == [f"Loaded 21 demo sessions.\n{SIGN_INS}", SIGN_INS]
    assert count(session, SessionBooking) == 21


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_demo_if_empty_says_that_a_database_has_people_of_its_own(flask, session):
    a_user(session, "Somebody Else", Role.STUDENT)

    result = flask("demo", "--if-empty")

    assert (result.exit_code, result.stdout) == (
        0,
        "The database already has users of its own, so no demo was loaded.\n",
    )


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_demo_is_refused_in_production(flask_on, database_url, session):
    for options in ((), ("--if-empty",)):
        result = flask_on(database_url, "demo", *options, mentorship_env="production")
        assert (result.exit_code, result.stdout) == (1, "")
        assert "in development only (MENTORSHIP_ENV=development)" in result.stderr
    assert count(session, User) == 0


COMMANDS = [
    ("serve",),
    ("worker",),
    ("demo",),
    ("sweep",),
    ("sweep", "--dry-run"),
    ("import-users", __file__),
    ("import-sessions", __file__),
    ("reset-link", "--email", "sam@example.org"),
    ("create-user", "--email", "a@b.c", "--name", "A", "--role", "admin", "--password", "12345678"),
]


def test_every_command_refuses_a_database_without_this_versions_tables(databases, engine, flask_on):
    with databases.empty(engine) as url:
        for command in COMMANDS:
            result = flask_on(url, *command)
            assert (result.exit_code, result.stdout) == (1, "")
            assert result.stderr == (
                "Error: The database schema is out of date: run flask --app wsgi db upgrade\n"
            )


@pytest.mark.parametrize(
    "url", ["postgresql://nobody@127.0.0.1:1/nothing", "sqlite:////no/such/folder/x.db"]
)
def test_every_command_says_in_one_line_that_the_database_cannot_be_used(flask_on, url):
    for command in (*COMMANDS, ("db", "upgrade"), ("db", "current")):
        result = flask_on(url, *command)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("Error: DATABASE_URL: the database cannot be used: ")
        assert result.stderr.count("\n") == 1


def test_a_command_says_in_one_line_what_the_database_did_not_do(flask, session):
    run(session, "ALTER TABLE users RENAME TO others")

    result = flask(
        "create-user",
        "--email",
        "a@example.org",
        "--name",
        "A",
        "--role",
        "admin",
        "--password",
        "a long password",
    )

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: The database did not do this: ")
    assert "users" in result.stderr
    assert result.stderr.count("\n") == 1


VERSION = "SELECT version_num FROM alembic_version"


def test_an_upgrade_that_waits_in_vain_for_others_says_so_in_one_line_and_changes_nothing(
    flask_on, database_url, engine, monkeypatch
):
    monkeypatch.setattr(database, "_PATIENCE_MS", 50)
    assert flask_on(database_url, "db", "downgrade").exit_code == 0
    others = create_engine(database_url)
    with others.connect() as connection:
        before = connection.exec_driver_sql(VERSION).scalar()
        if engine == "sqlite":
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")
        else:
            connection.exec_driver_sql("LOCK TABLE alembic_version IN SHARE MODE")
        result = flask_on(database_url, "db", "upgrade")
        connection.rollback()
        assert connection.exec_driver_sql(VERSION).scalar() == before
    others.dispose()
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: The database did not do this: ")
    assert result.stderr.count("\n") == 1
    assert flask_on(database_url, "sweep").exit_code == 1  # There is something to upgrade.
    assert flask_on(database_url, "db", "upgrade").exit_code == 0
    assert flask_on(database_url, "sweep").exit_code == 0


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_serve_refuses_a_port_that_another_server_has_even_one_that_would_share_it(flask):
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other:
        port = other.getsockname()[1]
        result = flask("serve", "--port", str(port))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(
        f"Error: The server cannot listen on 127.0.0.1 port {port}: Address already in use"
    )
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_serve_says_in_one_line_that_there_is_no_such_address(flask):
    for host in ("no.such.host.invalid", "203.0.113.7"):
        result = flask("serve", "--host", host)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith(f"Error: The server cannot listen on {host} port 8000: ")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_serve_listens_on_an_address_of_ipv6_and_prints_it_as_one(database_url, tmp_path):
    log = tmp_path / "log"
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as probe:
            port = probe.getsockname()[1]
    except OSError:
        pytest.skip("This machine has no IPv6.")
    process = a_command(
        database_url,
        "serve",
        "--host",
        "::1",
        "--port",
        str(port),
        "--workers",
        "1",
        log=log,
        BASE_URL=f"http://[::1]:{port}",
    )
    try:
        wait_until(lambda: process.poll() is not None or "Started worker-1" in log.read_text())
        connection = HTTPConnection("::1", port, timeout=30)
        connection.request("GET", "/login")
        assert connection.getresponse().status == 200
        connection.close()
        assert f"Mentorship serves http://[::1]:{port}\n" in log.read_text()
    finally:
        process.terminate()
        process.wait(15)
