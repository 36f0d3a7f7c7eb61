"""The four lists of a dashboard, ready to be shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    TextClause,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from mentorship.database import read
from mentorship.domain.accounts.viewers import Scope, Viewer
from mentorship.domain.booking.cutoff import Cutoff
from mentorship.domain.sessions.lifecycle import (
    CLOCK_RULES,
    EARLY,
    MANUAL_ACTIONS,
    OPEN,
    RULE_OF,
    Action,
    Party,
    Rule,
    State,
    Status,
    permitted,
)
from mentorship.domain.sessions.meeting_links import room_opens
from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.models import MentorProfile, MentorTimeSlot, SessionBooking, User
from mentorship.queries.sessions.due import first_due
from mentorship.queries.sessions.visibility import parts

_PAGE_SIZE, _CURRENT_PAGE_SIZE = 20, 200


class Section(StrEnum):
    """The lists, in the order in which a page shows them."""

    ATTENTION = "attention"
    NOW = "now"
    UPCOMING = "upcoming"
    PAST = "past"


class Card(NamedTuple):
    """One session as this `party` to it sees it. Instants in UTC; `actions` are lawful at `now`.

    The viewer may cancel it before `fixed_from`. `room_opens` is from when on the viewer may join
    its meeting; None where there is none to join.
    """

    id: int
    party: Party
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

    scope: Scope
    listings: tuple[Listing, ...]
    cursor: PollCursor
    now: datetime
    next_due: datetime | None

    @property
    def pages(self) -> dict[str, int]:
        """The page of each list that is not on its first."""
        return {each.section.value: each.page for each in self.listings if each.page > 1}


_Student, _Mentor = aliased(User), aliased(User)
_B = aliased(SessionBooking, name="b")

# With literals: SQLite plans a statement anew each time where a bound value decides whether a
# partial index fits, which takes longer than to read the rows.
_SECTION_PREDICATES: Mapping[Section, TextClause] = {
    Section.ATTENTION: text("status = 'ONGOING' AND is_delayed"),
    Section.NOW: text("status = 'ONGOING' AND NOT is_delayed"),
    Section.UPCOMING: text("status = 'SCHEDULED'"),
    Section.PAST: text("status IN ('COMPLETED', 'CANCELLED')"),
}


def _page_size(scope: Scope, section: Section) -> int:
    """Delayed and running sessions are all on one page, unless they are everybody's."""
    is_current = section in (Section.ATTENTION, Section.NOW)
    return _CURRENT_PAGE_SIZE if is_current and scope is Scope.OWN else _PAGE_SIZE


def _section_of(status: Status, *, is_delayed: bool) -> Section:
    if status is Status.ONGOING:
        return Section.ATTENTION if is_delayed else Section.NOW
    return Section.UPCOMING if status is Status.SCHEDULED else Section.PAST


CARDS: Select[*tuple[Any, ...]] = (
    select(
        SessionBooking.id,
        SessionBooking.topic,
        _Student.name.label("student"),
        _Mentor.name.label("mentor"),
        SessionBooking.student_id,
        SessionBooking.mentor_id,
        SessionBooking.status,
        SessionBooking.is_delayed,
        SessionBooking.start_time,
        SessionBooking.end_time,
        SessionBooking.started_at,
        SessionBooking.cancel_reason,
        or_(MentorTimeSlot.meeting_url != "", MentorProfile.meeting_url != "").label("has_room"),
    )
    .join(_Student, _Student.id == SessionBooking.student_id)
    .join(_Mentor, _Mentor.id == SessionBooking.mentor_id)
    .join(MentorTimeSlot, MentorTimeSlot.id == SessionBooking.time_slot_id)
    .outerjoin(MentorProfile, MentorProfile.mentor_id == SessionBooking.mentor_id)
)
"""What `card` needs of each booking."""


def _ids(scope: Scope, section: Section) -> Select[int]:
    """One page of one list.

    It ends `end` rows into the list, so no more are needed of each part, and an index has those in
    their order.
    """
    backwards = " DESC" if section is Section.PAST else ""
    order = text(f"start_time{backwards}, id{backwards}")
    firsts = [
        select(_B.id, _B.start_time)
        .where(part, _SECTION_PREDICATES[section])
        .order_by(order)
        .limit(_number("end", section))
        .subquery(f"part_{number}")
        for number, part in enumerate(parts(scope, _B))
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


def _rows(scope: Scope) -> Select[*tuple[Any, ...]]:
    """The pages of all lists. A union has no order, so `_cards_by_section` sorts.

    It is joined to the other tables once, and not in each part: that is half the work, and psycopg
    remembers how to send a statement of at most 4,096 characters.
    """
    ids = union_all(*(_ids(scope, section) for section in Section)).subquery("shown")
    return CARDS.join(ids, ids.c.id == SessionBooking.id)


def _groups(part: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """How many sessions there are of each kind, and when the first of them begins and ends."""
    return (
        select(
            SessionBooking.status,
            SessionBooking.is_delayed,
            func.count().label("total"),
            func.min(SessionBooking.start_time).label("first_start"),
            func.min(SessionBooking.end_time).label("first_end"),
        )
        .where(part)
        .group_by(SessionBooking.status, SessionBooking.is_delayed)
    )


_ROWS = {scope: _rows(scope) for scope in Scope}

_GROUPS = {scope: union_all(*map(_groups, parts(scope))) for scope in Scope}

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

    Each is on the asked page or else on its last.

    `cursor` is of a poll state that was read before.
    """
    for _ in range(2):
        totals, next_due = _totals(session, viewer, scope, now)
        listings = _listings(session, viewer, scope, totals, pages, now, cutoff)
        # They are read one after the other; if something changed in between, read both again.
        if all(listing.is_whole for listing in listings):
            break
    return Dashboard(scope, listings, cursor, now, next_due)


def _totals(
    session: Session, viewer: Viewer, scope: Scope, now: datetime
) -> tuple[dict[Section, int], datetime | None]:
    """How many sessions each list has, and when the next of them is due (UTC)."""
    totals = dict.fromkeys(Section, 0)
    instants: list[datetime] = []
    for group in read(session, _GROUPS[scope], viewer=viewer.id):
        section = _section_of(group.status, is_delayed=group.is_delayed)
        totals[section] += group.total
        if section is Section.UPCOMING:
            instants.append(group.first_start)
        elif section is Section.NOW:
            instants.append(group.first_end)
    next_due = min(instants, default=None)
    if next_due is not None and next_due <= now:
        # A sweep may have failed to change it and postponed it; then the page waits for others.
        rows = read(session, _FIRST_DUE[scope], viewer=viewer.id, now=now)
        next_due = min((row[0] for row in rows), default=None)
    return totals, next_due


def _listings(
    session: Session,
    viewer: Viewer,
    scope: Scope,
    totals: Mapping[Section, int],
    pages: Mapping[Section, int],
    now: datetime,
    cutoff: Cutoff,
) -> tuple[Listing, ...]:
    """One page of each list: the one asked for, or else its last."""
    sizes = {section: _page_size(scope, section) for section in Section}
    last = {section: max(1, -(-total // sizes[section])) for section, total in totals.items()}
    shown = {section: min(pages.get(section, 1), last[section]) for section in Section}
    # A limit of 0 spares the database the search in a list that is empty.
    limits = {f"limit_{section}": sizes[section] if totals[section] else 0 for section in Section}
    offsets = {f"offset_{section}": (shown[section] - 1) * sizes[section] for section in Section}
    ends = {
        f"end_{section}": offsets[f"offset_{section}"] + limits[f"limit_{section}"]
        for section in Section
    }
    rows = read(session, _ROWS[scope], viewer=viewer.id, **limits, **offsets, **ends)
    cards = _cards_by_section(rows, viewer, now=now, cutoff=cutoff)
    return tuple(
        Listing(
            section=section,
            cards=cards[section],
            total=totals[section],
            page=shown[section],
            pages=last[section],
            size=sizes[section],
        )
        for section in Section
    )


def _cards_by_section(
    rows: Iterable[Any], viewer: Viewer, *, now: datetime, cutoff: Cutoff
) -> dict[Section, tuple[Card, ...]]:
    """The rows as cards in the order of their lists: the past backwards. A union has no order."""
    cards: dict[Section, list[Card]] = {section: [] for section in Section}
    for row in rows:
        party = viewer.party(student_id=row.student_id, mentor_id=row.mentor_id)
        assert party is not None, "only the viewer's own rows are read"
        section = _section_of(row.status, is_delayed=row.is_delayed)
        cards[section].append(card(row, party, now=now, cutoff=cutoff))
    return {
        section: tuple(
            sorted(
                found,
                key=lambda each: (each.start_time, each.id),
                reverse=section is Section.PAST,
            )
        )
        for section, found in cards.items()
    }


def card(row: Any, party: Party, *, now: datetime, cutoff: Cutoff) -> Card:
    """A row of `CARDS` as this party to it sees it at `now` (UTC)."""
    return Card(
        id=row.id,
        party=party,
        topic=row.topic,
        student=row.student,
        mentor=row.mentor,
        status=row.status,
        is_delayed=row.is_delayed,
        start_time=row.start_time,
        end_time=row.end_time,
        started_at=row.started_at,
        cancel_reason=row.cancel_reason,
        actions=_actions(row, party, now=now, cutoff=cutoff),
        fixed_from=cutoff.until(row.start_time) if party is Party.STUDENT else row.start_time,
        is_early=row.start_time - now > EARLY,
        room_opens=room_opens(row.start_time, row.started_at)
        if row.has_room and row.status in OPEN and party is not Party.ADMIN
        else None,
    )


_RULES_FROM: Mapping[Status, Mapping[Party, tuple[Rule, ...]]] = {
    status: {
        party: tuple(
            rule
            for rule in map(RULE_OF.__getitem__, MANUAL_ACTIONS)
            if rule.source is status and permitted(rule.action, party)
        )
        for party in Party
    }
    for status in Status
}
"""What each party may ask for in each status."""


def _actions(row: Any, party: Party, *, now: datetime, cutoff: Cutoff) -> tuple[Action, ...]:
    """What `party` may do with the session at `now` (UTC)."""
    rules = _RULES_FROM[row.status][party]
    if not rules:  # As for all that has ended, which is most of a list.
        return ()
    state = State(row.status, row.is_delayed, row.started_at, row.start_time, row.end_time)
    is_too_late = cutoff.refuses(party, state.start_time, now)
    return tuple(
        rule.action
        for rule in rules
        if rule.matches(state, now) and not (rule.action is Action.CANCEL and is_too_late)
    )
