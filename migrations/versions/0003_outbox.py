"""the outbox of mail, what people chose to get, how far the reminders are

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def key(table, *columns):
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def refers(table, column, target):
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def check(table, name, condition):
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def partial(name, table, columns, condition, *, unique=False):
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        sqlite_where=sa.text(condition),
        postgresql_where=sa.text(condition),
    )


def upgrade():
    table = "outbox_messages"
    op.create_table(
        table,
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("booking_id", sa.Integer),
        sa.Column("reader_id", sa.Integer),
        sa.Column("change_id", sa.Integer),
        sa.Column("move_id", sa.Integer),
        sa.Column("key", sa.String(200)),
        sa.Column("recipient", sa.String(254)),
        sa.Column("subject", sa.String(300)),
        sa.Column("body_text", sa.Text),
        sa.Column("body_html", sa.Text),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("not_after", INSTANT),
        sa.Column("next_try_at", INSTANT, nullable=False),
        sa.Column("claimed_by", sa.String(64)),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("ended_at", INSTANT),
        sa.Column("error", sa.String(500)),
        key(table, "id"),
        refers(table, "booking_id", "session_bookings"),
        refers(table, "reader_id", "users"),
        refers(table, "change_id", "status_changes"),
        refers(table, "move_id", "booking_moves"),
        check(
            table,
            "has_one_reader",
            "(booking_id IS NULL) = (reader_id IS NULL) "
            "AND (booking_id IS NULL) = (recipient IS NOT NULL)",
        ),
        check(table, "outcome", "outcome IN ('sent', 'set-aside', 'dropped')"),
        check(table, "outcome_has_its_time", "(outcome IS NULL) = (ended_at IS NULL)"),
    )
    partial("uq_outbox_messages_key", table, ["key"], "key IS NOT NULL", unique=True)
    partial("ix_outbox_messages_pending", table, ["next_try_at", "id"], "outcome IS NULL")
    partial("ix_outbox_messages_set_aside", table, ["ended_at"], "outcome = 'set-aside'")
    op.create_index("ix_outbox_messages_booking", table, ["booking_id"])
    table = "mail_choices"
    op.create_table(
        table,
        sa.Column("user_id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("is_wanted", sa.Boolean, nullable=False),
        key(table, "user_id", "kind"),
        refers(table, "user_id", "users"),
    )
    table = "reminder_marks"
    op.create_table(
        table,
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("reminded_until", INSTANT, nullable=False),
        key(table, "id"),
        check(table, "only_one", "id = 1"),
    )


def downgrade():
    for table in ("reminder_marks", "mail_choices", "outbox_messages"):
        op.drop_table(table)
