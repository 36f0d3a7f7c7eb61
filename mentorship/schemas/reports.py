"""The JSON of reports (specification, section 8)."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from mentorship.domain.reports.figures import FIGURES, By, Row
from mentorship.queries.reports.facts import ReportSpec
from mentorship.schemas.base import Answer, Fields, Id, Say, SuccessAnswer

_Day = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
_Count = Annotated[int, Field(ge=0)]
_Share = Annotated[float, Field(ge=0)]


class SummaryFields(Fields):
    """Days in the caller's zone, both included; without days, this month. Mentors see their own."""

    from_: _Day | None = Field(None, alias="from")
    to: _Day | None = None
    by: By = By.TOTAL
    mentor_id: Id | None = None
    student_id: Id | None = None


class RowAnswer(Answer):
    """The figures of one row; `definitions` says what each means. Null is unknown, or a share of
    nothing.
    """

    key: str
    label: str
    booked: _Count
    cancelled_by_student: _Count
    cancelled_by_mentor: _Count
    cancelled_by_admin: _Count
    scheduled: _Count
    ongoing: _Count
    completed: _Count
    delayed: _Count
    took_place: _Count
    mentor_absent: _Count
    student_absent: _Count
    nobody_came: _Count
    technical_trouble: _Count
    claimed: _Count
    disputed: _Count
    open: _Count
    completion_rate: _Share | None
    on_time: _Count
    punctuality_rate: _Share | None
    median_delay_minutes: _Share | None
    minutes_booked: _Count
    minutes_delivered: _Count | None
    minutes_owed: _Count | None
    minutes_offered: _Count | None
    utilisation_rate: _Share | None
    ratings: _Count
    average_rating: _Share | None


class SummaryAnswer(SuccessAnswer):
    """A report. `definitions` has a sentence for each figure of the rows."""

    from_: date = Field(alias="from")
    to: date
    by: By
    zone: str
    definitions: dict[str, str]
    rows: list[RowAnswer]


def summary_answer(spec: ReportSpec, rows: Iterable[Row], say: Say) -> dict[str, Any]:
    """The answer of the summary route, which the command prints as well."""
    answer = {
        "from": spec.dates.first,
        "to": spec.dates.last,
        "by": spec.by,
        "zone": spec.dates.timezone,
        "definitions": {to_camel(figure.name): say(figure.definition) for figure in FIGURES},
        "rows": [
            {"key": row.key, "label": say(row.label)}
            | {figure.name: getattr(row.tally, figure.name) for figure in FIGURES}
            for row in rows
        ],
    }
    return SummaryAnswer.model_validate(answer).json_ready()
