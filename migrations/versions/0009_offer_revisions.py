"""how often what is shown of each mentor has changed, counted by the database

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WRITES = ("INSERT", "DELETE", "UPDATE")
DIRECTORY = "0"

# The sweep changes no seat: it neither cancels a booking nor moves one.
SEAT_CHANGES = (
    "OLD.time_slot_id <> NEW.time_slot_id "
    "OR (OLD.status = 'CANCELLED') <> (NEW.status = 'CANCELLED')"
)

# Table, column with the mentor, what else is counted, columns that matter, writes, and which
# updates count.
WATCHED = (
    ("mentor_time_slots", "mentor_id", None,
     "mentor_id, start_time, end_time, capacity, is_withdrawn, held_for, held_until", WRITES, None),
    ("session_bookings", "mentor_id", None, "time_slot_id, status", WRITES,
     SEAT_CHANGES),
    ("mentor_profiles", "mentor_id", DIRECTORY,
     "mentor_id, headline, bio, minimum_notice, horizon_days, daily_limit, listed_as",
     WRITES, None),
    ("mentor_topics", "mentor_id", DIRECTORY, "mentor_id, topic, folded", WRITES, None),
    ("mentor_words", "mentor_id", DIRECTORY, "mentor_id, word", WRITES, None),
    # Nobody is shown before having a profile.
    ("users", "id", DIRECTORY, "name, timezone, role, is_approval_pending", ("UPDATE",),
     "OLD.role = 'MENTOR' OR NEW.role = 'MENTOR'"),
)  # fmt: skip


def counted(write, owner, other):
    """The statement that counts one changed row; the directory last, as everybody's lock."""
    rows = {"INSERT": ("NEW",), "DELETE": ("OLD",), "UPDATE": ("OLD", "NEW")}[write]
    subjects = [f"{row}.{owner}" for row in rows] + ([other] if other else [])
    first, *more = subjects
    listed = f"SELECT {first} AS subject" + "".join(f" UNION SELECT {each}" for each in more)
    return (
        f"INSERT INTO offer_revisions (subject, number) SELECT subject, 1 FROM ({listed}) AS found "  # noqa: S608  # The names are ours.
        "WHERE true ORDER BY subject DESC "
        "ON CONFLICT (subject) DO UPDATE SET number = offer_revisions.number + 1;"
    )


def triggers():
    for table, owner, other, columns, writes, condition in WATCHED:
        for write in writes:
            name = f"count_{table}_{write.lower()}"
            when = f"UPDATE OF {columns}" if write == "UPDATE" else write
            only = f" WHEN ({condition})" if condition and write == "UPDATE" else ""
            head = f"CREATE TRIGGER {name} AFTER {when} ON {table} FOR EACH ROW{only}"
            yield name, table, head, counted(write, owner, other)


def upgrade():
    op.create_table(
        "offer_revisions",
        sa.Column("subject", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_offer_revisions")),
    )
    is_postgresql = op.get_context().dialect.name == "postgresql"
    for name, _table, head, body in triggers():
        if is_postgresql:
            op.execute(
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN {body} RETURN NULL; END $$"
            )
            op.execute(f"{head} EXECUTE FUNCTION {name}()")
        else:
            op.execute(f"{head} BEGIN {body} END")


def downgrade():
    is_postgresql = op.get_context().dialect.name == "postgresql"
    for name, table, _head, _body in triggers():
        op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if is_postgresql else ""))
        if is_postgresql:
            op.execute(f"DROP FUNCTION {name}()")
    op.drop_table("offer_revisions")
