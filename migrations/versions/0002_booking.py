"""mentors' profiles, days off, waiting lists, moves, idempotency keys, API tokens

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
CAUSES = ("poll", "cron", "worker", "command", "mentor", "student", "admin")


def number(name, default=None, *, nullable=False):
    return sa.Column(name, sa.Integer, server_default=default, nullable=nullable)


def key(table, *columns):
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def refers(table, column, target):
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))


def check(table, name, condition):
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def upgrade():
    table = "mentor_profiles"
    op.create_table(
        table,
        sa.Column("mentor_id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("headline", sa.String(160), server_default="", nullable=False),
        sa.Column("bio", sa.Text, server_default="", nullable=False),
        number("buffer_before", "0"),
        number("buffer_after", "0"),
        number("minimum_notice", "120"),
        number("horizon_days", "56"),
        number("daily_limit", nullable=True),
        sa.Column("published_until", INSTANT),
        key(table, "mentor_id"),
        refers(table, "mentor_id", "users"),
        check(
            table,
            "buffers",
            "buffer_before >= 0 AND buffer_before <= 240 "
            "AND buffer_after >= 0 AND buffer_after <= 240",
        ),
        check(table, "minimum_notice", "minimum_notice >= 0 AND minimum_notice <= 43200"),
        check(table, "horizon_days", "horizon_days >= 1 AND horizon_days <= 366"),
        check(table, "daily_limit", "daily_limit >= 1 AND daily_limit <= 100"),
    )
    table = "mentor_topics"
    op.create_table(
        table,
        number("mentor_id"),
        sa.Column("topic", sa.String(60), nullable=False),
        key(table, "mentor_id", "topic"),
        refers(table, "mentor_id", "users"),
    )
    table = "mentor_words"
    op.create_table(
        table,
        sa.Column("word", sa.String(60), nullable=False),
        number("mentor_id"),
        key(table, "word", "mentor_id"),
        refers(table, "mentor_id", "users"),
    )
    op.create_index("ix_mentor_words_mentor", table, ["mentor_id"])
    table = "days_off"
    op.create_table(
        table,
        number("id"),
        number("mentor_id"),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("last_day", sa.Date, nullable=False),
        sa.Column("note", sa.String(160), server_default="", nullable=False),
        key(table, "id"),
        refers(table, "mentor_id", "users"),
        check(table, "in_order", "first_day <= last_day"),
    )
    op.create_index("ix_days_off_mentor", table, ["mentor_id", "last_day"])
    table = "waiting_list_entries"
    op.create_table(
        table,
        number("id"),
        number("mentor_id"),
        number("student_id"),
        sa.Column("week", sa.Date, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        number("held_slot_id", nullable=True),
        sa.Column("is_over", sa.Boolean, server_default=sa.false(), nullable=False),
        key(table, "id"),
        refers(table, "mentor_id", "users"),
        refers(table, "student_id", "users"),
        refers(table, "held_slot_id", "mentor_time_slots"),
    )
    op.create_index(
        "uq_waiting_list_entries_open",
        table,
        ["mentor_id", "week", "student_id"],
        unique=True,
        sqlite_where=sa.text("NOT is_over"),
        postgresql_where=sa.text("NOT is_over"),
    )
    op.create_index("ix_waiting_list_entries_student", table, ["student_id"])
    table = "booking_moves"
    op.create_table(
        table,
        number("id"),
        number("booking_id"),
        number("old_slot_id"),
        number("new_slot_id"),
        *(
            sa.Column(name, INSTANT, nullable=False)
            for name in ("old_start", "old_end", "new_start", "new_end")
        ),
        sa.Column("cause", sa.String(16), nullable=False),
        number("actor_id"),
        sa.Column("reason", sa.String(300)),
        sa.Column("moved_at", INSTANT, nullable=False),
        key(table, "id"),
        refers(table, "booking_id", "session_bookings"),
        refers(table, "old_slot_id", "mentor_time_slots"),
        refers(table, "new_slot_id", "mentor_time_slots"),
        refers(table, "actor_id", "users"),
        check(table, "cause", f"cause IN ({', '.join(repr(cause) for cause in CAUSES)})"),
    )
    op.create_index("ix_booking_moves_booking", table, ["booking_id", "id"])
    table = "idempotency_keys"
    op.create_table(
        table,
        number("user_id"),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("body_hash", sa.String(64), nullable=False),
        number("status"),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        key(table, "user_id", "key"),
        refers(table, "user_id", "users"),
    )
    op.create_index("ix_idempotency_keys_created", table, ["created_at"])
    table = "api_tokens"
    op.create_table(
        table,
        number("id"),
        number("user_id"),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("last_used_at", INSTANT),
        sa.Column("revoked_at", INSTANT),
        key(table, "id"),
        refers(table, "user_id", "users"),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    op.create_index("ix_api_tokens_user", table, ["user_id"])


def downgrade():
    for table in (
        "api_tokens",
        "idempotency_keys",
        "booking_moves",
        "waiting_list_entries",
        "days_off",
        "mentor_words",
        "mentor_topics",
        "mentor_profiles",
    ):
        op.drop_table(table)
