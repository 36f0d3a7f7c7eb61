"""how mentors are found: by folded words and topics, listed by folded name

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def is_postgresql():
    return op.get_context().dialect.name == "postgresql"


def by_bytes(length):
    return sa.String(length, collation="C" if is_postgresql() else None)


def upgrade():
    if is_postgresql():
        op.alter_column("mentor_words", "word", type_=by_bytes(60))
    op.add_column(
        "mentor_profiles", sa.Column("listed_as", by_bytes(120), server_default="", nullable=False)
    )
    op.create_index("ix_mentor_profiles_listed", "mentor_profiles", ["listed_as", "mentor_id"])
    op.add_column(
        "mentor_topics", sa.Column("folded", by_bytes(60), server_default="", nullable=False)
    )
    op.create_index("ix_mentor_topics_folded", "mentor_topics", ["folded", "mentor_id"])


def downgrade():
    op.drop_index("ix_mentor_topics_folded", "mentor_topics")
    op.drop_column("mentor_topics", "folded")
    op.drop_index("ix_mentor_profiles_listed", "mentor_profiles")
    op.drop_column("mentor_profiles", "listed_as")
    if is_postgresql():
        op.alter_column("mentor_words", "word", type_=sa.String(60))
