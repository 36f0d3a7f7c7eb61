"""what came from which file, so that an import can be taken back

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)

# Table, its key, what that names, and what else it holds.
MADE = (
    ("imported_bookings", "booking_id", "session_bookings"),
    ("imported_slots", "slot_id", "mentor_time_slots"),
    ("imported_users", "user_id", "users", "epoch"),
)


def upgrade():
    op.create_table(
        "imports",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("file_name", sa.String(255), nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("imported_at", INSTANT, nullable=False),
        sa.Column("removed_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.CheckConstraint("kind IN ('sessions', 'people')", name=op.f("ck_imports_kind")),
    )
    for table, key, named, *others in MADE:
        op.create_table(
            table,
            sa.Column(key, sa.Integer, nullable=False),
            sa.Column("import_id", sa.Integer, nullable=False),
            *(sa.Column(name, sa.Integer, nullable=False) for name in others),
            sa.PrimaryKeyConstraint(key, name=op.f(f"pk_{table}")),
            sa.ForeignKeyConstraint(
                [key], [f"{named}.id"], name=op.f(f"fk_{table}_{key}"), ondelete="CASCADE"
            ),
            sa.ForeignKeyConstraint(
                ["import_id"], ["imports.id"], name=op.f(f"fk_{table}_import_id")
            ),
        )
        op.create_index(f"ix_{table}_import", table, ["import_id"])


def downgrade():
    for table, *_rest in MADE:
        op.drop_table(table)
    op.drop_table("imports")
