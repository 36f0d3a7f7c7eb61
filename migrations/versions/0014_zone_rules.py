"""what the rules of time zones said, and today's names of zones

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

from mentorship.domain.shared.zones import current_name

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "zone_rules",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("release", sa.String(16), nullable=False),
        sa.Column("offsets", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_zone_rules"),
    )
    for table in ("users", "availability_rules"):
        rename(table)


def rename(table):
    """Old names become today's; one that nobody knows stays, and its owner is told of it."""
    connection = op.get_bind()
    names = connection.execute(sa.text(f"SELECT DISTINCT timezone FROM {table}")).scalars()  # noqa: S608  # A constant.
    old = [name for name in names if current_name(name) not in (name, None)]
    for name in old:
        connection.execute(
            sa.text(f"UPDATE {table} SET timezone = :now WHERE timezone = :old"),  # noqa: S608  # The same.
            {"now": current_name(name), "old": name},
        )


def downgrade():
    op.drop_table("zone_rules")  # Today's names were valid before, too.
