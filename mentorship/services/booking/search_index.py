"""The search index of mentors, and their order in the directory."""

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from mentorship.domain.shared.search_text import fold, folded_words
from mentorship.models import MentorProfile, MentorTopic, MentorWord, User

LONGEST_LISTED = 120


def refresh_words(session: Session, mentor_id: int) -> None:
    """Rebuild the mentor's entry in the directory; does not commit.

    Call it in the transaction that changes the name, the headline or the topics, after its
    lock on the person. Without a profile nothing happens.
    """
    found = session.execute(
        select(User.name, MentorProfile.headline)
        .join(MentorProfile, MentorProfile.mentor_id == User.id)
        .where(User.id == mentor_id)
    ).one_or_none()
    if found is None:
        return
    topics = session.scalars(select(MentorTopic.topic).where(MentorTopic.mentor_id == mentor_id))
    session.execute(delete(MentorWord).where(MentorWord.mentor_id == mentor_id))
    rows = [
        {"mentor_id": mentor_id, "word": word}
        for word in sorted(folded_words(found.name, found.headline, *topics))
    ]
    if rows:
        session.execute(insert(MentorWord), rows)
    session.execute(
        update(MentorProfile)
        .where(MentorProfile.mentor_id == mentor_id)
        .values(listed_as=fold(found.name)[:LONGEST_LISTED])
    )
