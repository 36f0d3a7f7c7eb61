"""a group is one entry in the calendar of its mentor

Groups with students who have not cancelled keep the entries that were sent out, one for each
student, until they are over.

Revision ID: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade():
    for column in (
        sa.Column("is_one_entry", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("entry_id", sa.Integer),
        sa.Column("entry_sequence", sa.Integer, server_default="0", nullable=False),
        sa.Column("entry_changed_at", sa.DateTime(timezone=True)),
    ):
        op.add_column("mentor_time_slots", column)
    op.execute(
        "UPDATE mentor_time_slots SET is_one_entry = TRUE WHERE capacity > 1 AND NOT EXISTS ("
        "SELECT 1 FROM session_bookings WHERE time_slot_id = mentor_time_slots.id "
        "AND status <> 'CANCELLED')"
    )


def downgrade():
    for column in ("entry_changed_at", "entry_sequence", "entry_id", "is_one_entry"):
        op.drop_column("mentor_time_slots", column)
