"""other systems that are called about transitions

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def refers(column, target):
    name = op.f(f"fk_webhook_calls_{column}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name)


def check(table, name, condition):
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def upgrade():
    table = "webhook_endpoints"
    op.create_table(
        table,
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("salt", sa.String(64), nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("failing_since", INSTANT),
        sa.Column("off_reason", sa.String(16)),
        sa.Column("removed_at", INSTANT),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
        check(table, "off_reason", "off_reason IN ('gone', 'failing')"),
        check(table, "removed_is_off", "removed_at IS NULL OR NOT is_active"),
    )
    table = "webhook_calls"
    op.create_table(
        table,
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("endpoint_id", sa.Integer, nullable=False),
        sa.Column("change_id", sa.Integer, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("next_try_at", INSTANT, nullable=False),
        sa.Column("claimed_by", sa.String(64)),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("outcome", sa.String(16)),
        sa.Column("ended_at", INSTANT),
        sa.Column("answer", sa.Integer),
        sa.Column("error", sa.String(500)),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_calls")),
        refers("endpoint_id", "webhook_endpoints"),
        refers("change_id", "status_changes"),
        check(table, "outcome", "outcome IN ('delivered', 'given-up')"),
        check(table, "outcome_has_its_time", "(outcome IS NULL) = (ended_at IS NULL)"),
        sa.UniqueConstraint(
            "endpoint_id", "change_id", name=op.f("uq_webhook_calls_endpoint_id_change_id")
        ),
    )
    op.create_index("ix_webhook_calls_endpoint", table, ["endpoint_id", "id"])
    op.create_index(
        "ix_webhook_calls_pending",
        table,
        ["endpoint_id", "id"],
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )


def downgrade():
    op.drop_table("webhook_calls")
    op.drop_table("webhook_endpoints")
