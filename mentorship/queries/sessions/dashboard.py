"""The four lists of a dashboard, ready to be shown."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    TextClause,
    bindparam,
    func,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from mentorship.database import read
from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.domain.booking.cutoff import Cutoff
from mentorship.domain.sessions.lifecycle import (
    CLOCK_RULES,
    EARLY,
    MANUAL_ACTIONS,
    OPEN,
    RULE_OF,
    Action,
    Party,
    State,
    Status,
    permitted,
)
from mentorship.domain.sessions.meeting_links import room_opens
from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.models import MentorProfile, MentorTimeSlot, SessionBooking, User
from mentorship.queries.sessions.due import first_due
from mentorship.queries.sessions.visibility import visible_to

_PAGE, _IN_SIGHT = 20, 200


class Section(StrEnum):
    """The lists, in the order in which a page shows them."""

    ATTENTION = "attention"
    NOW = "now"
    UPCOMING = "upcoming"
    PAST = "past"


@dataclass(frozen=True)
class Card:
    """One session as its viewer sees it. Instants in UTC; `actions` are those lawful at `now`.

    The viewer may cancel it before `fixed_from`. `room_opens` is from when on the viewer may join
    its meeting; None where there is none to join.
    """

    id: int
    topic: str
    student: str
    mentor: str
    status: Status
    is_delayed: bool
    start_time: datetime
    end_time: datetime
    started_at: datetime | None
    cancel_reason: str | None
    actions: tuple[Action, ...]
    is_early: bool
    fixed_from: datetime
    room_opens: datetime | None

    @property
    def early_until(self) -> datetime:
        """When (UTC) it is no longer early to start it: the page does not ask any more then."""
        return self.start_time - EARLY


@dataclass(frozen=True)
class Listing:
    """One page of one list; pages count from 1 and have up to `size` cards."""

    section: Section
    cards: tuple[Card, ...]
    total: int
    page: int
    pages: int
    size: int

    @property
    def is_whole(self) -> bool:
        """Whether there are as many cards as `total` says."""
        return len(self.cards) == min(self.size, self.total - (self.page - 1) * self.size)


@dataclass(frozen=True)
class Dashboard:
    """All that the session lists show. `next_due` (UTC) is when the next of them changes."""

    listings: tuple[Listing, ...]
    seen: PollCursor
    now: datetime
    next_due: datetime | None

    @property
    def pages(self) -> dict[str, int]:
        """The page of each list that is not on its first."""
        return {each.section.value: each.page for each in self.listings if each.page > 1}


_Student, _Mentor = aliased(User), aliased(User)
_B = SessionBooking

# With literals: SQLite plans a statement anew each time where a bound value decides whether a
# partial index fits, which takes longer than to read the rows.
_WHICH: Mapping[Section, TextClause] = {
    Section.ATTENTION: text("session_bookings.status = 'ONGOING' AND is_delayed"),
    Section.NOW: text("session_bookings.status = 'ONGOING' AND NOT is_delayed"),
    Section.UPCOMING: text("session_bookings.status = 'SCHEDULED'"),
    Section.PAST: text("session_bookings.status IN ('COMPLETED', 'CANCELLED')"),
}


def _page_size(role: Role, section: Section) -> int:
    """What waits for somebody or goes on now stays in the sight of its people, on one page."""
    is_now = section in (Section.ATTENTION, Section.NOW)
    return _IN_SIGHT if is_now and role is not Role.ADMIN else _PAGE


def _section_of(status: Status, *, is_delayed: bool) -> Section:
    if status is Status.ONGOING:
        return Section.ATTENTION if is_delayed else Section.NOW
    return Section.UPCOMING if status is Status.SCHEDULED else Section.PAST


CARDS: Select[*tuple[Any, ...]] = (
    select(
        _B.id, _B.topic, _Student.name.label("student"), _Mentor.name.label("mentor"),
        _B.student_id, _B.mentor_id, _B.status, _B.is_delayed, _B.start_time, _B.end_time,
        _B.started_at, _B.cancel_reason,
        or_(MentorTimeSlot.meeting_url != "", MentorProfile.meeting_url != "").label("has_room"),
    )
    .join(_Student, _Student.id == _B.student_id)
    .join(_Mentor, _Mentor.id == _B.mentor_id)
    .join(MentorTimeSlot, MentorTimeSlot.id == _B.time_slot_id)
    .outerjoin(MentorProfile, MentorProfile.mentor_id == _B.mentor_id)
)  # fmt: skip
"""What `card` needs of each booking."""


def _rows(role: Role, section: Section) -> Select[*tuple[Any, ...]]:
    """One page of one list. The union with the others keeps no order, so `_listings` sorts."""
    is_past = section is Section.PAST
    page = (
        CARDS.where(visible_to(role), _WHICH[section])
        .order_by(*((each.desc() if is_past else each) for each in (_B.start_time, _B.id)))
        .limit(bindparam(f"limit_{section}", type_=Integer))
        .offset(bindparam(f"offset_{section}", type_=Integer))
        .subquery()
    )
    return select(page)


_ROWS = {role: union_all(*(_rows(role, section) for section in Section)) for role in Role}

_GROUPS = {
    role: select(
        _B.status, _B.is_delayed, func.count().label("total"),
        func.min(_B.start_time).label("first_start"), func.min(_B.end_time).label("first_end"),
    )
    .where(visible_to(role))
    .group_by(_B.status, _B.is_delayed)
    for role in Role
}  # fmt: skip

_FIRST_DUE = {
    role: union_all(
        *(select(first_due(rule).where(visible_to(role)).subquery()) for rule in CLOCK_RULES)
    )
    for role in Role
}


def dashboard(
    session: Session,
    viewer: Viewer,
    *,
    seen: PollCursor,
    pages: Mapping[Section, int],
    now: datetime,
    cutoff: Cutoff,
) -> Dashboard:
    """The viewer's lists at `now` (UTC), each on the asked page or else on its last.

    `seen` is the place of a pulse that was taken before.
    """
    for _ in range(2):
        totals, next_due = _totals(session, viewer, now)
        listings = _listings(session, viewer, totals, pages, now, cutoff)
        # One is read after the other; what changed between is seen by another look.
        if all(listing.is_whole for listing in listings):
            break
    return Dashboard(listings, seen, now, next_due)


def _totals(
    session: Session, viewer: Viewer, now: datetime
) -> tuple[dict[Section, int], datetime | None]:
    """How many sessions each list has, and when the next of them is due (UTC)."""
    totals = dict.fromkeys(Section, 0)
    instants: list[datetime] = []
    for group in read(session, _GROUPS[viewer.role], viewer=viewer.id):
        section = _section_of(group.status, is_delayed=group.is_delayed)
        totals[section] += group.total
        if section is Section.UPCOMING:
            instants.append(group.first_start)
        elif section is Section.NOW:
            instants.append(group.first_end)
    next_due = min(instants, default=None)
    if next_due is not None and next_due <= now:
        # Perhaps a sweep could not change it and has set it back; then the page waits for others.
        rows = read(session, _FIRST_DUE[viewer.role], viewer=viewer.id, now=now)
        next_due = min((row[0] for row in rows), default=None)
    return totals, next_due


def _listings(
    session: Session,
    viewer: Viewer,
    totals: Mapping[Section, int],
    pages: Mapping[Section, int],
    now: datetime,
    cutoff: Cutoff,
) -> tuple[Listing, ...]:
    sizes = {section: _page_size(viewer.role, section) for section in Section}
    last = {section: max(1, -(-total // sizes[section])) for section, total in totals.items()}
    shown = {section: min(pages.get(section, 1), last[section]) for section in Section}
    # Where there is nothing to find, a limit of 0 spares the search.
    limits = {f"limit_{section}": sizes[section] if totals[section] else 0 for section in Section}
    offsets = {f"offset_{section}": (shown[section] - 1) * sizes[section] for section in Section}
    cards: dict[Section, list[Card]] = {section: [] for section in Section}
    for row in read(session, _ROWS[viewer.role], viewer=viewer.id, **limits, **offsets):
        party = viewer.party(student_id=row.student_id, mentor_id=row.mentor_id)
        assert party is not None, "only the viewer's own rows are read"
        section = _section_of(row.status, is_delayed=row.is_delayed)
        cards[section].append(card(row, party, now=now, cutoff=cutoff))
    for section, found in cards.items():
        found.sort(key=lambda each: (each.start_time, each.id), reverse=section is Section.PAST)
    return tuple(
        Listing(
            section,
            tuple(cards[section]),
            totals[section],
            page=shown[section],
            pages=last[section],
            size=sizes[section],
        )
        for section in Section
    )


def card(row: Any, party: Party, *, now: datetime, cutoff: Cutoff) -> Card:
    """A row of `CARDS` as this party to it sees it at `now` (UTC)."""
    state = State(row.status, row.is_delayed, row.started_at, row.start_time, row.end_time)
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
        cancel_reason=row.cancel_reason,
        actions=tuple(
            action
            for action in MANUAL_ACTIONS
            if permitted(action, party)
            and RULE_OF[action].matches(state, now)
            and not (action is Action.CANCEL and cutoff.refuses(party, row.start_time, now))
        ),
        fixed_from=cutoff.until(row.start_time) if party is Party.STUDENT else row.start_time,
        is_early=row.start_time - now > EARLY,
        room_opens=room_opens(row.start_time, row.started_at)
        if row.has_room and row.status in OPEN and party is not Party.ADMIN
        else None,
    )
