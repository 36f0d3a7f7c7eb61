"""sessions are searched by folded topics

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

from mentorship.domain.shared.search_text import fold

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade():
    folded = sa.Column("folded_topic", sa.Text, server_default="", nullable=False)
    op.add_column("session_bookings", folded)
    connection = op.get_bind()
    topics = connection.execute(
        sa.text("SELECT id, topic FROM session_bookings WHERE topic <> ''")
    ).all()
    if topics:
        connection.execute(
            sa.text("UPDATE session_bookings SET folded_topic = :folded WHERE id = :id"),
            [{"id": row.id, "folded": fold(row.topic)} for row in topics],
        )


def downgrade():
    op.drop_column("session_bookings", "folded_topic")
