"""one number counts what lists show besides sessions; nothing else of mentors is counted any more

Takes back 0009 and 0012, which counted for pages that were kept in memory.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import context, op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

COUNTED = (
    "INSERT INTO display_versions (id, number) VALUES (1, 1) "
    "ON CONFLICT (id) DO UPDATE SET number = display_versions.number + 1;"
)

# Table, write, and which writes count.
WATCHED = (
    ("users", "UPDATE OF name", "OLD.name <> NEW.name"),
    ("mentor_time_slots", "UPDATE OF meeting_url", "OLD.meeting_url <> NEW.meeting_url"),
    ("mentor_profiles", "UPDATE OF meeting_url", "OLD.meeting_url <> NEW.meeting_url"),
    ("mentor_profiles", "INSERT", "NEW.meeting_url <> ''"),
    ("mentor_profiles", "DELETE", "OLD.meeting_url <> ''"),
)


def name_of(table, write):
    return f"display_{table}_{write.partition(' ')[0].lower()}"


def upgrade():
    # The number goes on: an open page must not find the same one for what looks different.
    number = op.get_bind().scalar(
        sa.text("SELECT coalesce(max(number), 0) FROM offer_revisions WHERE subject = -2")
    )
    _migration("0012").downgrade()
    _migration("0009").downgrade()
    versions = op.create_table(
        "display_versions",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_display_versions")),
    )
    op.bulk_insert(versions, [{"id": 1, "number": number}])
    is_postgresql = op.get_context().dialect.name == "postgresql"
    if is_postgresql:
        op.execute(
            "CREATE FUNCTION count_display() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {COUNTED} RETURN NULL; END $$"
        )
    for table, write, condition in WATCHED:
        head = (
            f"CREATE TRIGGER {name_of(table, write)} AFTER {write} ON {table} "
            f"FOR EACH ROW WHEN ({condition})"
        )
        if is_postgresql:
            op.execute(f"{head} EXECUTE FUNCTION count_display()")
        else:
            op.execute(f"{head} BEGIN {COUNTED} END")


def downgrade():
    number = op.get_bind().scalar(sa.text("SELECT coalesce(max(number), 0) FROM display_versions"))
    is_postgresql = op.get_context().dialect.name == "postgresql"
    for table, write, _condition in WATCHED:
        op.execute(
            f"DROP TRIGGER {name_of(table, write)}" + (f" ON {table}" if is_postgresql else "")
        )
    if is_postgresql:
        op.execute("DROP FUNCTION count_display()")
    op.drop_table("display_versions")
    _migration("0009").upgrade()
    _migration("0012").upgrade()
    op.execute(
        sa.text("INSERT INTO offer_revisions (subject, number) VALUES (-2, :number)").bindparams(
            number=number
        )
    )


def _migration(number):
    return context.script.get_revision(number).module
