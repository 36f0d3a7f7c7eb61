"""when a session was booked

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("session_bookings", sa.Column("booked_at", sa.DateTime(timezone=True)))


def downgrade():
    op.drop_column("session_bookings", "booked_at")
