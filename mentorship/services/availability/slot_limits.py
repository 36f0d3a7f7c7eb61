"""How many upcoming slots a mentor may have."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.models import User

MOST_SLOTS = 5000
MOST_BEFORE_APPROVAL = 1000
"""The limit for mentors who wait for approval: anybody can sign up as one."""


def most_slots(session: Session, mentor_id: int) -> int:
    """The most slots up to the horizon that this mentor may have."""
    is_waiting = session.scalar(select(User.is_approval_pending).where(User.id == mentor_id))
    return MOST_BEFORE_APPROVAL if is_waiting else MOST_SLOTS
