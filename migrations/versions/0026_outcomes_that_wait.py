"""indexes on the ends of sessions whose people are asked how they went, or an admin

Revision ID: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

PREDICATES = {
    "delayed": "status = 'ONGOING' AND is_delayed",
    "disputed": (
        "decided_outcome IS NULL AND mentor_says <> student_says AND status <> 'CANCELLED'"
    ),
    "unanswered": (
        "decided_outcome IS NULL AND mentor_says IS NULL AND student_says IS NULL "
        "AND status <> 'CANCELLED'"
    ),
}


def upgrade():
    for name, predicate in PREDICATES.items():
        op.create_index(
            f"ix_session_bookings_{name}_end",
            "session_bookings",
            ["end_time"],
            sqlite_where=sa.text(predicate),
            postgresql_where=sa.text(predicate),
        )


def downgrade():
    for name in PREDICATES:
        op.drop_index(f"ix_session_bookings_{name}_end", table_name="session_bookings")
