"""how often names and meeting rooms have changed, which lists of sessions show

Revision ID: 0012
Revises: 0011
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

LOOKS = -2
COUNTED = (
    f"INSERT INTO offer_revisions (subject, number) VALUES ({LOOKS}, 1) "  # noqa: S608  # A number.
    "ON CONFLICT (subject) DO UPDATE SET number = offer_revisions.number + 1;"
)

# Table, write, and which writes count. After the triggers of 0009 in the order of names, so that
# everybody takes this lock last.
WATCHED = (
    ("users", "UPDATE OF name", "OLD.name <> NEW.name"),
    ("mentor_time_slots", "UPDATE OF meeting_url", "OLD.meeting_url <> NEW.meeting_url"),
    ("mentor_profiles", "UPDATE OF meeting_url", "OLD.meeting_url <> NEW.meeting_url"),
    ("mentor_profiles", "INSERT", "NEW.meeting_url <> ''"),
    ("mentor_profiles", "DELETE", "OLD.meeting_url <> ''"),
)


def name_of(table, write):
    return f"look_{table}_{write.partition(' ')[0].lower()}"


def upgrade():
    is_postgresql = op.get_context().dialect.name == "postgresql"
    if is_postgresql:
        op.execute(
            "CREATE FUNCTION count_look() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {COUNTED} RETURN NULL; END $$"
        )
    for table, write, condition in WATCHED:
        head = (
            f"CREATE TRIGGER {name_of(table, write)} AFTER {write} ON {table} "
            f"FOR EACH ROW WHEN ({condition})"
        )
        if is_postgresql:
            op.execute(f"{head} EXECUTE FUNCTION count_look()")
        else:
            op.execute(f"{head} BEGIN {COUNTED} END")


def downgrade():
    is_postgresql = op.get_context().dialect.name == "postgresql"
    for table, write, _condition in WATCHED:
        op.execute(
            f"DROP TRIGGER {name_of(table, write)}" + (f" ON {table}" if is_postgresql else "")
        )
    if is_postgresql:
        op.execute("DROP FUNCTION count_look()")
    op.execute(f"DELETE FROM offer_revisions WHERE subject = {LOOKS}")  # noqa: S608  # A number.
