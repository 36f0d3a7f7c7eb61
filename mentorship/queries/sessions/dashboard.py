"""The lists of a dashboard, ready to be shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    TextClause,
    bindparam,
    case,
    func,
    literal_column,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from mentorship.database import UtcDateTime, constant, read
from mentorship.domain.accounts.viewers import Scope, Viewer
from mentorship.domain.booking.cutoff import Cutoff
from mentorship.domain.sessions.lifecycle import (
    CLOCK_RULES,
    Status,
)
from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.models import SessionBooking
from mentorship.queries.sessions.cards import CARDS, Card, card
from mentorship.queries.sessions.due import first_due
from mentorship.queries.sessions.groups import GroupSeat, parts_of_meetings, seats_of_meetings
from mentorship.queries.sessions.lateness import lateness_of
from mentorship.queries.sessions.visibility import parts

_PAGE_SIZE, _CURRENT_PAGE_SIZE = 20, 200

OLD = timedelta(days=7)
"""A delayed session whose start is longer ago is folded away."""


class Section(StrEnum):
    """The lists, in the order in which a page shows them."""

    ATTENTION = "attention"
    NOW = "now"
    UPCOMING = "upcoming"
    OLDER = "older"
    PAST = "past"


NEWEST_FIRST = frozenset({Section.ATTENTION, Section.OLDER, Section.PAST})
"""The lists whose newest session is at the top."""


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
        """Whether the page has all cards of the list."""
        return len(self.cards) == min(self.size, self.total - (self.page - 1) * self.size)


@dataclass(frozen=True)
class Dashboard:
    """Everything that the session lists show; instants in UTC.

    `next_due` is when the clock changes the next session. Until `stays_until` a session keeps the
    place that it had before the viewer's last action.
    """

    scope: Scope
    listings: tuple[Listing, ...]
    cursor: PollCursor
    now: datetime
    next_due: datetime | None
    stays_until: datetime | None = None

    @property
    def in_order(self) -> tuple[Listing, ...]:
        """The lists as a page shows them: an empty current one comes after those to come."""
        current = (Section.ATTENTION, Section.NOW)
        empty = [each for each in self.listings if each.section in current and not each.total]
        shown = [each for each in self.listings if each not in empty]
        after = [each.section for each in shown].index(Section.UPCOMING) + 1
        return (*shown[:after], *empty, *shown[after:])

    @property
    def pages(self) -> dict[str, int]:
        """The page of each list that is not on its first."""
        return {each.section.value: each.page for each in self.listings if each.page > 1}


_B = aliased(SessionBooking, name="b")
_OLD = bindparam("old", type_=UtcDateTime)

# With literals: if a bound value decides whether a partial index fits, SQLite plans the statement
# anew each time, which takes longer than reading the rows.
_SECTION_PREDICATES: Mapping[Section, TextClause] = {
    Section.ATTENTION: text(
        "status = 'ONGOING' AND is_delayed AND started_at IS NULL AND start_time > :old"
    ).bindparams(_OLD),
    Section.OLDER: text("status = 'ONGOING' AND is_delayed AND start_time <= :old").bindparams(
        _OLD
    ),
    Section.NOW: text(
        "status = 'ONGOING' AND (NOT is_delayed OR (started_at IS NOT NULL AND start_time > :old))"
    ).bindparams(_OLD),
    Section.UPCOMING: text("status = 'SCHEDULED'"),
    Section.PAST: text("status IN ('COMPLETED', 'CANCELLED')"),
}


def _page_size(scope: Scope, section: Section) -> int:
    """The most cards on one page of a list.

    The most cards on one page of a list.

    Delayed and running sessions are all on one page, unless they are everybody's.
    """
    is_current = section in (Section.ATTENTION, Section.NOW)
    return _CURRENT_PAGE_SIZE if is_current and scope is Scope.OWN else _PAGE_SIZE


def section_of(
    status: Status, *, is_delayed: bool, is_begun: bool = False, is_old: bool = False
) -> Section:
    """The list in which a session is; `is_old` means that its start is more than `OLD` ago.

    A delayed session that has begun is under way like any other.
    """
    if status is Status.ONGOING:
        if is_delayed and is_old:
            return Section.OLDER
        return Section.NOW if is_begun or not is_delayed else Section.ATTENTION
    return Section.UPCOMING if status is Status.SCHEDULED else Section.PAST


def _ids(section: Section, those: tuple[ColumnElement[bool], ...]) -> Select[int]:
    """The ids of one page of one list, from the rows that match one of `those`.

    The page ends `end` rows into the list, so no more are needed of each part, and an index returns
    those in order.
    """
    backwards = " DESC" if section in NEWEST_FIRST else ""
    order = text(f"start_time{backwards}, id{backwards}")
    firsts = [
        select(_B.id, _B.start_time)
        .where(part, _SECTION_PREDICATES[section])
        .order_by(order)
        .limit(_number("end", section))
        .subquery(f"part_{number}")
        for number, part in enumerate(those)
    ]
    found: CompoundSelect[*tuple[Any, ...]] = union_all(
        *(select(literal_column("*")).select_from(each) for each in firsts)
    )
    page = (
        select(literal_column("id", Integer).label("id"))
        .select_from(found.subquery("found"))
        .order_by(order)
        .limit(_number("limit", section))
        .offset(_number("offset", section))
        .subquery(section)
    )
    return select(page.c.id)


def _number(name: str, section: Section) -> BindParameter[int]:
    return bindparam(f"{name}_{section}", type_=Integer)


def _rows(those: tuple[ColumnElement[bool], ...]) -> Select[*tuple[Any, ...]]:
    """The pages of all lists. A union has no order, so `_cards_by_section` sorts.

    It is joined to the other tables once, and not in each part: that halves the work, and keeps the
    statement below 4,096 characters, which psycopg caches.
    """
    ids = union_all(*(_ids(section, those) for section in Section)).subquery("shown")
    return CARDS.join(ids, ids.c.id == SessionBooking.id)


def _groups(part: ColumnElement[bool], meetings: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """The number of sessions and meetings of each kind, with the first start and end."""
    is_begun = SessionBooking.started_at.is_not(None)
    is_old = SessionBooking.start_time <= _OLD
    return (
        select(
            SessionBooking.status,
            SessionBooking.is_delayed,
            is_begun.label("is_begun"),
            is_old.label("is_old"),
            func.count().label("sessions"),
            func.sum(case((meetings, constant(1)), else_=constant(0))).label("total"),
            func.min(SessionBooking.start_time).label("first_start"),
            func.min(SessionBooking.end_time).label("first_end"),
        )
        .where(part)
        .group_by(SessionBooking.status, SessionBooking.is_delayed, is_begun, is_old)
    )


_ROWS = {scope: _rows(parts(scope, _B)) for scope in Scope}
_ROWS_OF_MEETINGS = {scope: _rows(parts_of_meetings(scope, _B)) for scope in Scope}
"""The same for lists with groups; most viewers need only the shorter statement."""

_GROUPS = {
    scope: union_all(*map(_groups, parts(scope), parts_of_meetings(scope))) for scope in Scope
}

_FIRST_DUE = {
    scope: union_all(
        *(
            select(first_due(rule).where(part).subquery())
            for rule in CLOCK_RULES
            for part in parts(scope)
        )
    )
    for scope in Scope
}


def dashboard(
    session: Session,
    viewer: Viewer,
    scope: Scope,
    *,
    cursor: PollCursor,
    pages: Mapping[Section, int],
    now: datetime,
    cutoff: Cutoff,
) -> Dashboard:
    """The lists of the sessions in the scope at `now` (UTC), as the viewer sees them.

    Each list shows the requested page, or else its last one. `cursor` comes from a poll state that
    was read before.
    """
    for _ in range(2):
        totals, has_groups, next_due = _totals(session, viewer, scope, now)
        statement = (_ROWS_OF_MEETINGS if has_groups else _ROWS)[scope]
        listings = _listings(session, viewer, scope, statement, totals, pages, now, cutoff)
        # These are separate reads; if something changed in between, both are read again.
        if all(listing.is_whole for listing in listings):
            break
    return Dashboard(scope, listings, cursor, now, next_due)


def _totals(
    session: Session, viewer: Viewer, scope: Scope, now: datetime
) -> tuple[dict[Section, int], bool, datetime | None]:
    """The size of each list in meetings, whether one is a group, and when the next is due (UTC)."""
    totals, has_groups = dict.fromkeys(Section, 0), False
    instants: list[datetime] = []
    for group in read(session, _GROUPS[scope], viewer=viewer.id, old=now - OLD):
        section = section_of(
            group.status,
            is_delayed=group.is_delayed,
            is_begun=bool(group.is_begun),
            is_old=bool(group.is_old),
        )
        totals[section] += group.total
        has_groups |= group.total != group.sessions
        if section is Section.UPCOMING:
            instants.append(group.first_start)
        elif section is Section.NOW and not group.is_delayed:
            instants.append(group.first_end)
    next_due = min(instants, default=None)
    if next_due is not None and next_due <= now:
        # A sweep may have failed to change a session and postponed it; then the page waits for
        # others.
        next_due = next_due_of(session, viewer, scope, now=now)
    return totals, has_groups, next_due


def next_due_of(
    session: Session, viewer: Viewer, scope: Scope, *, now: datetime
) -> datetime | None:
    """When (UTC) the clock first changes a session in the scope; None means never.

    Sessions that a sweep has postponed are left out.
    """
    rows = read(session, _FIRST_DUE[scope], viewer=viewer.id, now=now)
    return min((row[0] for row in rows), default=None)


def _listings(
    session: Session,
    viewer: Viewer,
    scope: Scope,
    statement: Select[*tuple[Any, ...]],
    totals: Mapping[Section, int],
    pages: Mapping[Section, int],
    now: datetime,
    cutoff: Cutoff,
) -> tuple[Listing, ...]:
    """One page of each list: the requested one, or else its last."""
    sizes = {section: _page_size(scope, section) for section in Section}
    last = {section: max(1, -(-total // sizes[section])) for section, total in totals.items()}
    shown = {section: min(pages.get(section, 1), last[section]) for section in Section}
    # A limit of 0 spares the database the search for an empty list.
    limits = {f"limit_{section}": sizes[section] if totals[section] else 0 for section in Section}
    offsets = {f"offset_{section}": (shown[section] - 1) * sizes[section] for section in Section}
    ends = {
        f"end_{section}": offsets[f"offset_{section}"] + limits[f"limit_{section}"]
        for section in Section
    }
    rows = read(session, statement, viewer=viewer.id, old=now - OLD, **limits, **offsets, **ends)
    seats = seats_of_meetings(session, viewer.id, rows)
    cards = _cards_by_section(rows, seats, viewer, now=now, cutoff=cutoff)
    lateness = lateness_of(session, rows, seats, now=now)
    return tuple(
        Listing(
            section=section,
            cards=tuple(each._replace(lateness=lateness.get(each.id)) for each in cards[section]),
            total=totals[section],
            page=shown[section],
            pages=last[section],
            size=sizes[section],
        )
        for section in Section
    )


def _cards_by_section(
    rows: Iterable[Any],
    seats: Mapping[int, tuple[GroupSeat, ...]],
    viewer: Viewer,
    *,
    now: datetime,
    cutoff: Cutoff,
) -> dict[Section, tuple[Card, ...]]:
    """The rows as cards in the order of their lists. A union has no order."""
    cards: dict[Section, list[Card]] = {section: [] for section in Section}
    for row in rows:
        party = viewer.party(student_id=row.student_id, mentor_id=row.mentor_id)
        assert party is not None, "only the viewer's own rows are read"
        section = section_of(
            row.status,
            is_delayed=row.is_delayed,
            is_begun=row.started_at is not None,
            is_old=row.start_time <= now - OLD,
        )
        cards[section].append(card(row, party, now=now, cutoff=cutoff, seats=seats.get(row.id, ())))
    return {
        section: tuple(
            sorted(
                found,
                key=lambda each: (each.start_time, each.id),
                reverse=section in NEWEST_FIRST,
            )
        )
        for section, found in cards.items()
    }
