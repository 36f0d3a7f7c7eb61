"""Mentor profiles."""

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.sessions.meeting_links import clean_link
from mentorship.domain.shared.errors import InvalidInput, NotFound
from mentorship.domain.shared.messages import N_
from mentorship.domain.shared.search_text import LONGEST_WORD, fold
from mentorship.models import MentorProfile, MentorTopic, User
from mentorship.services.booking.search_index import refresh_words
from mentorship.services.shared.locks import lock_people
from mentorship.services.shared.text_fields import clean_text

LONGEST_HEADLINE, LONGEST_BIO, LONGEST_TOPIC, MOST_TOPICS = 160, 4000, 60, 12


def ensure_profile(session: Session, mentor_id: int) -> None:
    """Create the mentor's profile if there is none; does not commit.

    Call it with the person locked, so that two requests do not both create one.
    """
    if session.get(MentorProfile, mentor_id) is None:
        session.execute(insert(MentorProfile).values(mentor_id=mentor_id))
        refresh_words(session, mentor_id)


def edit_profile(
    session: Session,
    *,
    mentor_id: int,
    headline: str,
    bio: str,
    topics: str,
    meeting_url: str = "",
) -> None:
    """Store a mentor's profile, and commit.

    `bio` is Markdown, `topics` are separated by commas, and `meeting_url` is the link of sessions
    that have none of their own. Raises InvalidInput, and NotFound if this is not a mentor.
    """
    headline = clean_text(
        headline, what=N_("The headline"), longest=LONGEST_HEADLINE, required=False
    )
    bio = clean_lines(bio, what=N_("The text about you"), longest=LONGEST_BIO)
    named = clean_topics(topics)
    meeting_url = clean_link(meeting_url, what=N_("The meeting link"))
    begin_write(session)
    lock_people(session, [mentor_id])
    person = select(User.id).where(User.id == mentor_id, User.is_mentor)
    if session.scalar(person) is None:
        session.rollback()
        raise NotFound(N_("There is no such mentor."))
    ensure_profile(session, mentor_id)
    session.execute(
        update(MentorProfile)
        .where(MentorProfile.mentor_id == mentor_id)
        .values(headline=headline, bio=bio, meeting_url=meeting_url)
    )
    session.execute(delete(MentorTopic).where(MentorTopic.mentor_id == mentor_id))
    if named:
        session.execute(
            insert(MentorTopic),
            [
                {"mentor_id": mentor_id, "topic": topic, "folded": folded}
                for folded, topic in named.items()
            ],
        )
    refresh_words(session, mentor_id)
    session.commit()


def clean_lines(value: str, *, what: str, longest: int) -> str:
    """Text of several lines, separated by \\n, stripped. Raises InvalidInput."""
    value = value.replace("\r\n", "\n").strip()
    for line in value.split("\n"):
        clean_text(line.replace("\t", " "), what=what, longest=longest, required=False)
    if len(value) > longest:
        raise InvalidInput(
            N_("%(what)s is longer than %(longest)s characters.", what=what, longest=longest)
        )
    return value


def clean_topics(value: str) -> dict[str, str]:
    """The topics by their folded form, as first written. Raises InvalidInput."""
    topics: dict[str, str] = {}
    for part in value.split(","):
        topic = clean_text(part, what=N_("A topic"), longest=LONGEST_TOPIC, required=False)
        topic = " ".join(topic.split())
        if topic:
            topics.setdefault(fold(topic)[:LONGEST_WORD], topic)
    if len(topics) > MOST_TOPICS:
        raise InvalidInput(N_("A profile has at most %(most)s topics.", most=MOST_TOPICS))
    return topics
