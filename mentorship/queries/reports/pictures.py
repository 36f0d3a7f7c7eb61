"""The data of the charts of a report."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import BigInteger, and_, func, literal, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from mentorship.database import UtcDateTime, read
from mentorship.domain.reports.figures import ON_TIME, By
from mentorship.domain.reports.offsets import offset_spans
from mentorship.models import SessionBooking
from mentorship.queries.reports.facts import DELAY, ReportSpec, of_report
from mentorship.queries.reports.steps import step_at
from mentorship.queries.shared.elapsed import elapsed

_B = SessionBooking
_MICROSECOND = timedelta(microseconds=1)
_HOUR = 3_600_000_000
"""Microseconds."""

_HOURS_OF_A_WEEK = 168
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCHS_HOUR = 3 * 24
"""The epoch was a Thursday, three days after a Monday."""


class Beginning(StrEnum):
    """How many sessions began on time, late and very late."""

    ON_TIME = "on-time"
    LATE = "late"
    VERY_LATE = "very-late"


VERY_LATE = timedelta(minutes=15)
"""A session that begins later than this after its start time is very late."""


def beginnings(session: Session, spec: ReportSpec) -> Mapping[Beginning, int]:
    """How many sessions with a recorded beginning began on time, late and very late."""
    delay = of_report(spec, DELAY.label("delay")).where(_B.started_at.is_not(None))
    begun = delay.subquery().c.delay
    on_time, late = begun <= ON_TIME // _MICROSECOND, begun <= VERY_LATE // _MICROSECOND
    [row] = read(
        session,
        select(
            func.count().filter(on_time),
            func.count().filter(and_(~on_time, late)),
            func.count().filter(~late),
        ),
    )
    return dict(zip(Beginning, row, strict=True))


def load_by_hour(session: Session, spec: ReportSpec) -> Mapping[tuple[int, int], int]:
    """How many booked sessions start on each weekday (0 is Monday) and hour of the zone."""
    second = timedelta(seconds=1)
    offset = step_at(
        _B.start_time, [(it.since, it.offset // second) for it in offset_spans(spec.dates)]
    )
    utc = elapsed(literal(_EPOCH, UtcDateTime), _B.start_time)
    local = utc + sql_cast(offset, BigInteger) * 1_000_000
    hour = (local // _HOUR % _HOURS_OF_A_WEEK).label("hour")
    found = of_report(replace(spec, by=By.TOTAL), hour).subquery()
    counted = select(found.c.hour, func.count().label("sessions")).group_by(found.c.hour)
    return {
        divmod((row.hour + _EPOCHS_HOUR) % _HOURS_OF_A_WEEK, 24): row.sessions
        for row in read(session, counted)
    }
