"""The lists of a person who has just pressed a button: that session keeps its place for a while."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Scope, Viewer
from mentorship.domain.booking.cutoff import Cutoff
from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.domain.sessions.undo import UNDO_OF, Press
from mentorship.models import SessionBooking
from mentorship.queries.sessions.cards import CARDS, Card, card
from mentorship.queries.sessions.dashboard import (
    NEWEST_FIRST,
    OLD,
    Dashboard,
    Listing,
    Section,
    dashboard,
    section_of,
)
from mentorship.queries.sessions.groups import seats_of_meetings
from mentorship.queries.sessions.presses import undoable_presses


def dashboard_after_presses(
    session: Session,
    viewer: Viewer,
    scope: Scope,
    *,
    cursor: PollCursor,
    pages: Mapping[Section, int],
    now: datetime,
    cutoff: Cutoff,
) -> Dashboard:
    """Like `dashboard`, with the viewer's presses that can be undone at `now` (UTC).

    For a short time such a session keeps its place, so that a person who pressed by mistake finds
    it there, and no other session moves under the pointer.
    """
    presses = undoable_presses(session, viewer.id, now=now)
    board = dashboard(session, viewer, scope, cursor=cursor, pages=pages, now=now, cutoff=cutoff)
    if not presses:
        return board
    staying = _staying(session, viewer, scope, presses, now=now, cutoff=cutoff)
    ends = [card.press.stays_until for cards in staying.values() for card in cards if card.press]
    return replace(
        board,
        listings=tuple(_in_place(each, staying, presses) for each in board.listings),
        stays_until=min(ends, default=None),
    )


def _staying(
    session: Session,
    viewer: Viewer,
    scope: Scope,
    presses: Mapping[int, Press],
    *,
    now: datetime,
    cutoff: Cutoff,
) -> dict[tuple[Section, Section], list[Card]]:
    """The sessions that stay, by the list in which they stay and the one in which they are."""
    ids = [booking_id for booking_id, press in presses.items() if now < press.stays_until]
    staying: dict[tuple[Section, Section], list[Card]] = {}
    rows = session.execute(CARDS.where(SessionBooking.id.in_(ids))).all() if ids else ()
    seats = seats_of_meetings(session, viewer.id, rows)
    for row in rows:
        party = viewer.party(student_id=row.student_id, mentor_id=row.mentor_id)
        is_own = viewer.id in (row.student_id, row.mentor_id)
        if party is None or (scope is Scope.OWN and not is_own):
            continue
        group = seats.get(row.id, ())
        if group and group[0].id != row.id:
            continue  # The first seat stands for the whole group.
        press = presses[row.id]
        undo = UNDO_OF[press.action]
        is_old = row.start_time <= now - OLD
        before = section_of(
            undo.target,
            is_delayed=bool(undo.sets.get("is_delayed", row.is_delayed)),
            is_begun=undo.sets.get("started_at", row.started_at) is not None,
            is_old=is_old,
        )
        actual = section_of(
            row.status,
            is_delayed=row.is_delayed,
            is_begun=row.started_at is not None,
            is_old=is_old,
        )
        shown = card(row, party, now=now, cutoff=cutoff, press=press, seats=group)
        staying.setdefault((before, actual), []).append(shown)
    return staying


def _in_place(
    listing: Listing,
    staying: Mapping[tuple[Section, Section], list[Card]],
    presses: Mapping[int, Press],
) -> Listing:
    """The list with the sessions that stay in it, and without those that stay in another one."""
    here = listing.section
    gone = {each.id for (_, actual), cards in staying.items() if actual is here for each in cards}
    come = [each for (before, _), cards in staying.items() if before is here for each in cards]
    there = [
        each._replace(press=presses.get(each.id)) for each in listing.cards if each.id not in gone
    ]
    shown = [*there, *(each for each in come if _is_on_page(each, listing, there))]
    return replace(
        listing,
        cards=tuple(sorted(shown, key=_place, reverse=here in NEWEST_FIRST)),
        total=listing.total + len(come) - len(gone),
    )


def _is_on_page(card: Card, listing: Listing, there: list[Card]) -> bool:
    """Whether a card that stays in a list belongs to the page that is shown."""
    order = sorted([*there, card], key=_place, reverse=listing.section in NEWEST_FIRST)
    is_before = order[0] is card and listing.page > 1
    is_after = order[-1] is card and listing.page < listing.pages
    return not (is_before or is_after)


def _place(card: Card) -> tuple[datetime, int]:
    return card.start_time, card.id
