"""The mentor directory: finding mentors, and one mentor's profile."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, exists, func, select
from sqlalchemy.orm import Session

from mentorship.database import UtcDateTime
from mentorship.domain.shared.search_text import LAST, LONGEST_WORD, fold
from mentorship.models import MentorProfile, MentorTimeSlot, MentorTopic, MentorWord, User
from mentorship.queries.booking.free_slots import (
    LIMIT_COLUMNS,
    FreeSlot,
    Limits,
    limits_from,
    next_free_slots,
)

PAGE_SIZE = 20
NEXT_TIMES = 3
MOST_POPULAR = 30

_P, _T, _W, _SLOT = MentorProfile, MentorTopic, MentorWord, MentorTimeSlot

_FINDABLE = and_(User.is_mentor, ~User.is_approval_pending)


@dataclass(frozen=True)
class MentorCard:
    """A mentor in the directory, with the next times that its viewer can book."""

    id: int
    name: str
    headline: str
    topics: tuple[str, ...]
    next_times: tuple[FreeSlot, ...]


@dataclass(frozen=True)
class Directory:
    """One page of mentors; pages count from 1. The total is not counted."""

    cards: tuple[MentorCard, ...]
    page: int
    has_next: bool


@dataclass(frozen=True)
class MentorPage:
    """A mentor's profile as others see it. `bio` is Markdown."""

    id: int
    name: str
    headline: str
    bio: str
    topics: tuple[str, ...]
    limits: Limits


_COLUMNS = (*LIMIT_COLUMNS, User.name, _P.headline)


@cache
def _listing(words: int, *, has_topic: bool) -> Select[*tuple[Any, ...]]:
    """The search for `words` prefixes, each of which must match a word of the mentor."""
    listing = select(*_COLUMNS).join(User, User.id == _P.mentor_id).where(_FINDABLE)
    for number in range(words):
        begins = _W.word.between(bindparam(f"low{number}"), bindparam(f"high{number}"))
        listing = listing.where(_P.mentor_id.in_(select(_W.mentor_id).where(begins)))
    if has_topic:
        offers = select(_T.mentor_id).where(_T.folded == bindparam("topic"))
        listing = listing.where(_P.mentor_id.in_(offers))
    return (
        listing.order_by(_P.listed_as, _P.mentor_id)
        .limit(PAGE_SIZE + 1)
        .offset(bindparam("offset"))
    )


_ONE = (
    select(*_COLUMNS, _P.bio)
    .join(User, User.id == _P.mentor_id)
    .where(_P.mentor_id == bindparam("mentor_id"), _FINDABLE)
)

_TOPICS = (
    select(_T.mentor_id, _T.topic)
    .where(_T.mentor_id.in_(bindparam("mentors", expanding=True)))
    .order_by(_T.mentor_id, _T.folded)
)


def _popular() -> Select[*tuple[Any, ...]]:
    """The topics with most mentors, as a listed mentor spells them, and the number of topics.

    Topics are counted in the index of `folded`, and those of mentors who wait for approval are
    subtracted. Looking up the mentor of each topic took up to 25 times as long.
    """
    offered = select(_T.folded, func.count().label("mentors")).group_by(_T.folded).subquery()
    hidden = (
        select(_T.folded, func.count().label("mentors"))
        .join(User, User.id == _T.mentor_id)
        .where(User.is_approval_pending)
        .group_by(_T.folded)
        .subquery()
    )
    listed = offered.c.mentors - func.coalesce(hidden.c.mentors, 0)
    popular = (
        select(offered.c.folded, listed.label("mentors"), func.count().over().label("topics"))
        .outerjoin(hidden, hidden.c.folded == offered.c.folded)
        .where(listed > 0)
        .order_by(listed.desc(), offered.c.folded)
        .limit(MOST_POPULAR)
        .subquery()
    )
    spelling = (
        select(_T.topic)
        .join(User, User.id == _T.mentor_id)
        .where(_T.folded == popular.c.folded, _FINDABLE)
        .order_by(_T.folded, _T.mentor_id, _T.topic)
        .limit(1)
        .scalar_subquery()
    )
    return select(spelling.label("topic"), popular.c.topics).order_by(
        popular.c.mentors.desc(), popular.c.folded
    )


_POPULAR = _popular()

_IS_OFFERED = select(
    exists().where(
        _SLOT.mentor_id == bindparam("mentor_id"),
        _SLOT.start_time > bindparam("now", type_=UtcDateTime),
        _SLOT.start_time.between(
            bindparam("earliest", type_=UtcDateTime), bindparam("latest", type_=UtcDateTime)
        ),
        _SLOT.start_time >= bindparam("since", type_=UtcDateTime),
        _SLOT.start_time < bindparam("until", type_=UtcDateTime),
        ~_SLOT.is_withdrawn,
    )
)


def find_mentors(
    session: Session,
    *,
    words: Iterable[str],
    topic: str,
    page: int,
    student_id: int | None,
    now: datetime,
) -> Directory:
    """A page of the approved mentors who match all folded `words` and the `topic`, by name.

    An empty topic matches everybody. The times are those that this student (None: anybody) can book
    at `now` (UTC).
    """
    asked: dict[str, object] = {"offset": (page - 1) * PAGE_SIZE}
    count = 0
    for count, word in enumerate(sorted(words), start=1):
        asked |= {f"low{count - 1}": word, f"high{count - 1}": word + LAST}
    if topic:
        asked["topic"] = fold(topic)[:LONGEST_WORD]
    rows = session.execute(_listing(count, has_topic=bool(topic)), asked).all()
    shown = rows[:PAGE_SIZE]
    topics = _topics_of(session, [row.mentor_id for row in shown])
    limits = [limits_from(row) for row in shown]
    times = next_free_slots(session, limits, student_id=student_id, each=NEXT_TIMES, now=now)
    cards = (
        MentorCard(
            id=row.mentor_id,
            name=row.name,
            headline=row.headline,
            topics=topics[row.mentor_id],
            next_times=tuple(times.get(row.mentor_id, ())),
        )
        for row in shown
    )
    return Directory(tuple(cards), page, len(rows) > PAGE_SIZE)


def mentor_page(session: Session, mentor_id: int) -> MentorPage | None:
    """The profile of an approved mentor; None for anybody else."""
    row = session.execute(_ONE, {"mentor_id": mentor_id}).one_or_none()
    if row is None:
        return None
    topics = _topics_of(session, [mentor_id])[mentor_id]
    return MentorPage(row.mentor_id, row.name, row.headline, row.bio, topics, limits_from(row))


def own_profile(session: Session, mentor_id: int) -> dict[str, str]:
    """The mentor's stored profile as the fields of a form; empty strings without one."""
    profile = session.get(_P, mentor_id)
    topics = ", ".join(_topics_of(session, [mentor_id])[mentor_id])
    return {
        "headline": profile.headline if profile else "",
        "bio": profile.bio if profile else "",
        "topics": topics,
        "meeting_url": profile.meeting_url if profile else "",
    }


def popular_topics(session: Session) -> tuple[tuple[str, ...], int]:
    """The most popular topics of approved mentors, and how many more topics there are."""
    rows = session.execute(_POPULAR).all()
    topics = tuple(row.topic for row in rows if row.topic is not None)
    return topics, rows[0].topics - len(rows) if rows else 0


def is_anything_offered(
    session: Session, limits: Limits, *, since: datetime, until: datetime, now: datetime
) -> bool:
    """Whether the mentor has a slot, free or taken, between `since` and `until` (UTC).

    Slots that are too soon at `now` or too far ahead do not count.
    """
    asked = {
        "mentor_id": limits.mentor_id,
        "since": since,
        "until": until,
        "now": now,
        "earliest": now + limits.minimum_notice,
        "latest": now + limits.horizon,
    }
    return bool(session.scalar(_IS_OFFERED, asked))


def _topics_of(session: Session, mentors: list[int]) -> Mapping[int, tuple[str, ...]]:
    topics: dict[int, tuple[str, ...]] = defaultdict(tuple)
    for mentor_id, topic in session.execute(_TOPICS, {"mentors": mentors}):
        topics[mentor_id] += (topic,)
    return topics
