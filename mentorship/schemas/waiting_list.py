"""The JSON of waiting lists."""

from datetime import date

from pydantic import Field

from mentorship.schemas.base import Answer, Fields, Instant, SuccessAnswer


class WaitingFields(Fields):
    """A week to wait for, by any of its days in the mentor's zone."""

    # Text in forms and in JSON; with `strict`, text would not be accepted as a date.
    week: date = Field(strict=False)


class WaitingAnswer(SuccessAnswer):
    """A place on a waiting list. `week` is the Monday, in the mentor's zone."""

    message: str
    entry_id: int
    mentor_id: int
    week: date


class LeftAnswer(SuccessAnswer):
    """The caller has left a waiting list."""

    message: str


class PlaceAnswer(Answer):
    """A place on a waiting list; `place` counts from 1, `week` is the Monday in the mentor's zone.

    While a slot is held for the caller, the answer names the slot and when the hold ends.
    """

    entry_id: int = Field(validation_alias="id")
    mentor_id: int
    mentor: str
    week: date
    place: int
    slot_id: int | None
    start_time: Instant | None
    end_time: Instant | None
    held_until: Instant | None


class WaitingListsAnswer(SuccessAnswer):
    """The caller's places, earliest week first."""

    entries: list[PlaceAnswer]
