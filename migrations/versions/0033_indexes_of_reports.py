"""indexes for reports: cancelled sessions, who cancelled them, and offered times

Revision ID: 0033
Revises: 0032
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

CANCELLED = sa.text("status = 'CANCELLED'")
CANCELLATIONS = sa.text("action = 'cancel'")
OFFERED = sa.text("is_exclusive AND NOT is_withdrawn")


def upgrade():
    op.create_index(
        "ix_session_bookings_cancelled_start",
        "session_bookings",
        ["start_time"],
        sqlite_where=CANCELLED,
        postgresql_where=CANCELLED,
    )
    op.create_index(
        "ix_status_changes_cancellations",
        "status_changes",
        ["booking_id", "id", "cause"],
        sqlite_where=CANCELLATIONS,
        postgresql_where=CANCELLATIONS,
    )
    op.create_index(
        "ix_mentor_time_slots_offered",
        "mentor_time_slots",
        ["start_time", "end_time", "mentor_id"],
        sqlite_where=OFFERED,
        postgresql_where=OFFERED,
    )
    op.drop_index("ix_mentor_time_slots_start", table_name="mentor_time_slots")


def downgrade():
    op.create_index("ix_mentor_time_slots_start", "mentor_time_slots", ["start_time"])
    op.drop_index("ix_mentor_time_slots_offered", table_name="mentor_time_slots")
    op.drop_index("ix_status_changes_cancellations", table_name="status_changes")
    op.drop_index("ix_session_bookings_cancelled_start", table_name="session_bookings")
