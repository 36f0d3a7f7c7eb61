"""tokens have an end and a scope

Tokens from before may act, as they could, and end 90 days after the upgrade.

Revision ID: 0021
Revises: 0020
"""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from mentorship.clock import utc_now

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def upgrade():
    op.add_column("api_tokens", sa.Column("expires_at", INSTANT))
    tokens = sa.table("api_tokens", sa.column("expires_at", INSTANT))
    op.execute(tokens.update().values(expires_at=utc_now() + timedelta(days=90)))
    with op.batch_alter_table("api_tokens") as table:
        table.alter_column("expires_at", existing_type=INSTANT, nullable=False)
        table.add_column(sa.Column("scope", sa.String(4), nullable=False, server_default="act"))
        table.create_check_constraint(op.f("ck_api_tokens_scope"), "scope IN ('read', 'act')")


def downgrade():
    with op.batch_alter_table("api_tokens") as table:
        table.drop_constraint(op.f("ck_api_tokens_scope"), type_="check")
        table.drop_column("scope")
        table.drop_column("expires_at")
