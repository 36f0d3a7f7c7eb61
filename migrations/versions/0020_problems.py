"""why mail or a call of a webhook did not arrive

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES = ("outbox_messages", "webhook_calls")


def upgrade():
    for table in TABLES:
        op.add_column(table, sa.Column("problem", sa.String(24), nullable=True))


def downgrade():
    for table in TABLES:
        op.drop_column(table, "problem")
