"""people have one or several roles, and nobody is in two sessions at once in whatever part

On the way back somebody with several roles keeps the strongest: admin, mentor, student.

Revision ID: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

NAME = "name VARCHAR(120) NOT NULL, \n\t"
ROLE = "role VARCHAR(16) NOT NULL, \n\t"
IS_A_ROLE = "CONSTRAINT ck_users_role CHECK (role IN ('STUDENT', 'MENTOR', 'ADMIN'))"
FLAGS = {f"is_{role.lower()}": f"role = '{role}'" for role in ("STUDENT", "MENTOR", "ADMIN")}
FLAG_COLUMNS = "".join(f"{flag} BOOLEAN DEFAULT 0 NOT NULL, " for flag in FLAGS)
FIRST_CONSTRAINT = "CONSTRAINT pk_users "
HAS_A_ROLE = "is_student OR is_mentor OR is_admin"
HAS_A_ROLE_CHECK = f"CONSTRAINT ck_users_has_a_role CHECK ({HAS_A_ROLE})"
STRONGEST = "CASE WHEN is_admin THEN 'ADMIN' WHEN is_mentor THEN 'MENTOR' ELSE 'STUDENT' END"

TWO_PEOPLE = "student_id <> mentor_id"
TWO_PEOPLE_CHECK = f"CONSTRAINT ck_session_bookings_two_people CHECK ({TWO_PEOPLE}), "
FIRST_CHECK = "CONSTRAINT ck_session_bookings_status "

ACROSS = "ex_session_bookings_across_parts"
EXCLUSIVE = "{row}slot_is_exclusive AND {row}status IN ('SCHEDULED', 'ONGOING')"
COLUMNS = ("student_id", "mentor_id", "start_time", "end_time")


def upgrade():
    if op.get_context().dialect.name == "postgresql":
        for flag, condition in FLAGS.items():
            column = sa.Column(flag, sa.Boolean, server_default=sa.false(), nullable=False)
            op.add_column("users", column)
            op.execute(f"UPDATE users SET {flag} = true WHERE {condition}")  # noqa: S608  # Ours.
        op.drop_column("users", "role")
        op.create_check_constraint(op.f("ck_users_has_a_role"), "users", HAS_A_ROLE)
        op.create_check_constraint(
            op.f("ck_session_bookings_two_people"), "session_bookings", TWO_PEOPLE
        )
        refuse_overlaps_on_postgresql()
    else:
        rebuild_tables(
            (
                "users",
                {
                    NAME + ROLE: NAME,
                    FIRST_CONSTRAINT: FLAG_COLUMNS + FIRST_CONSTRAINT,
                    IS_A_ROLE: HAS_A_ROLE_CHECK,
                },
                FLAGS,
            ),
            ("session_bookings", {FIRST_CHECK: TWO_PEOPLE_CHECK + FIRST_CHECK}, {}),
        )
        refuse_overlaps_on_sqlite()


def downgrade():
    if op.get_context().dialect.name == "postgresql":
        for write in ("insert", "update"):
            op.execute(f"DROP TRIGGER {ACROSS}_{write} ON session_bookings")
        op.execute("DROP FUNCTION refuse_overlaps_across_parts()")
        op.drop_constraint(
            op.f("ck_session_bookings_two_people"), "session_bookings", type_="check"
        )
        op.add_column("users", sa.Column("role", sa.String(16)))
        op.execute(f"UPDATE users SET role = {STRONGEST}")  # noqa: S608  # The text is ours.
        op.alter_column("users", "role", nullable=False)
        op.create_check_constraint(
            op.f("ck_users_role"), "users", "role IN ('STUDENT', 'MENTOR', 'ADMIN')"
        )
        op.drop_constraint(op.f("ck_users_has_a_role"), "users", type_="check")
        for flag in FLAGS:
            op.drop_column("users", flag)
    else:
        for write in ("insert", "update"):
            op.execute(f"DROP TRIGGER {ACROSS}_{write}")
        rebuild_tables(
            (
                "users",
                {NAME: NAME + ROLE, FLAG_COLUMNS: "", HAS_A_ROLE_CHECK: IS_A_ROLE},
                {"role": STRONGEST},
            ),
            ("session_bookings", {TWO_PEOPLE_CHECK: ""}, {}),
        )


def refuse_overlaps_on_sqlite():
    """Nobody is the student in one exclusive session and the mentor in another at the same time."""

    def nearest(part, other_part):
        # None overlap so far, so whoever starts last before the new end also ends last.
        return (
            f"(SELECT other.end_time FROM session_bookings AS other "  # noqa: S608  # Ours.
            f"WHERE other.{other_part} = NEW.{part} AND other.start_time < NEW.end_time "
            f"AND {EXCLUSIVE.format(row='other.')} ORDER BY other.start_time DESC LIMIT 1)"
        )

    was_there = (
        f"{EXCLUSIVE.format(row='OLD.')} AND ({', '.join(f'NEW.{name}' for name in COLUMNS)}) "
        f"IS ({', '.join(f'OLD.{name}' for name in COLUMNS)})"
    )
    is_new = EXCLUSIVE.format(row="NEW.")
    for when, condition in (("INSERT", is_new), ("UPDATE", f"{is_new} AND NOT ({was_there})")):
        # After the change, because a foreign key's cascade sets no row before it.
        op.execute(
            f"CREATE TRIGGER {ACROSS}_{when.lower()} AFTER {when} ON session_bookings "
            f"FOR EACH ROW WHEN {condition} BEGIN SELECT RAISE(ABORT, '{ACROSS}') "
            f"WHERE {nearest('student_id', 'mentor_id')} > NEW.start_time "
            f"OR {nearest('mentor_id', 'student_id')} > NEW.start_time; END"
        )


def refuse_overlaps_on_postgresql():
    """The same. An exclusion constraint compares a column with itself alone, so a trigger does it.

    It locks both people, so that of two transactions at once the second sees what the first wrote.
    """

    def overlaps(part, other_part):
        return (
            f"EXISTS (SELECT 1 FROM session_bookings AS other "  # noqa: S608  # Ours.
            f"WHERE other.{other_part} = NEW.{part} AND other.start_time < NEW.end_time "
            f"AND other.end_time > NEW.start_time AND {EXCLUSIVE.format(row='other.')})"
        )

    op.execute(
        "CREATE FUNCTION refuse_overlaps_across_parts() RETURNS trigger "
        "LANGUAGE plpgsql AS $$ BEGIN "
        "PERFORM 1 FROM users WHERE id IN (NEW.student_id, NEW.mentor_id) "
        "ORDER BY id FOR NO KEY UPDATE; "
        f"IF {overlaps('student_id', 'mentor_id')} OR {overlaps('mentor_id', 'student_id')} THEN "
        f"RAISE EXCEPTION '{ACROSS}' USING ERRCODE = 'exclusion_violation', "
        f"CONSTRAINT = '{ACROSS}', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA; "
        "END IF; RETURN NULL; END $$"
    )
    was_there = (
        f"{EXCLUSIVE.format(row='OLD.')} AND ({', '.join(f'NEW.{name}' for name in COLUMNS)}) "
        f"= ({', '.join(f'OLD.{name}' for name in COLUMNS)})"
    )
    is_new = EXCLUSIVE.format(row="NEW.")
    for when, condition in (("INSERT", is_new), ("UPDATE", f"{is_new} AND NOT ({was_there})")):
        op.execute(
            f"CREATE TRIGGER {ACROSS}_{when.lower()} AFTER {when} ON session_bookings "
            f"FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION refuse_overlaps_across_parts()"
        )


def rebuild_tables(*changes):
    """Rebuild tables of SQLite, each with changes to its text and the values of new columns.

    All that belongs to them is made again, and ids go on. `env.py` has turned foreign keys off.
    """
    database = op.get_bind()
    triggers = schema_of(database, "type = 'trigger'")
    for name, _sql in triggers:  # They name tables that are missing for a moment.
        database.exec_driver_sql(f"DROP TRIGGER {name}")
    for table, replacements, values in changes:
        rebuild(database, table, replacements, values)
    for _name, sql in triggers:
        database.exec_driver_sql(sql)


def rebuild(database, table, replacements, values):
    [(_name, sql)] = schema_of(database, f"type = 'table' AND name = '{table}'")
    indexes = schema_of(database, f"type = 'index' AND tbl_name = '{table}' AND sql IS NOT NULL")
    sequence = f"FROM sqlite_sequence WHERE name = '{table}'"
    last_id = database.exec_driver_sql(f"SELECT seq {sequence}").scalar()
    old = columns_of(database, table)
    head, _name, rest = sql.partition(table)
    for before, after in replacements.items():
        if rest.count(before) != 1:
            raise RuntimeError(f"{table} is not as this migration expects")
        rest = rest.replace(before, after)
    database.exec_driver_sql(f"{head}new_{table}{rest}")
    new = columns_of(database, f"new_{table}")
    taken = ", ".join(values.get(column, column) for column in new)
    if not set(new) - set(values) <= set(old):
        raise RuntimeError(f"{table} is not as this migration expects")
    database.exec_driver_sql(
        f"INSERT INTO new_{table} ({', '.join(new)}) SELECT {taken} FROM {table}"  # noqa: S608
    )
    database.exec_driver_sql(f"DROP TABLE {table}")
    database.exec_driver_sql(f"ALTER TABLE new_{table} RENAME TO {table}")
    for _name, index in indexes:
        database.exec_driver_sql(index)
    if last_id is not None:
        database.exec_driver_sql(f"DELETE {sequence}")
        database.exec_driver_sql("INSERT INTO sqlite_sequence VALUES (?, ?)", (table, last_id))


def columns_of(database, table):
    columns = database.exec_driver_sql(f"PRAGMA table_info({table})")
    return [column.name for column in columns]


def schema_of(database, where):
    """Names of parts of the schema, and the statements that made them."""
    return database.exec_driver_sql(f"SELECT name, sql FROM sqlite_master WHERE {where}").all()  # noqa: S608
