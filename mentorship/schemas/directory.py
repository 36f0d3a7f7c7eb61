"""The JSON of finding mentors and their free times."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from mentorship.domain.booking.cutoff import Cutoff
from mentorship.domain.sessions.punctuality import Punctuality
from mentorship.queries.booking.directory import Directory
from mentorship.queries.booking.free_slots import FreeSlot
from mentorship.schemas.base import PRINTABLE, Answer, Fields, Instant, SuccessAnswer
from mentorship.schemas.booking import FreeTime, free_time

LONGEST_SEARCH = 100


class SearchFields(Fields):
    """The search: beginnings of words of name, headline and topics, and one topic."""

    q: str = Field("", max_length=LONGEST_SEARCH, pattern=PRINTABLE)
    topic: str = Field("", max_length=LONGEST_SEARCH, pattern=PRINTABLE)
    page: int = Field(1, ge=1, le=999_999_999)


class SpanFields(Fields):
    """A span in ISO 8601 with an offset; by default one week from now on."""

    from_: Instant | None = Field(None, alias="from")
    to: Instant | None = None


class ProfileFields(Fields):
    """A mentor's profile; topics are separated by commas."""

    headline: str = ""
    bio: str = ""
    topics: str = ""
    meeting_url: str = ""


class PunctualityJson(Answer):
    """The last sessions of a mentor: how many began within five minutes of their start time.

    `cancelled` were cancelled by the mentor. A median is null if there is nothing to count.
    """

    sessions: int
    on_time: int
    median_delay_minutes: int | None
    cancelled: int
    median_notice_hours: int | None


class MentorAnswer(Answer):
    """A mentor, with the next times that the caller can book.

    `punctuality` is null for a mentor with fewer than ten sessions.
    """

    id: int
    name: str
    headline: str
    topics: list[str]
    next_free: list[FreeTime]
    punctuality: PunctualityJson | None


class MentorsAnswer(SuccessAnswer):
    """One page of mentors by name; `hasNext` tells whether another page follows."""

    mentors: list[MentorAnswer]
    page: int
    has_next: bool


class FreeTimesAnswer(SuccessAnswer):
    """The times of a mentor that the caller can book, in order."""

    mentor_id: int
    slots: list[FreeTime]


def mentors_answer(
    found: Directory, punctuality: Mapping[int, Punctuality], cutoff: Cutoff
) -> dict[str, Any]:
    """The answer of a search; `punctuality` is by mentor."""
    return MentorsAnswer(
        mentors=[
            MentorAnswer(
                id=card.id,
                name=card.name,
                headline=card.headline,
                topics=list(card.topics),
                next_free=[free_time(slot, cutoff) for slot in card.next_times],
                punctuality=_punctuality(punctuality.get(card.id)),
            )
            for card in found.cards
        ],
        page=found.page,
        has_next=found.has_next,
    ).json_ready()


def _punctuality(figures: Punctuality | None) -> PunctualityJson | None:
    return PunctualityJson.from_record(figures) if figures else None


def free_times_answer(mentor_id: int, slots: list[FreeSlot], cutoff: Cutoff) -> dict[str, Any]:
    """The answer of a mentor's free times."""
    times = [free_time(slot, cutoff) for slot in slots]
    return FreeTimesAnswer(mentor_id=mentor_id, slots=times).json_ready()
