"""What people are told when the database cannot be used, or takes no changes."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text

from mentorship.domain.sessions.lifecycle import Status
from mentorship.extensions import db
from tests.support.builders import a_booking, the_booking

READ_ONLY = "The database accepts no changes right now, so nothing was changed."
GONE = "The database cannot be reached now."


@pytest.fixture
def started(session, cast, clock):
    """A session that its mentor can complete."""
    return a_booking(
        session, mentor=cast.mentor, student=cast.student, starts="09:00", status=Status.ONGOING
    )


@pytest.fixture
def due(session, cast, clock):
    """A session that the clock has made due."""
    return a_booking(session, mentor=cast.mentor, student=cast.student, starts="09:40")


@pytest.fixture
def mentor(client_for, cast, clock):
    """The browser of the mentor, signed in."""
    return client_for(cast.mentor)


@pytest.fixture
def student(client_for, cast, clock):
    """The browser of the student, signed in."""
    return client_for(cast.student)


@pytest.fixture
def file(database_url):
    """Where SQLite keeps the database."""
    return Path(make_url(database_url).database)


@pytest.fixture
def read_only(app, session, started, due, mentor, student):
    """New connections to PostgreSQL may only read, as on a standby."""
    name = session.scalar(text("SELECT current_database()"))
    session.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    session.commit()
    with app.app_context():
        db.engine.dispose()
    yield
    session.rollback()
    session.execute(text("SET TRANSACTION READ WRITE"))
    session.execute(text(f"ALTER DATABASE {name} RESET default_transaction_read_only"))
    session.commit()


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("read_only")
def test_a_postgresql_that_takes_no_changes_is_503_with_a_sentence(
    session, started, mentor, student
):
    answers = [
        mentor.post(f"/api/sessions/{started}/complete"),
        mentor.post(f"/api/sessions/{started}/complete", headers={"HX-Request": "true"}),
        mentor.post("/profile", data={"headline": "New", "bio": "", "topics": ""}),
        mentor.post("/api/admin/update-session-status"),
        student.get("/dashboard"),
    ]

    assert [answer.status_code for answer in answers] == [503] * 5
    assert all(READ_ONLY in answer.text for answer in answers)
    assert the_booking(session, started).status is Status.ONGOING


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_sqlite_file_that_is_gone_is_503_and_not_made_anew(mentor, started, file):
    assert mentor.get("/account").status_code == 200
    for each in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
        each.unlink(missing_ok=True)

    for _ in range(3):
        answer = mentor.post(f"/api/sessions/{started}/complete")
        assert answer.status_code == 503
        assert GONE in answer.text
        assert mentor.get("/account").status_code == 503

    assert not file.exists()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_sqlite_file_that_was_replaced_is_used_from_the_next_request_on(
    app, session, mentor, started, file, tmp_path
):
    session.commit()
    session.connection().exec_driver_sql("COMMIT")
    session.connection().exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    session.connection().exec_driver_sql("BEGIN")
    session.rollback()
    shutil.copy(file, tmp_path / "copy.db")
    (tmp_path / "copy.db").replace(file)
    for each in (Path(f"{file}-wal"), Path(f"{file}-shm")):
        each.unlink(missing_ok=True)

    assert mentor.post(f"/api/sessions/{started}/complete").status_code == 200

    with app.app_context():
        db.engine.dispose()
        with db.engine.connect() as fresh:
            found = fresh.execute(text("SELECT status FROM session_bookings")).scalar()
    assert found == "COMPLETED"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_is_written_while_the_file_goes_away_is_no_success(mentor, started, file, monkeypatch):
    assert mentor.get("/account").status_code == 200
    commit = db.session.session_factory.class_.commit

    def go_away_and_commit(session):
        file.unlink(missing_ok=True)
        commit(session)

    monkeypatch.setattr(db.session.session_factory.class_, "commit", go_away_and_commit)

    assert mentor.post(f"/api/sessions/{started}/complete").status_code == 503


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_after_a_restart_of_postgresql_the_first_request_is_served(
    database_url, session, mentor, started
):
    """The pool's connections are closed while nobody uses them, as a restart of the server does."""
    sign_in = {"email": "nobody@example.org", "password": "not the password"}
    asked = [
        lambda: mentor.post("/login", data=sign_in),
        lambda: mentor.get("/dashboard"),
        lambda: mentor.post(f"/api/sessions/{started}/complete"),
    ]
    expected = [asked[0]().status_code, 200, 200]

    statuses = []
    for ask in asked:
        mentor.get("/account")  # The pool holds a connection.
        end_all_connections(database_url)
        statuses.append(ask().status_code)

    assert statuses == expected
    assert the_booking(session, started).status is Status.COMPLETED


def end_all_connections(database_url):
    """Returns when PostgreSQL has closed them."""
    others = text(
        "SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND backend_type = 'client backend' "
        "AND pid <> pg_backend_pid()"
    )
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.connect() as connection:
        ended = connection.scalars(others).all()
    assert ended
    assert all(ended)
