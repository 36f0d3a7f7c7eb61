"""The tables that the migrations make: the same on both engines, everything with a name."""

import pytest
from sqlalchemy import Engine, create_engine, inspect, text

from mentorship.extensions import Base
from tests.support.databases import ENGINES

TABLES = {
    "api_tokens", "availability_rules", "booking_moves", "calendar_feeds", "days_off",
    "display_versions", "idempotency_keys", "imported_bookings", "imported_slots",
    "imported_users", "imports", "installation", "late_notices",
    "mail_choices", "mentor_profiles", "mentor_time_slots", "mentor_topics", "mentor_words",
    "missed_holds", "outbox_messages", "outcome_changes", "recording_calls",
    "reminder_marks", "session_bookings",
    "session_feedback", "session_recordings", "settled_marks", "sign_ins",
    "status_changes", "sweep_failures", "users", "waiting_list_entries", "webhook_calls",
    "webhook_endpoints", "zone_rules",
}  # fmt: skip

OVERLAP = "ex_"
"""What refuses overlaps is an exclusion constraint with its index, or triggers on SQLite."""


def schema(engine: Engine):
    """Names of everything, with what is comparable of it."""
    reader = inspect(engine)
    found = {}
    for table in sorted(set(reader.get_table_names()) - {"alembic_version"}):
        uniques = {
            entry["name"]: entry["column_names"] for entry in reader.get_unique_constraints(table)
        }
        found[table] = {
            "columns": [(c["name"], c["nullable"]) for c in reader.get_columns(table)],
            "primary key": reader.get_pk_constraint(table)["name"],
            "foreign keys": {
                key["name"]: (
                    key["constrained_columns"],
                    key["referred_table"],
                    key["referred_columns"],
                    {name: value for name, value in key["options"].items() if value != "NO ACTION"},
                )
                for key in reader.get_foreign_keys(table)
            },
            "uniques": uniques,
            "checks": {check["name"] for check in reader.get_check_constraints(table)},
            "indexes": {
                index["name"]: (index["column_names"], bool(index["unique"]))
                for index in reader.get_indexes(table)
                if index["name"] not in uniques and not index["name"].startswith(OVERLAP)
            },
        }
    return found


def partial_indexes(engine: Engine):
    source = (
        "sqlite_master WHERE type = 'index'"
        if engine.dialect.name == "sqlite"
        else ("pg_indexes WHERE schemaname = 'public'")
    )
    columns = ("name", "sql") if engine.dialect.name == "sqlite" else ("indexname", "indexdef")
    with engine.connect() as connection:
        rows = connection.execute(text(f"SELECT {', '.join(columns)} FROM {source}")).all()
    return {name for name, sql in rows if sql and " WHERE " in sql and not name.startswith(OVERLAP)}


def test_both_engines_have_the_same_tables_columns_constraints_and_indexes_by_name(databases):
    found = []
    for engine in ENGINES:
        with databases.fresh(engine) as url:
            opened = create_engine(url)
            found.append((schema(opened), partial_indexes(opened)))
            opened.dispose()

    on_sqlite, on_postgresql = found
    assert set(on_sqlite[0]) == TABLES
    assert on_sqlite == on_postgresql
    assert on_sqlite[1] == {
        "ix_mentor_time_slots_held",
        "ix_mentor_time_slots_offered",
        "ix_outbox_messages_pending",
        "ix_outbox_messages_set_aside",
        "ix_session_bookings_cancelled_start",
        "ix_session_bookings_claimed_end",
        "ix_session_bookings_claimed_said",
        "ix_session_bookings_delayed_end",
        "ix_session_bookings_disputed_end",
        "ix_session_bookings_due_delay",
        "ix_session_bookings_due_auto_complete",
        "ix_session_bookings_unanswered_end",
        "ix_status_changes_actor",
        "ix_status_changes_cancellations",
        "ix_status_changes_corrections",
        "uq_outbox_messages_key",
        "uq_session_bookings_live_seat",
        "uq_waiting_list_entries_open",
        "ix_waiting_list_entries_held",
        "ix_webhook_calls_pending",
        "uq_webhook_calls_once",
    }


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_sqlite_gives_no_id_again_after_its_row_is_gone(database_url):
    opened = create_engine(database_url)
    with opened.connect() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        given_once = {name for name, sql in rows if "PRIMARY KEY (id AUTOINCREMENT)" in sql}
    opened.dispose()

    counted = {
        name
        for name, table in Base.metadata.tables.items()
        if table.autoincrement_column is not None
    }
    assert given_once == counted


def test_every_constraint_has_the_name_that_the_models_give_it(database_url):
    opened = create_engine(database_url)
    found = schema(opened)
    opened.dispose()

    for name, table in Base.metadata.tables.items():
        named = {constraint.name for constraint in table.constraints}
        there = found[name]
        assert None not in named
        assert named == {
            there["primary key"],
            *there["foreign keys"],
            *there["uniques"],
            *there["checks"],
        }
        assert {index.name for index in table.indexes} == set(there["indexes"])
