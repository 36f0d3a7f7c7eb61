"""webhooks tell of more than transitions, and each endpoint chooses the kinds of events

The endpoints of before stay with transitions. On the way back calls about other kinds of events
are deleted, and endpoints that have not chosen transitions are turned off.

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)

ENDPOINTS, CALLS = "webhook_endpoints", "webhook_calls"

NAMED = {
    "booking_id": "session_bookings",
    "move_id": "booking_moves",
    "outcome_change_id": "outcome_changes",
}
"""What a call can be about beside a transition."""

KINDS = "kind IN ('transition', 'booked', 'moved', 'outcome', 'corrected')"
OLD_UNIQUE, *NEW_UNIQUES = (
    ("endpoint_id", "change_id"),
    ("endpoint_id", "kind", "change_id"),
    ("endpoint_id", "move_id"),
    ("endpoint_id", "outcome_change_id"),
)
ABOUT_BOOKING = sa.text("change_id IS NULL AND move_id IS NULL AND outcome_change_id IS NULL")
BOOKING_OF_CHANGE = (
    "(SELECT status_changes.booking_id FROM status_changes "
    "WHERE status_changes.id = webhook_calls.change_id)"
)
KEPT = "kind IN ('transition', 'corrected')"


def upgrade():
    op.execute(
        f"ALTER TABLE {ENDPOINTS} ADD COLUMN kinds VARCHAR(100) DEFAULT ',transition,' NOT NULL "
        f"CONSTRAINT ck_{ENDPOINTS}_has_kinds CHECK (kinds LIKE ',_%,')"
    )
    if is_sqlite():
        rebuild_calls(replacements(), {"kind": "'transition'", "booking_id": BOOKING_OF_CHANGE})
    else:
        op.add_column(CALLS, sa.Column("kind", sa.String(16)))
        for column in NAMED:
            op.add_column(CALLS, sa.Column(column, sa.Integer))
        op.execute(f"UPDATE {CALLS} SET kind = 'transition', booking_id = {BOOKING_OF_CHANGE}")  # noqa: S608
        for column, is_optional in (("kind", False), ("booking_id", False), ("change_id", True)):
            op.alter_column(CALLS, column, nullable=is_optional)
        op.create_check_constraint(op.f(f"ck_{CALLS}_kind"), CALLS, KINDS)
        for column, table in NAMED.items():
            op.create_foreign_key(op.f(f"fk_{CALLS}_{column}"), CALLS, table, [column], ["id"])
        op.drop_constraint(unique_name(OLD_UNIQUE), CALLS, type_="unique")
        for columns in NEW_UNIQUES:
            op.create_unique_constraint(unique_name(columns), CALLS, columns)
    op.create_index(
        "uq_webhook_calls_once",
        CALLS,
        ["endpoint_id", "kind", "booking_id"],
        unique=True,
        sqlite_where=ABOUT_BOOKING,
        postgresql_where=ABOUT_BOOKING,
    )
    op.create_index("ix_webhook_calls_booking", CALLS, ["booking_id"])
    op.create_table(
        "settled_marks",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("told_until", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settled_marks")),
        sa.CheckConstraint("id = 1", name=op.f("ck_settled_marks_only_one")),
    )


def downgrade():
    op.drop_table("settled_marks")
    op.drop_index("ix_webhook_calls_booking", CALLS)
    op.drop_index("uq_webhook_calls_once", CALLS)
    op.execute(f"DELETE FROM {CALLS} WHERE NOT ({KEPT})")  # noqa: S608
    op.execute(
        f"UPDATE {ENDPOINTS} SET is_active = false WHERE kinds NOT LIKE '%,transition,%'"  # noqa: S608
    )
    if is_sqlite():
        rebuild_calls({after: before for before, after in replacements().items()}, {})
    else:
        for columns in NEW_UNIQUES:
            op.drop_constraint(unique_name(columns), CALLS, type_="unique")
        op.create_unique_constraint(unique_name(OLD_UNIQUE), CALLS, OLD_UNIQUE)
        op.alter_column(CALLS, "change_id", nullable=False)
        for column in ("kind", *NAMED):
            op.drop_column(CALLS, column)
    op.drop_column(ENDPOINTS, "kinds")


def is_sqlite():
    return op.get_context().dialect.name == "sqlite"


def unique_name(columns):
    return op.f(f"uq_{CALLS}_{'_'.join(columns)}")


def replacements():
    """What changes in the text of the table, on SQLite."""

    def unique(columns):
        return f"CONSTRAINT {unique_name(columns)} UNIQUE ({', '.join(columns)})"

    last_column, key = "problem VARCHAR(24), ", f"CONSTRAINT pk_{CALLS}"
    added = "kind VARCHAR(16) NOT NULL, booking_id INTEGER NOT NULL, move_id INTEGER, "
    constraints = [
        f"CONSTRAINT ck_{CALLS}_kind CHECK ({KINDS})",
        *(
            f"CONSTRAINT fk_{CALLS}_{column} FOREIGN KEY({column}) REFERENCES {table} (id)"
            for column, table in NAMED.items()
        ),
        *(unique(columns) for columns in NEW_UNIQUES),
    ]
    return {
        "\n\tchange_id INTEGER NOT NULL, ": "\n\tchange_id INTEGER, ",
        f"{last_column}\n\t{key}": f"{last_column}{added}outcome_change_id INTEGER, {key}",
        unique(OLD_UNIQUE): ", ".join(constraints),
    }


def rebuild_calls(replaced, values):
    """Rebuild the table of calls with changes to its text and the values of new columns.

    Its indexes are made again, and ids go on. `env.py` has turned foreign keys off.
    """
    database = op.get_bind()
    [(_name, sql)] = schema_of(database, f"type = 'table' AND name = '{CALLS}'")
    indexes = schema_of(database, f"type = 'index' AND tbl_name = '{CALLS}' AND sql IS NOT NULL")
    sequence = f"FROM sqlite_sequence WHERE name = '{CALLS}'"
    last_id = database.exec_driver_sql(f"SELECT seq {sequence}").scalar()
    head, _name, rest = sql.partition(CALLS)
    for before, after in replaced.items():
        if rest.count(before) != 1:
            raise RuntimeError(f"{CALLS} is not as this migration expects")
        rest = rest.replace(before, after)
    database.exec_driver_sql(f"{head}new_{CALLS}{rest}")
    names = [each.name for each in database.exec_driver_sql(f"PRAGMA table_info(new_{CALLS})")]
    there = {each.name for each in database.exec_driver_sql(f"PRAGMA table_info({CALLS})")}
    taken = [values.get(name, name if name in there else "NULL") for name in names]
    database.exec_driver_sql(
        f"INSERT INTO new_{CALLS} ({', '.join(names)}) SELECT {', '.join(taken)} FROM {CALLS}"  # noqa: S608
    )
    database.exec_driver_sql(f"DROP TABLE {CALLS}")
    database.exec_driver_sql(f"ALTER TABLE new_{CALLS} RENAME TO {CALLS}")
    for _name, index in indexes:
        database.exec_driver_sql(index)
    if last_id is not None:
        database.exec_driver_sql(f"DELETE {sequence}")
        database.exec_driver_sql("INSERT INTO sqlite_sequence VALUES (?, ?)", (CALLS, last_id))


def schema_of(database, where):
    """Names of parts of the schema, and the statements that made them."""
    return database.exec_driver_sql(f"SELECT name, sql FROM sqlite_master WHERE {where}").all()  # noqa: S608
