"""where sessions meet, where their recordings are, and what is said of them afterwards

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)


def of_a_booking(table):
    return (
        sa.PrimaryKeyConstraint("booking_id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["session_bookings.id"], name=op.f(f"fk_{table}_booking_id")
        ),
    )


def words(name, length):
    return sa.Column(name, sa.String(length), server_default="", nullable=False)


def upgrade():
    op.add_column("mentor_profiles", words("meeting_url", 2000))
    op.add_column("mentor_time_slots", words("meeting_url", 2000))
    op.create_table(
        "session_recordings",
        sa.Column("booking_id", sa.Integer, nullable=False),
        sa.Column("url", sa.String(2000), nullable=False),
        sa.Column("added_at", INSTANT, nullable=False),
        *of_a_booking("session_recordings"),
    )
    op.create_table(
        "recording_calls",
        sa.Column("signature", sa.String(64), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("signature", name=op.f("pk_recording_calls")),
    )
    op.create_index("ix_recording_calls_received", "recording_calls", ["received_at"])
    op.create_table(
        "session_feedback",
        sa.Column("booking_id", sa.Integer, nullable=False),
        sa.Column("rating", sa.Integer),
        words("comment", 2000),
        words("summary", 4000),
        words("private_notes", 4000),
        *of_a_booking("session_feedback"),
        sa.CheckConstraint("rating >= 1 AND rating <= 5", name=op.f("ck_session_feedback_rating")),
    )


def downgrade():
    op.drop_table("session_feedback")
    op.drop_table("recording_calls")
    op.drop_table("session_recordings")
    op.drop_column("mentor_time_slots", "meeting_url")
    op.drop_column("mentor_profiles", "meeting_url")
