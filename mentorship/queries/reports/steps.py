"""What depends on the time of a row, like its week or the offset of a zone, as one expression."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, literal, literal_column
from sqlalchemy.orm import InstrumentedAttribute

from mentorship.database import UtcDateTime

Instant = ColumnElement[datetime] | InstrumentedAttribute[datetime]


def step_at(instant: Instant, steps: Sequence[tuple[datetime, int]]) -> ColumnElement[int]:
    """The number of the last step that begins at or before the instant.

    `steps` are pairs of an instant (UTC) and a number, in order. Rows before the first step get
    its number. Steps are halved until one is left, so ten years of weeks take ten comparisons.
    """
    if len(steps) == 1:
        return literal_column(str(steps[0][1]))
    middle = len(steps) // 2
    is_before = instant < literal(steps[middle][0], UtcDateTime)
    return case(
        (is_before, step_at(instant, steps[:middle])), else_=step_at(instant, steps[middle:])
    )
