"""The JSON of waiting lists."""

from collections.abc import Iterable
from datetime import date
from typing import Literal

from pydantic import Field

from mentorship.queries.booking.waiting_lists import Waiting
from mentorship.schemas.contract import Answer, Fields, Instant


class WaitingFields(Fields):
    """A week to wait for, by any of its days in the mentor's zone."""

    # The text of a form and of JSON alike; `strict` takes no text for a date.
    week: date = Field(strict=False)


class WaitingAnswer(Answer):
    """A place on a waiting list. `week` is the Monday, in the mentor's zone."""

    success: Literal[True]
    message: str
    entry_id: int
    mentor_id: int
    week: date


class LeftAnswer(Answer):
    """A place on a waiting list was given up."""

    success: Literal[True]
    message: str


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
