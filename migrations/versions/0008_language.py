"""people choose a language

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade():
    # As one statement, which both engines know: SQLite adds no constraint to a table that is there.
    op.execute(
        "ALTER TABLE users ADD COLUMN language VARCHAR(2)"
        " CONSTRAINT ck_users_language CHECK (language IN ('en', 'de'))"
    )


def downgrade():
    op.drop_column("users", "language")
