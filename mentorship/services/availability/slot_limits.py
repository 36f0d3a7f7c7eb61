"""How many slots a mentor may have to come."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.models import User

MOST_SLOTS = 5000
MOST_BEFORE_APPROVAL = 1000
"""Nobody can book those yet, and anybody may sign up as a mentor."""


def most_slots(session: Session, mentor_id: int) -> int:
    """The most slots up to the horizon that this mentor may have."""
    is_waiting = session.scalar(select(User.is_approval_pending).where(User.id == mentor_id))
    return MOST_BEFORE_APPROVAL if is_waiting else MOST_SLOTS
