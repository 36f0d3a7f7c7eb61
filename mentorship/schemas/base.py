"""The base of all schemas of the HTTP API. Python's names become camelCase in JSON."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from mentorship.domain.shared.messages import N_
from mentorship.services.shared.text_fields import clean_text


def utc_text(instant: datetime) -> str:
    """ISO 8601 in UTC with a Z."""
    return instant.isoformat().replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    PlainSerializer(utc_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]

Say = Callable[[str], str]
"""Translates a message into the language of the reader."""


def _translate(message: str, info: ValidationInfo) -> str:
    return str(info.context["say"](message)) if info.context else message


Sentence = Annotated[str, BeforeValidator(_translate)]
"""A message for the reader of the answer, in their language."""

_BLANK = (
    r"[\u0009-\u000d\u001c-\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*"
)
"""What `str.strip` removes."""

PRINTABLE = rf"^{_BLANK}[^\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]*{_BLANK}$"
"""The texts that `clean_text` accepts, for a JSON schema."""

LARGEST_ID = 2**31 - 1
"""PostgreSQL refuses to compare an INTEGER column with anything larger."""

Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]

LONGEST_REASON = 300


def _clean_reason(value: str) -> str:
    return clean_text(value, what=N_("The reason"), longest=LONGEST_REASON, required=False)


Reason = Annotated[
    str,
    AfterValidator(_clean_reason),
    Field(json_schema_extra={"maxLength": LONGEST_REASON, "pattern": PRINTABLE}),
]
"""A reason that other people read; may be empty."""


class Fields(BaseModel):
    """Base of all requests; fields that are not named are refused."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class NoFields(Fields):
    """A request without fields: its address says everything."""


class Answer(BaseModel):
    """Base of all JSON answers."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        populate_by_name=True,
        extra="forbid",
        frozen=True,
        from_attributes=True,
        json_schema_serialization_defaults_required=True,
    )

    @classmethod
    def from_record(cls, record: object, say: Say = str) -> Self:
        """The answer with the attributes of `record`; `say` translates its messages."""
        return cls.model_validate(record, context={"say": say})

    def json_ready(self) -> dict[str, Any]:
        """The answer as JSON types with camelCase names."""
        return self.model_dump(mode="json", by_alias=True)


class SuccessAnswer(Answer):
    """The request was carried out."""

    success: Literal[True] = True


class ErrorAnswer(Answer):
    """A refused request; `error` is a sentence."""

    success: Literal[False]
    error: str
