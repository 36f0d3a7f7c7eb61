"""The JSON of a mentor's calendar. Days and hours are those of the mentor's wall clock."""

import re
from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import AliasPath, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from mentorship.domain.availability.weekly_rules import MOST_WEEKS_BETWEEN, Weekday
from mentorship.schemas.base import (
    PRINTABLE,
    Answer,
    Fields,
    Instant,
    Reason,
    Sentence,
    SuccessAnswer,
)
from mentorship.services.availability.rule_preview import RulePreview
from mentorship.services.availability.validation import (
    FARTHEST_HORIZON,
    HIGHEST_DAILY_LIMIT,
    LARGEST_GROUP,
    LONGEST_BUFFER,
    LONGEST_NOTE,
    LONGEST_NOTICE,
    SHORTEST_SLOT,
)

_HOUR = r"([01][0-9]|2[0-3]):[0-5][0-9]"


def _wall_time(value: Any) -> Any:
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not re.fullmatch(_HOUR, value, re.ASCII):
        raise PydanticCustomError("time_of_day", "no time of a day")
    return time.fromisoformat(value)


WallTime = Annotated[
    time,
    BeforeValidator(_wall_time),
    PlainSerializer(lambda value: f"{value:%H:%M}", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": f"^{_HOUR}$"}),
]


def _number(least: int, most: int) -> dict[str, Any]:
    """Bounds for the description; the services check them, with a sentence for each error."""
    return {"minimum": least, "maximum": most}


class ChoiceFields(Fields):
    """Booked sessions that no longer fit: `cancelSessions` are cancelled, the others stay."""

    cancel_sessions: list[int] = Field(default_factory=list)
    reason: Reason = ""


class RuleFields(Fields):
    """Weekly hours; a window that closes at or before its opening ends on the next day.

    Without a time zone, new hours are in the mentor's zone, and others stay in their own.
    """

    weekdays: list[Weekday]
    opens: WallTime
    closes: WallTime
    slot_minutes: int = Field(json_schema_extra=_number(SHORTEST_SLOT, 1440))
    first_day: date
    capacity: int = Field(1, json_schema_extra=_number(1, LARGEST_GROUP))
    every_weeks: int = Field(1, json_schema_extra=_number(1, MOST_WEEKS_BETWEEN))
    until: date | None = None
    timezone: str | None = None


class SaveRuleFields(RuleFields, ChoiceFields):
    """Weekly hours to be saved."""


class RuleFormFields(SaveRuleFields):
    """The same fields on the page, which shows the effect before it is saved."""

    step: Literal["preview", "save"] = "preview"


class DaysOffFields(ChoiceFields):
    """Days off, both ends included; without a last day it is one."""

    first_day: date
    last_day: date | None = None
    note: str = Field("", json_schema_extra={"maxLength": LONGEST_NOTE, "pattern": PRINTABLE})


class DaysOffFormFields(DaysOffFields):
    """The same fields on the page, which asks about booked sessions first."""

    step: Literal["preview", "save"] = "preview"


class SlotFields(Fields):
    """A one-off slot."""

    day: date
    opens: WallTime
    closes: WallTime
    capacity: int = Field(1, json_schema_extra=_number(1, LARGEST_GROUP))


class PageFields(Fields):
    """Which page of a list."""

    page: int = Field(1, ge=1, le=999_999_999)


class SettingsFields(Fields):
    """Buffers and notice in minutes; a daily limit of null means none."""

    buffer_before: int = Field(json_schema_extra=_number(0, LONGEST_BUFFER))
    buffer_after: int = Field(json_schema_extra=_number(0, LONGEST_BUFFER))
    minimum_notice: int = Field(json_schema_extra=_number(0, LONGEST_NOTICE))
    horizon_days: int = Field(json_schema_extra=_number(1, FARTHEST_HORIZON))
    daily_limit: int | None = Field(None, json_schema_extra=_number(1, HIGHEST_DAILY_LIMIT))


class RuleAnswer(Answer):
    """Weekly hours, and the same as RFC 5545 writes them."""

    id: int
    timezone: str
    rrule: str
    weekdays: list[Weekday] = Field(validation_alias=AliasPath("recurrence", "weekdays"))
    every_weeks: int = Field(validation_alias=AliasPath("recurrence", "every_weeks"))
    first_day: date
    until: date | None = Field(validation_alias=AliasPath("recurrence", "until"))
    opens: WallTime
    closes: WallTime
    slot_minutes: int
    capacity: int


class DaysOffAnswer(Answer):
    """Days off."""

    id: int
    first_day: date
    last_day: date
    note: str


class SettingsAnswer(Answer):
    """Limits, as in the request that changes them."""

    buffer_before: int
    buffer_after: int
    minimum_notice: int
    horizon_days: int
    daily_limit: int | None


class AvailabilityAnswer(SuccessAnswer):
    """A mentor's calendar without its slots."""

    timezone: str
    rules: list[RuleAnswer]
    days_off: list[DaysOffAnswer]
    settings: SettingsAnswer


class SlotAnswer(Answer):
    """A slot to come; `ruleId` is null for a one-off."""

    id: int
    start_time: Instant
    end_time: Instant
    capacity: int
    taken: int
    rule_id: int | None


class SlotsAnswer(SuccessAnswer):
    """One page of slots."""

    slots: list[SlotAnswer]
    total: int
    page: int
    pages: int


class SpanAnswer(Answer):
    """A slot that does not exist yet."""

    start_time: Instant
    end_time: Instant


class ShiftAnswer(Answer):
    """From `since` on, the hours begin at `then` in `timezone` instead of `usual`."""

    timezone: str
    students: int
    since: Instant
    usual: WallTime
    then: WallTime


class BookedAnswer(Answer):
    """A booked session that no longer fits."""

    session_id: int = Field(validation_alias="id")
    student: str
    topic: str
    start_time: Instant
    end_time: Instant


class PreviewAnswer(SuccessAnswer):
    """The effect of a rule: slots of the first weeks, the number of all, and clock changes."""

    first_slots: list[SpanAnswer]
    total: int
    withdrawn: int
    crowded: int
    skipped: list[str]
    shifts: list[ShiftAnswer]
    sessions: list[BookedAnswer]


class ChangeAnswer(SuccessAnswer):
    """The effect of a change on slots, and on booked sessions that no longer fitted."""

    message: Sentence
    id: int | None
    added: int
    withdrawn: int
    kept: int
    cancelled: int


class SlotSavedAnswer(SuccessAnswer):
    """A one-off slot is stored."""

    id: int


def preview_answer(preview: RulePreview) -> dict[str, Any]:
    """The answer of a preview."""
    plan = preview.effect.plan
    return PreviewAnswer.from_record(
        {
            "first_slots": preview.first,
            "total": preview.total,
            "withdrawn": len(plan.withdraw),
            "crowded": plan.crowded,
            "skipped": [f"{start:%Y-%m-%dT%H:%M}" for start in preview.skipped],
            "shifts": preview.shifts,
            "sessions": preview.effect.sessions,
        }
    ).json_ready()
