"""indexes on outcomes of which only one side has spoken, which silence settles

Revision ID: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

CLAIMED = sa.text(
    "decided_outcome IS NULL AND (mentor_says IS NULL) <> (student_says IS NULL) "
    "AND status <> 'CANCELLED'"
)

INDEXES = {
    "ix_session_bookings_claimed_end": ["end_time"],
    "ix_session_bookings_claimed_said": ["mentor_said_at", "student_said_at"],
}


def upgrade():
    for name, columns in INDEXES.items():
        op.create_index(
            name,
            "session_bookings",
            columns,
            sqlite_where=CLAIMED,
            postgresql_where=CLAIMED,
        )


def downgrade():
    for name in INDEXES:
        op.drop_index(name, table_name="session_bookings")
