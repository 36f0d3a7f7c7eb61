"""an identity of the installation, for what other systems are told

Revision ID: 0016
Revises: 0015
"""

from urllib.parse import urlsplit
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from mentorship import current

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade():
    installation = op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("identity", sa.String(36), nullable=False),
        sa.Column("old_host", sa.String(255), nullable=False),
        sa.Column("last_old_booking", sa.Integer(), nullable=False),
        sa.Column("last_old_mail", sa.Integer(), nullable=False),
        sa.Column("last_old_call", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
        sa.CheckConstraint("id = 1", name="is_the_only_one"),
    )
    # What was sent out keeps the names that it has there, which end in the host of BASE_URL.
    host = urlsplit(current.settings().base_url).hostname or ""
    last = {
        name: sa.select(sa.func.coalesce(sa.func.max(sa.column("id")), 0))
        .select_from(sa.table(table))
        .scalar_subquery()
        for name, table in (
            ("last_old_booking", "session_bookings"),
            ("last_old_mail", "outbox_messages"),
            ("last_old_call", "webhook_calls"),
        )
    }
    op.execute(sa.insert(installation).values(id=1, identity=str(uuid4()), old_host=host, **last))


def downgrade():
    op.drop_table("installation")
