"""Finds what no calendar may contain, whoever raced whom, without using the product's own rules."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Engine, Row, select

from mentorship.models import BookingMove, MentorTimeSlot, SessionBooking, table_of

_SLOTS, _BOOKINGS, _MOVES = map(table_of, (MentorTimeSlot, SessionBooking, BookingMove))


def calendar_faults(engine: Engine) -> list[str]:
    """Seats sold twice, people in two places, sessions outside their slot, moves gone wrong."""
    with engine.connect() as connection:
        slots = {row.id: row for row in connection.execute(select(_SLOTS))}
        bookings = connection.execute(select(_BOOKINGS)).all()
        moves = connection.execute(select(_MOVES).order_by(_MOVES.c.id)).all()
    live = [each for each in bookings if each.status != "CANCELLED"]
    still_open = [each for each in live if each.status != "COMPLETED"]
    sold = Counter(each.time_slot_id for each in live)
    found = [
        f"{count} sessions in slot {slot} for {slots[slot].capacity}"
        for slot, count in sold.items()
        if count > slots[slot].capacity
    ]
    found += [
        f"session {each.id} is not when its slot is"
        for each in bookings
        if (each.start_time, each.end_time)
        != (slots[each.time_slot_id].start_time, slots[each.time_slot_id].end_time)
    ]
    found += [
        f"open session {each.id} in a withdrawn slot"
        for each in still_open
        if slots[each.time_slot_id].is_withdrawn
    ]
    offered = [slot for slot in slots.values() if not slot.is_withdrawn]
    found += _overlaps("mentor", [(slot.mentor_id, slot) for slot in offered])
    found += _overlaps("student", [(each.student_id, each) for each in still_open])
    found += [
        f"{each.student_id} is both people of session {each.id}"
        for each in bookings
        if each.student_id == each.mentor_id
    ]
    # A group is one meeting for its mentor.
    meetings = {each.time_slot_id: (each.mentor_id, each) for each in still_open}
    learning = [(each.student_id, each) for each in still_open]
    found += _overlaps("person", learning + list(meetings.values()))
    return found + _astray(bookings, moves)


def _overlaps(kind: str, owned: list[tuple[int, Row[Any]]]) -> list[str]:
    by_owner = defaultdict(list)
    for owner, row in owned:
        by_owner[owner].append((row.start_time, row.end_time, row.id))
    return [
        f"{kind} {owner} is in two places: {earlier[2]} and {later[2]}"
        for owner, spans in by_owner.items()
        for earlier, later in pairwise(sorted(spans))
        if later[0] < earlier[1]
    ]


def _astray(bookings: Sequence[Row[Any]], moves: Sequence[Row[Any]]) -> list[str]:
    """Bookings that are not where their last move put them, and gaps between moves."""
    place: dict[int, int] = {}
    found = []
    for move in moves:
        if place.get(move.booking_id, move.old_slot_id) != move.old_slot_id:
            found.append(f"move {move.id} begins elsewhere")
        place[move.booking_id] = move.new_slot_id
    at = {each.id: each.time_slot_id for each in bookings}
    return found + [f"session {it} was moved astray" for it in place if at[it] != place[it]]
