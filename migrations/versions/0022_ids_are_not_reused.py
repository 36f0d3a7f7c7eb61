"""ids are given once, also on SQLite, and links that stop mail name the installation

SQLite gives the highest id again after its row is gone, unless the table says AUTOINCREMENT. Other
systems would then take a new session, mail or call for the old one.

Links that were sent before this migration do not name the installation. They work on, for the
people of that time.

Revision ID: 0022
Revises: 0021
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLES = (
    "api_tokens", "availability_rules", "booking_moves", "days_off", "imports",
    "mentor_time_slots", "outbox_messages", "session_bookings", "status_changes", "users",
    "waiting_list_entries", "webhook_calls", "webhook_endpoints",
)  # fmt: skip

REUSED, GIVEN_ONCE = "PRIMARY KEY (id)", "PRIMARY KEY (id AUTOINCREMENT)"


def upgrade():
    people = sa.Column("last_old_person", sa.Integer, nullable=False, server_default="0")
    op.add_column("installation", people)
    op.execute("UPDATE installation SET last_old_person = (SELECT coalesce(max(id), 0) FROM users)")
    replace_in_tables(REUSED, GIVEN_ONCE)


def downgrade():
    replace_in_tables(GIVEN_ONCE, REUSED)
    with op.batch_alter_table("installation") as table:
        table.drop_column("last_old_person")


def replace_in_tables(old, new):
    """Rebuild the tables of SQLite with this change to their text, and with all that they had."""
    database = op.get_bind()
    if database.dialect.name != "sqlite":
        return
    triggers = schema_of(database, "type = 'trigger'")
    for name, _sql in triggers:  # They name tables that are missing for a moment.
        database.exec_driver_sql(f"DROP TRIGGER {name}")
    for table in TABLES:
        rebuild(database, table, old, new)
    for _name, sql in triggers:
        database.exec_driver_sql(sql)


def rebuild(database, table, old, new):
    """As SQLite's documentation of ALTER TABLE says. `env.py` has turned foreign keys off."""
    [(_name, sql)] = schema_of(database, f"type = 'table' AND name = '{table}'")
    indexes = schema_of(database, f"type = 'index' AND tbl_name = '{table}' AND sql IS NOT NULL")
    if sql.count(old) != 1:
        raise RuntimeError(f"{table} is not as this migration expects")
    head, count = re.subn(rf'^CREATE TABLE "?{table}"?', f"CREATE TABLE new_{table}", sql)
    if count != 1:
        raise RuntimeError(f"{table} is not as this migration expects")
    database.exec_driver_sql(head.replace(old, new))
    database.exec_driver_sql(f"INSERT INTO new_{table} SELECT * FROM {table}")  # noqa: S608
    database.exec_driver_sql(f"DROP TABLE {table}")
    database.exec_driver_sql(f"ALTER TABLE new_{table} RENAME TO {table}")
    for _name, index in indexes:
        database.exec_driver_sql(index)


def schema_of(database, where):
    """Names of parts of the schema, and the statements that made them."""
    return database.exec_driver_sql(f"SELECT name, sql FROM sqlite_master WHERE {where}").all()  # noqa: S608
