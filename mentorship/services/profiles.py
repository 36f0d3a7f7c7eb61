"""What mentors say of themselves, and the limits on their bookings."""

from sqlalchemy import insert
from sqlalchemy.orm import Session

from mentorship.models import MentorProfile


def ensure_profile(session: Session, mentor_id: int) -> None:
    """Make the mentor's profile where there is none; does not commit.

    Call it with the person locked, so that two do not make one at once.
    """
    if session.get(MentorProfile, mentor_id) is None:
        session.execute(insert(MentorProfile).values(mentor_id=mentor_id))
