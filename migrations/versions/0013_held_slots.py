"""who waits for a slot is found by it

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

INDEX = "ix_waiting_list_entries_held"


def upgrade():
    op.create_index(
        INDEX,
        "waiting_list_entries",
        ["held_slot_id"],
        sqlite_where=sa.text("held_slot_id IS NOT NULL"),
        postgresql_where=sa.text("held_slot_id IS NOT NULL"),
    )


def downgrade():
    op.drop_index(INDEX, "waiting_list_entries")
