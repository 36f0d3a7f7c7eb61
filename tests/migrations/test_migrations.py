"""From an empty database and back, on both engines, also when an upgrade dies half-way."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time, timedelta
from itertools import count

import flask_migrate
import pytest
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import Engine, event, func, insert, inspect, select, text, update
from sqlalchemy.orm import Session

from mentorship import create_app
from mentorship.clock import utc_now
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.extensions import Base, db
from mentorship.models import (
    ApiToken,
    AvailabilityRule,
    Cause,
    Import,
    ImportedBooking,
    ImportedSlot,
    ImportedUser,
    MentorTimeSlot,
    Role,
    SessionBooking,
    StatusChange,
    SweepFailure,
    User,
)
from mentorship.queries.shared.installation import identity_of
from mentorship.services.accounts.import_csv import import_users
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.imports.import_csv import import_sessions
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from tests.support.builders import a_booking, a_cast, at, some_users
from tests.support.databases import settings_for

BOOKKEEPING = {"alembic_version"}


def tables():
    return set(inspect(db.engine).get_table_names()) - BOOKKEEPING


def leftovers(engine: Engine):
    """Everything that the migrations made and that is still there."""
    if engine.dialect.name == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite%'"
    else:
        query = (
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
            "UNION SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace "
            "UNION SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace "
            "AND typtype = 'e'"
        )
    with engine.connect() as connection:
        names = set(connection.execute(text(query)).scalars())
    return {name for name in names if not name.startswith("alembic_version")}


_SHAPE = {
    "sqlite": "SELECT name, sql FROM sqlite_master",
    "postgresql": """
      SELECT relname, concat_ws(' ', attname, atttypid::regtype, attnotnull, atthasdef)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relnamespace = 'public'::regnamespace AND NOT attisdropped
      UNION SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
      UNION SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
      UNION SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    """,
}


def shape(engine: Engine):
    """The schema that the migrations create, to the letter."""
    with engine.connect() as connection:
        rows = connection.execute(text(_SHAPE[engine.dialect.name])).all()
    return {(name, what) for name, what in rows if not name.startswith("alembic_version")}


def revisions():
    """The migrations in their order."""
    config = current_app.extensions["migrate"].migrate.get_config()
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    return [script.revision for script in scripts][::-1]


def a_day_at_work():
    """A cast, a session in each state, a journal and a booking that is set back."""
    with Session(db.engine, expire_on_commit=False) as session:
        cast = a_cast(session)
        for status in Status:
            a_booking(session, mentor=cast.mentor, student=cast.student, status=status)
        booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="15:00")
        apply_action(
            session, booking_id=booking, action=Action.START, viewer=cast.mentor, now=at("14:55")
        )
        update_session_statuses(session, now=at("12:00"), cause=Cause.WORKER, returning=no_updates)
        session.add(SweepFailure(booking_id=booking, attempts=1, retry_at=at("13:00"), error="x"))
        session.commit()


def a_day_at_work_as_of(revision):
    """A day at work in a database of that revision; today's code cannot write to an old one."""
    flask_migrate.upgrade()
    a_day_at_work()
    flask_migrate.downgrade(revision=revision)


def counts():
    models = (MentorTimeSlot, SessionBooking, StatusChange, SweepFailure)
    with Session(db.engine) as session:
        return [session.scalar(select(func.count()).select_from(model)) for model in models]


def an_import():
    """A file with a session and one with a person; returns what remembers them."""
    session_of = (
        b"mentor_email,student_email,start,end,topic\n"
        b"maya.mentor@example.org,sam.student@example.org,2026-12-25T10:00Z,2026-12-25T11:00Z,x\n"
    )
    with Session(db.engine) as session:
        import_sessions(session, session_of, now=at("12:00"))
        import_users(session, b"email,name,role\nlin@example.org,Lin,mentor\n", now=at("12:00"))
        models = (Import, ImportedBooking, ImportedSlot, ImportedUser)
        return [session.scalar(select(func.count()).select_from(model)) for model in models]


def test_imports_are_remembered_up_and_forgotten_down_with_what_they_brought_left(empty_app):
    flask_migrate.upgrade()
    a_day_at_work()
    assert an_import() == [2, 1, 1, 1]
    before = counts()
    flask_migrate.downgrade(revision="0017")
    assert not any(name.startswith("import") for name in tables())
    assert counts() == before
    flask_migrate.upgrade()
    assert counts() == before


def test_up_from_empty_and_back_with_data_in_between_as_often_as_one_likes(empty_app):
    for _ in range(2):
        flask_migrate.upgrade()
        assert tables() == set(Base.metadata.tables)
        a_day_at_work()
        assert counts() == [5, 5, 3, 1]
        flask_migrate.upgrade()
        assert counts() == [5, 5, 3, 1]
        flask_migrate.downgrade(revision="base")
        assert leftovers(db.engine) == set()


def test_the_models_and_the_migrations_do_not_differ(app):
    with app.app_context():
        flask_migrate.check()


def test_the_check_for_differences_catches_a_column_that_no_migration_makes(app):
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE users DROP COLUMN password_hash"))
    with app.app_context(), pytest.raises(SystemExit):
        flask_migrate.check()


class Killed(Exception):
    """The upgrade dies here."""


@contextmanager
def dying_before(number: int) -> Iterator[list[str]]:
    """The upgrade dies before its statement `number` of those that change the database."""
    changes: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        if re.match(r"\s*(CREATE|INSERT|ALTER|UPDATE|DROP)", statement):
            if len(changes) == number:
                raise Killed
            changes.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield changes
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_an_upgrade_that_dies_anywhere_leaves_what_was_there_and_runs_again(empty_app):
    numbers = []
    for revision in revisions():
        before = shape(db.engine)
        for number in count():
            with dying_before(number) as changes:
                try:
                    flask_migrate.upgrade(revision=revision)
                    break
                except Killed:
                    assert shape(db.engine) == before
            assert len(changes) == number
        numbers.append(number)
    assert min(numbers) > 1
    assert tables() == set(Base.metadata.tables)
    flask_migrate.check()


def naive_upgrade():
    """A transaction for each table."""
    for table in Base.metadata.sorted_tables:
        with db.engine.begin() as connection:
            table.create(connection)


def test_the_check_for_leftovers_catches_an_upgrade_without_one_transaction(empty_app):
    with dying_before(8), pytest.raises(Killed):
        naive_upgrade()

    assert "users" in leftovers(db.engine)


def test_old_names_of_zones_become_todays_and_unknown_ones_stay(empty_app):
    flask_migrate.upgrade()
    names = ["Europe/Kiev", "Asia/Calcutta", "localtime", "Europe/Berlin", "UTC"]
    with Session(db.engine) as session:
        people = [(name, Role.MENTOR) for name in "ABCDE"]
        for person, name in zip(some_users(session, people), names, strict=True):
            session.execute(update(User).where(User.id == person.id).values(timezone=name))
            session.execute(
                insert(AvailabilityRule).values(
                    mentor_id=person.id,
                    timezone=name,
                    first_day=at("09:00").date(),
                    rrule="FREQ=WEEKLY;BYDAY=TU",
                    opens=time(10),
                    minutes=60,
                    slot_minutes=60,
                )
            )
        session.commit()
    flask_migrate.downgrade(revision="0013")

    def stored():
        with db.engine.connect() as connection:
            return [
                connection.execute(text(f"SELECT timezone FROM {table} ORDER BY id"))
                .scalars()
                .all()
                for table in ("users", "availability_rules")
            ]

    flask_migrate.upgrade()
    todays = ["Europe/Kyiv", "Asia/Kolkata", "localtime", "Europe/Berlin", "UTC"]
    assert stored() == [todays, todays]
    flask_migrate.downgrade(revision="0013")
    assert stored() == [todays, todays]
    flask_migrate.upgrade()


def test_what_was_told_before_there_was_an_identity_keeps_its_names(empty_app):
    a_day_at_work_as_of("0015")
    flask_migrate.upgrade()
    with Session(db.engine) as session:
        first = identity_of(session)
        last = session.scalar(select(func.max(SessionBooking.id)))
        assert first.calendar_uid(last) == f"session-{last}@127.0.0.1"
        assert first.calendar_uid(last + 1) == f"session-{last + 1}@{first.uuid}"
    flask_migrate.downgrade(revision="0015")
    flask_migrate.upgrade()
    with Session(db.engine) as session:
        assert identity_of(session).uuid != first.uuid


def test_two_new_databases_have_two_identities(databases, engine):
    found = set()
    for _ in range(2):
        with databases.empty(engine) as url:
            app = create_app(settings_for(url))
            with app.app_context():
                flask_migrate.upgrade()
                with Session(db.engine) as session:
                    found.add(identity_of(session).uuid)
                db.engine.dispose()
    assert len(found) == 2


def test_the_number_that_open_pages_have_seen_goes_on_both_ways(empty_app):
    def rename():
        with db.engine.begin() as connection:
            connection.execute(text("UPDATE users SET name = name || '!'"))

    def number(table, where=""):
        with db.engine.connect() as connection:
            return connection.scalar(text(f"SELECT sum(number) FROM {table} {where}"))

    flask_migrate.upgrade(revision="0016")
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO users (email, name, role, timezone, created_at) VALUES "
                "('a@example.org', 'A', 'STUDENT', 'UTC', '2026-11-24 09:00:00.000000')"
            )
        )
    rename()
    flask_migrate.upgrade(revision="0017")
    assert number("display_versions") == 1
    rename()
    assert number("display_versions") == 2
    flask_migrate.downgrade(revision="0016")
    rename()
    assert number("offer_revisions", "WHERE subject = -2") == 3


def test_tokens_from_before_may_act_and_get_an_end(empty_app):
    flask_migrate.upgrade()
    with Session(db.engine) as session:
        [person] = some_users(session, [("A", Role.MENTOR)])
    flask_migrate.downgrade(revision="0020")
    with db.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO api_tokens (user_id, name, token_hash, created_at) "
                "VALUES (:id, 'It', 'x', '2026-01-01 00:00:00')"
            ),
            {"id": person.id},
        )
    flask_migrate.upgrade()

    with Session(db.engine) as session:
        token = session.scalars(select(ApiToken)).one()
        assert token.scope == "act"
        left = token.expires_at - utc_now()
        assert timedelta(days=89) < left <= timedelta(days=90)
    flask_migrate.downgrade(revision="0020")
    flask_migrate.upgrade()


def contents_and_shape():
    """All rows of all tables, and all that the migrations made, without quotes around names."""
    with db.engine.connect() as connection:
        rows = {
            name: sorted(map(repr, connection.execute(text(f"SELECT * FROM {name}"))))
            for name in tables() - {"installation"}
        }
    return rows, {(name, what and what.replace('"', "")) for name, what in shape(db.engine)}


def test_tables_are_rebuilt_with_their_rows_triggers_and_indexes_both_ways(empty_app, engine):
    flask_migrate.upgrade()
    a_day_at_work()
    an_import()
    flask_migrate.downgrade(revision="0021")
    before = contents_and_shape()
    assert all(
        before[0][name] for name in ("imported_bookings", "imported_users", "sweep_failures")
    )
    for _ in range(2):
        flask_migrate.upgrade(revision="0022")
        rows, shapes = contents_and_shape()
        assert rows == before[0]
        others = {
            (name, what and what.replace(" AUTOINCREMENT", ""))
            for name, what in shapes
            if name != "sqlite_sequence" and "last_old_person" not in (what or "")
        }
        assert others == {
            (name, what)
            for name, what in before[1]
            if engine != "sqlite" or name not in ("installation", "sqlite_sequence")
        }
        flask_migrate.downgrade(revision="0021")
        assert contents_and_shape()[0] == before[0]
        assert contents_and_shape()[1] - before[1] <= {
            ("sqlite_sequence", "CREATE TABLE sqlite_sequence(name,seq)")
        }


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_upgrade_that_leaves_a_reference_to_nothing_is_undone(empty_app, caplog):
    a_day_at_work_as_of("0021")
    with db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("DELETE FROM users WHERE id = 1")
        raw.execute("PRAGMA foreign_keys = ON")
    before = shape(db.engine)

    with pytest.raises(SystemExit):
        flask_migrate.upgrade()
    assert "would refer to nothing" in caplog.text
    assert shape(db.engine) == before
