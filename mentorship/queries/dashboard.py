"""The four lists of a dashboard, ready to be shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from mentorship.domain.lifecycle import (
    MANUAL_ACTIONS,
    RULE_OF,
    Action,
    State,
    Status,
    permitted,
)
from mentorship.domain.people import Role, Viewer
from mentorship.domain.seen import Seen
from mentorship.models import SessionBooking, User
from mentorship.queries import journal
from mentorship.queries.pulse import fingerprint_columns
from mentorship.queries.scope import visible_to

PAGE_SIZE = 20
EARLY = timedelta(minutes=15)
"""A start that is earlier than this before the start time is asked about first."""


class Section(StrEnum):
    """The lists, in the order in which a page shows them."""

    ATTENTION = "attention"
    NOW = "now"
    UPCOMING = "upcoming"
    PAST = "past"


@dataclass(frozen=True)
class Card:
    """One session as its viewer sees it. Instants in UTC; `actions` are those lawful at `now`."""

    id: int
    topic: str
    student: str
    mentor: str
    status: Status
    is_delayed: bool
    start_time: datetime
    end_time: datetime
    started_at: datetime | None
    completed_at: datetime | None
    cancel_reason: str | None
    actions: tuple[Action, ...]
    is_early: bool


@dataclass(frozen=True)
class Listing:
    """One page of one list; pages count from 1."""

    section: Section
    cards: tuple[Card, ...]
    total: int
    page: int
    pages: int


@dataclass(frozen=True)
class Board:
    """All that the session lists show. `next_due` (UTC) is when the next of them changes."""

    listings: tuple[Listing, ...]
    seen: Seen
    now: datetime
    next_due: datetime | None

    @property
    def pages(self) -> dict[str, int]:
        """The page of each list that is not on its first."""
        return {each.section.value: each.page for each in self.listings if each.page > 1}


_Student, _Mentor = aliased(User), aliased(User)
_B = SessionBooking

_WHICH: Mapping[Section, ColumnElement[bool]] = {
    Section.ATTENTION: and_(_B.status == Status.ONGOING, _B.is_delayed),
    Section.NOW: and_(_B.status == Status.ONGOING, ~_B.is_delayed),
    Section.UPCOMING: _B.status == Status.SCHEDULED,
    Section.PAST: _B.status.in_([Status.COMPLETED, Status.CANCELLED]),
}


def _section_of(status: Status, *, is_delayed: bool) -> Section:
    if status is Status.ONGOING:
        return Section.ATTENTION if is_delayed else Section.NOW
    return Section.UPCOMING if status is Status.SCHEDULED else Section.PAST


CARDS: Select[*tuple[Any, ...]] = (
    select(
        _B.id, _B.topic, _Student.name.label("student"), _Mentor.name.label("mentor"),
        _B.student_id, _B.mentor_id, _B.status, _B.is_delayed, _B.start_time, _B.end_time,
        _B.started_at, _B.completed_at, _B.cancel_reason,
    )
    .join(_Student, _Student.id == _B.student_id)
    .join(_Mentor, _Mentor.id == _B.mentor_id)
)  # fmt: skip
"""What `card` needs of each booking."""


def _rows(role: Role, section: Section) -> Select[*tuple[Any, ...]]:
    order = _B.start_time.desc() if section is Section.PAST else _B.start_time
    tie = _B.id.desc() if section is Section.PAST else _B.id
    return (
        CARDS.where(visible_to(role), _WHICH[section])
        .order_by(order, tie)
        .limit(PAGE_SIZE)
        .offset(bindparam("offset"))
    )


_ROWS = {(role, section): _rows(role, section) for role in Role for section in Section}

_GROUPS = {
    role: select(
        _B.status, _B.is_delayed, func.count().label("total"),
        func.min(_B.start_time).label("first_start"), func.min(_B.end_time).label("first_end"),
    )
    .where(visible_to(role))
    .group_by(_B.status, _B.is_delayed)
    for role in Role
}  # fmt: skip

_PRINT = {
    role: select(*(column.scalar_subquery() for column in fingerprint_columns(role)))
    for role in Role
}


def read_place(session: Session, viewer: Viewer) -> Seen:
    """Where a reader of the viewer's lists stands now.

    The fingerprint is read before the journal's head, and both before anything that they speak
    for: a change that commits in between is then told now and leads to one more swap. The other
    way round it would never be told.
    """
    first, second = session.execute(_PRINT[viewer.role], {"viewer": viewer.id}).one()
    return Seen(journal.head(session), (int(first), int(second)))


def board(
    session: Session, viewer: Viewer, *, seen: Seen, pages: Mapping[Section, int], now: datetime
) -> Board:
    """The viewer's lists at `now` (UTC), each on the asked page or else on its last.

    `seen` is the place that was read before (`read_place`).
    """
    totals = dict.fromkeys(Section, 0)
    instants: list[datetime] = []
    for group in session.execute(_GROUPS[viewer.role], {"viewer": viewer.id}):
        section = _section_of(group.status, is_delayed=group.is_delayed)
        totals[section] += group.total
        if section is Section.UPCOMING:
            instants.append(group.first_start)
        elif section is Section.NOW:
            instants.append(group.first_end)
    return Board(
        listings=tuple(
            _listing(session, viewer, section, totals[section], pages.get(section, 1), now)
            for section in Section
        ),
        seen=seen,
        now=now,
        next_due=min(instants, default=None),
    )


def _listing(
    session: Session, viewer: Viewer, section: Section, total: int, page: int, now: datetime
) -> Listing:
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(page, pages)
    if total == 0:
        return Listing(section, (), 0, 1, 1)
    rows = session.execute(
        _ROWS[viewer.role, section], {"viewer": viewer.id, "offset": (page - 1) * PAGE_SIZE}
    )
    return Listing(section, tuple(card(row, viewer, now) for row in rows), total, page, pages)


def card(row: Row[*tuple[Any, ...]], viewer: Viewer, now: datetime) -> Card:
    """A row of `CARDS` as this viewer sees it at `now` (UTC)."""
    state = State(row.status, row.is_delayed, row.started_at, row.start_time, row.end_time)
    party = viewer.party(student_id=row.student_id, mentor_id=row.mentor_id)
    return Card(
        id=row.id,
        topic=row.topic,
        student=row.student,
        mentor=row.mentor,
        status=row.status,
        is_delayed=row.is_delayed,
        start_time=row.start_time,
        end_time=row.end_time,
        started_at=row.started_at,
        completed_at=row.completed_at,
        cancel_reason=row.cancel_reason,
        actions=tuple(
            action
            for action in MANUAL_ACTIONS
            if party and permitted(action, party) and RULE_OF[action].matches(state, now)
        ),
        is_early=row.start_time - now > EARLY,
    )
