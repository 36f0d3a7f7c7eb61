"""the journal is found by person: what somebody has just done can be undone

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    by_a_person = sa.text("actor_id IS NOT NULL")
    op.create_index(
        "ix_status_changes_actor",
        "status_changes",
        ["actor_id", "applied_at"],
        sqlite_where=by_a_person,
        postgresql_where=by_a_person,
    )


def downgrade() -> None:
    op.drop_index("ix_status_changes_actor", "status_changes")
