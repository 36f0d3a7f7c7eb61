"""what each side says about a session, who will be late, and which action made a transition

A start or an arrival by the mentor counts as the mentor's word that the session takes place, also
where it lies in the past.

Revision ID: 0024
Revises: 0023
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
WORDS = "'TOOK_PLACE', 'MENTOR_ABSENT', 'STUDENT_ABSENT', 'NOBODY_CAME', 'TECHNICAL_TROUBLE'"
ACTIONS = (
    "'delay', 'auto-complete', 'start', 'arrive', 'complete', 'cancel', 'undo', 'correct'"
)  # fmt: skip

ADDED = (
    (
        "session_bookings",
        ("decided_by", "decided_at", "decided_outcome", "student_said_at", "student_says",
         "mentor_said_at", "mentor_says"),
    ),
    ("status_changes", ("undoes_id", "reason", "action")),
)  # fmt: skip

BACKFILL_ACTION = """
  UPDATE status_changes SET action = CASE
    WHEN new_status = 'CANCELLED' THEN 'cancel'
    WHEN old_status = 'SCHEDULED' AND due_at IS NOT NULL THEN 'delay'
    WHEN old_status = 'SCHEDULED' THEN 'start'
    WHEN new_status = 'ONGOING' THEN 'arrive'
    WHEN due_at IS NOT NULL THEN 'auto-complete'
    ELSE 'complete' END
"""
BACKFILL_REASON = """
  UPDATE status_changes SET reason = (
    SELECT cancel_reason FROM session_bookings WHERE session_bookings.id = booking_id)
  WHERE new_status = 'CANCELLED'
"""
BACKFILL_WORD = """
  UPDATE session_bookings SET mentor_says = 'TOOK_PLACE', mentor_said_at = started_at
  WHERE started_at IS NOT NULL AND EXISTS (
    SELECT 1 FROM status_changes WHERE booking_id = session_bookings.id
    AND cause = 'mentor' AND new_status = 'ONGOING')
"""


def upgrade():
    add_actions()
    instant = "DATETIME" if is_sqlite() else "TIMESTAMP WITH TIME ZONE"
    for word, at in (
        ("mentor_says", "mentor_said_at"),
        ("student_says", "student_said_at"),
        ("decided_outcome", "decided_at"),
    ):
        add(f"{word} VARCHAR(20)", check=(word, f"{word} IN ({WORDS})"))
        add(f"{at} {instant}", check=(f"{word}_has_its_time", f"({word} IS NULL) = ({at} IS NULL)"))
    add(
        "decided_by INTEGER",
        check=("decision_has_its_admin", "(decided_outcome IS NULL) = (decided_by IS NULL)"),
    )
    refer("session_bookings", "decided_by", "users")
    op.execute(BACKFILL_WORD)
    op.create_table(
        "outcome_changes",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("booking_id", sa.Integer, nullable=False),
        sa.Column("side", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(300)),
        sa.Column("actor_id", sa.Integer, nullable=False),
        sa.Column("said_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outcome_changes")),
        *references("outcome_changes"),
        sa.CheckConstraint(
            "side IN ('mentor', 'student', 'admin')", name=op.f("ck_outcome_changes_side")
        ),
        sa.CheckConstraint(f"outcome IN ({WORDS})", name=op.f("ck_outcome_changes_outcome")),
    )
    rebuild("outcome_changes", lambda sql: sql.replace("KEY (id)", "KEY (id AUTOINCREMENT)"))
    op.create_index("ix_outcome_changes_booking", "outcome_changes", ["booking_id", "id"])
    op.create_table(
        "late_notices",
        sa.Column("booking_id", sa.Integer, nullable=False),
        sa.Column("side", sa.String(16), nullable=False),
        sa.Column("minutes", sa.Integer, nullable=False),
        sa.Column("note", sa.String(300), nullable=False, server_default=""),
        sa.Column("actor_id", sa.Integer, nullable=False),
        sa.Column("said_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("booking_id", "side", name=op.f("pk_late_notices")),
        *references("late_notices"),
        sa.CheckConstraint("side IN ('mentor', 'student')", name=op.f("ck_late_notices_side")),
        sa.CheckConstraint("minutes >= 1 AND minutes <= 60", name=op.f("ck_late_notices_minutes")),
    )


def downgrade():
    op.drop_table("late_notices")
    op.drop_table("outcome_changes")
    for table, columns in ADDED:
        if is_sqlite():
            rebuild(table, lambda sql, names=columns: without_references(sql, names))
        for name in columns:
            op.drop_column(table, name)


def add_actions():
    """The action of each transition, its reason, and the press that it takes back."""
    table = "status_changes"
    op.execute(
        f"ALTER TABLE {table} ADD COLUMN action VARCHAR(16) "
        f"CONSTRAINT ck_{table}_action CHECK (action IN ({ACTIONS}))"
    )
    op.execute(f"ALTER TABLE {table} ADD COLUMN reason VARCHAR(300)")
    op.execute(f"ALTER TABLE {table} ADD COLUMN undoes_id INTEGER")
    op.execute(BACKFILL_ACTION)
    op.execute(BACKFILL_REASON)
    if is_sqlite():
        rebuild(table, lambda sql: sql.replace("action VARCHAR(16)", "action VARCHAR(16) NOT NULL"))
    else:
        op.alter_column(table, "action", nullable=False)
    refer(table, "undoes_id", table)


def is_sqlite():
    return op.get_bind().dialect.name == "sqlite"


def add(column, *, check):
    name, condition = check
    op.execute(
        f"ALTER TABLE session_bookings ADD COLUMN {column} "
        f"CONSTRAINT ck_session_bookings_{name} CHECK ({condition})"
    )


def refer(table, column, named):
    """A foreign key with a name; SQLite takes it only with a new table."""
    key = f"CONSTRAINT fk_{table}_{column} FOREIGN KEY({column}) REFERENCES {named} (id)"
    if is_sqlite():
        rebuild(table, lambda sql: f"{sql.rstrip()[:-1].rstrip()}, \n\t{key}\n)")
    else:
        op.execute(f"ALTER TABLE {table} ADD {key}")


def references(table):
    return (
        sa.ForeignKeyConstraint(
            ["booking_id"], ["session_bookings.id"], name=op.f(f"fk_{table}_booking_id")
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f(f"fk_{table}_actor_id")),
    )


def without_references(sql, columns):
    """The text of a table without the foreign keys of these columns."""
    for column in columns:
        key = rf", \n\tCONSTRAINT \w+ FOREIGN KEY\({column}\) REFERENCES \w+ \(id\)"
        sql = re.sub(key, "", sql)
    return sql


def rebuild(table, edit):
    """On SQLite, make the table anew by its edited text, as SQLite's documentation describes.

    `env.py` has turned foreign keys off. Triggers name tables that are missing for a moment.
    """
    database = op.get_bind()
    if not is_sqlite():
        return
    triggers = schema_of(database, "type = 'trigger'")
    for name, _sql in triggers:
        database.exec_driver_sql(f"DROP TRIGGER {name}")
    [(_name, sql)] = schema_of(database, f"type = 'table' AND name = '{table}'")
    indexes = schema_of(database, f"type = 'index' AND tbl_name = '{table}' AND sql IS NOT NULL")
    head, count = re.subn(rf'^CREATE TABLE "?{table}"?', f"CREATE TABLE new_{table}", sql)
    edited = edit(head)
    if count != 1 or edited == head:
        raise RuntimeError(f"{table} is not as this migration expects")
    database.exec_driver_sql(edited)
    database.exec_driver_sql(f"INSERT INTO new_{table} SELECT * FROM {table}")  # noqa: S608
    database.exec_driver_sql(f"DROP TABLE {table}")
    database.exec_driver_sql(f"ALTER TABLE new_{table} RENAME TO {table}")
    for _name, sql in (*indexes, *triggers):
        database.exec_driver_sql(sql)


def schema_of(database, where):
    """Names of parts of the schema, and the statements that made them."""
    return database.exec_driver_sql(f"SELECT name, sql FROM sqlite_master WHERE {where}").all()  # noqa: S608
