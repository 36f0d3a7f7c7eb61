"""indexes for reports: starts of sessions and slots, and sessions that an admin corrected

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

CORRECTIONS = "action = 'correct'"


def upgrade():
    op.create_index("ix_session_bookings_start", "session_bookings", ["start_time"])
    op.create_index("ix_mentor_time_slots_start", "mentor_time_slots", ["start_time"])
    op.create_index(
        "ix_status_changes_corrections",
        "status_changes",
        ["booking_id"],
        sqlite_where=sa.text(CORRECTIONS),
        postgresql_where=sa.text(CORRECTIONS),
    )


def downgrade():
    op.drop_index("ix_status_changes_corrections", table_name="status_changes")
    op.drop_index("ix_mentor_time_slots_start", table_name="mentor_time_slots")
    op.drop_index("ix_session_bookings_start", table_name="session_bookings")
