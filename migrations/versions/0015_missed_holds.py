"""who misses a hold keeps the place on the waiting list

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "missed_holds",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("slot_id", sa.Integer(), nullable=False),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["waiting_list_entries.id"],
            name="fk_missed_holds_entry_id",
        ),
        sa.ForeignKeyConstraint(
            ["slot_id"],
            ["mentor_time_slots.id"],
            name="fk_missed_holds_slot_id",
        ),
        sa.PrimaryKeyConstraint("entry_id", "slot_id", name="pk_missed_holds"),
    )
    op.create_index("ix_missed_holds_slot", "missed_holds", ["slot_id"])


def downgrade():
    op.drop_table("missed_holds")
