"""The JSON of booking a slot."""

from typing import Annotated

from pydantic import AfterValidator, Field

from mentorship.domain.booking.cutoff import Cutoff
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.messages import N_
from mentorship.queries.booking.free_slots import FreeSlot
from mentorship.schemas.base import (
    PRINTABLE,
    Answer,
    ErrorAnswer,
    Fields,
    Id,
    Instant,
    Say,
    Sentence,
    SuccessAnswer,
)
from mentorship.services.booking.book import NotFree
from mentorship.services.shared.text_fields import clean_text

IDEMPOTENCY_KEY = r"^[\x21-\x7e]{1,200}$"
"""The allowed form of an `Idempotency-Key`: visible ASCII."""

LONGEST_TOPIC, LONGEST_NOTES = 200, 2000


def _clean_topic(value: str) -> str:
    return clean_text(value, what=N_("The topic"), longest=LONGEST_TOPIC)


def _clean_notes(value: str) -> str:
    what = N_("A line of the notes")
    notes = "\n".join(
        clean_text(line, what=what, longest=LONGEST_NOTES, required=False)
        for line in value.replace("\r\n", "\n").strip().split("\n")
    )
    if len(notes) > LONGEST_NOTES:
        raise InvalidInput(
            N_("The notes are longer than %(longest)s characters.", longest=LONGEST_NOTES)
        )
    return notes


class _BookingText(Fields):
    """What a student writes when booking."""

    topic: Annotated[str, AfterValidator(_clean_topic)] = Field(
        json_schema_extra={"minLength": 1, "maxLength": LONGEST_TOPIC, "pattern": PRINTABLE}
    )
    notes: Annotated[str, AfterValidator(_clean_notes)] = Field(
        "", json_schema_extra={"maxLength": LONGEST_NOTES}
    )


class BookingFields(_BookingText):
    """The slot that a student books, and what for."""

    slot_id: Id


class BookingForm(_BookingText):
    """The form of a slot; `confirmed` if the student saw that it cannot be changed later."""

    confirmed: bool = False


class FreeTime(Answer):
    """A time that can be booked now.

    Students may move or cancel a session in it until `changeableUntil`; once that has passed, only
    the mentor can, so a booking is final for the student.
    """

    slot_id: int
    start_time: Instant
    end_time: Instant
    seats_left: int
    changeable_until: Instant


class NotFreeAnswer(ErrorAnswer):
    """The time cannot be booked; `nextFree` are the mentor's next times that can."""

    next_free: list[FreeTime]


class BookingAnswer(SuccessAnswer):
    """The booked session."""

    message: Sentence
    session_id: int
    slot_id: int
    topic: str
    start_time: Instant
    end_time: Instant
    changed: bool


def free_time(slot: FreeSlot, cutoff: Cutoff) -> FreeTime:
    """A free slot, with the deadline until which students can change a session in it."""
    return FreeTime(
        slot_id=slot.id,
        start_time=slot.start_time,
        end_time=slot.end_time,
        seats_left=slot.seats_left,
        changeable_until=cutoff.until(slot.start_time),
    )


def not_free_answer(error: NotFree, say: Say, cutoff: Cutoff) -> NotFreeAnswer:
    """The refusal of a slot that cannot be booked."""
    return NotFreeAnswer(
        success=False,
        error=say(error.message),
        next_free=[free_time(slot, cutoff) for slot in error.next_free],
    )
