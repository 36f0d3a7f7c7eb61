"""people are searched and ordered by folded names

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

from mentorship.domain.shared.search_text import fold

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade():
    is_postgresql = op.get_context().dialect.name == "postgresql"
    folded = sa.String(120, collation="C" if is_postgresql else None)
    op.add_column("users", sa.Column("folded_name", folded, server_default="", nullable=False))
    connection = op.get_bind()
    people = connection.execute(sa.text("SELECT id, name FROM users")).all()
    if people:
        connection.execute(
            sa.text("UPDATE users SET folded_name = :folded WHERE id = :id"),
            [{"id": row.id, "folded": fold(row.name)[:120]} for row in people],
        )


def downgrade():
    op.drop_column("users", "folded_name")
