"""The JSON of waiting lists."""

from collections.abc import Iterable
from datetime import date
from typing import Literal

from mentorship.queries.waiting_lists import Waiting
from mentorship.wire import Answer, Instant


class PlaceAnswer(Answer):
    """A place on a waiting list; `place` counts from 1, `week` is the Monday in the mentor's zone.

    While a slot is held for the caller it is told, with the moment at which the hold ends.
    """

    entry_id: int
    mentor_id: int
    mentor: str
    week: date
    place: int
    slot_id: int | None
    start_time: Instant | None
    end_time: Instant | None
    held_until: Instant | None


class WaitingListsAnswer(Answer):
    """The caller's places, the next week first."""

    success: Literal[True]
    entries: list[PlaceAnswer]


def waiting_lists_answer(entries: Iterable[Waiting]) -> WaitingListsAnswer:
    """The places for the wire."""
    return WaitingListsAnswer(
        success=True,
        entries=[
            PlaceAnswer(
                entry_id=entry.id,
                mentor_id=entry.mentor_id,
                mentor=entry.mentor,
                week=entry.week,
                place=entry.place,
                slot_id=entry.slot_id,
                start_time=entry.start_time,
                end_time=entry.end_time,
                held_until=entry.held_until,
            )
            for entry in entries
        ],
    )
