"""What reports need to know about each session, as one SELECT, and the lists made from it.

`FILTERS` is the only place that says in SQL which sessions a figure counts. The summary counts them
and the list of sessions shows them, so the two cannot differ.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    literal,
    or_,
    select,
    text,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute, aliased

from mentorship.domain.reports.figures import ON_TIME, Behind, By
from mentorship.domain.reports.ranges import Bucket, DateRange, months_of, weeks_of
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.sessions.outcomes import OutcomeState, OutcomeWord
from mentorship.domain.shared.errors import NotFound
from mentorship.domain.shared.messages import N_
from mentorship.models import Cause, SessionBooking, SessionFeedback, StatusChange
from mentorship.models.journal import CANCELLATIONS, CORRECTIONS
from mentorship.queries.reports.steps import Instant, step_at
from mentorship.queries.sessions.outcomes import outcome_state, outcome_value
from mentorship.queries.shared.elapsed import elapsed, minutes_between

_B = SessionBooking
_ID = re.compile("[1-9][0-9]{0,9}")
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Scope:
    """The people and the topic that a report is about; None does not narrow it."""

    mentor_id: int | None = None
    student_id: int | None = None
    topic: str | None = None

    @property
    def is_about_mentors(self) -> bool:
        """Whether the time that mentors offer can be compared with these sessions."""
        return self.student_id is None and self.topic is None


@dataclass(frozen=True)
class ReportSpec:
    """One report: days, division and scope, as of `now` (UTC).

    `silence` is how long one side may contradict the other side's answer about a session.
    """

    dates: DateRange
    by: By
    scope: Scope
    now: datetime
    silence: timedelta

    @cached_property
    def buckets(self) -> tuple[Bucket, ...]:
        """The weeks or months of the range; none for other divisions."""
        if self.by is By.WEEK:
            return tuple(weeks_of(self.dates))
        return tuple(months_of(self.dates)) if self.by is By.MONTH else ()

    def of_row(self, key: str) -> "ReportSpec":
        """The report about the sessions of one row alone. Raises NotFound for an unknown key."""
        whole = replace(self, by=By.TOTAL)
        if self.by is By.TOTAL and key == By.TOTAL:
            return whole
        if self.by is By.TOPIC and "\0" not in key:
            return replace(whole, scope=replace(self.scope, topic=key))
        if self.by in (By.MENTOR, By.STUDENT) and _ID.fullmatch(key) and int(key) < 2**31:
            return replace(whole, scope=self._of_person(int(key)))
        for bucket in self.buckets:
            if bucket.key == key:
                return replace(whole, dates=bucket.range)
        raise NotFound(N_("This report has no such row."))

    def _of_person(self, person_id: int) -> Scope:
        is_mentor = self.by is By.MENTOR
        known = self.scope.mentor_id if is_mentor else self.scope.student_id
        if known not in (None, person_id):
            raise NotFound(N_("This report has no such row."))
        if is_mentor:
            return replace(self.scope, mentor_id=person_id)
        return replace(self.scope, student_id=person_id)


Column = ColumnElement[Any] | InstrumentedAttribute[Any]

_KEYS: Mapping[By, InstrumentedAttribute[Any]] = MappingProxyType(
    {By.MENTOR: _B.mentor_id, By.STUDENT: _B.student_id, By.TOPIC: _B.topic}
)


def key_of(spec: ReportSpec, start: Instant = _B.start_time) -> Column:
    """The row of the report to which a session or slot belongs that begins at `start`."""
    if spec.buckets:
        first_instants = enumerate(bucket.range.since for bucket in spec.buckets)
        return step_at(start, [(since, number) for number, since in first_instants])
    return _KEYS.get(spec.by, literal(0))


def of_report(spec: ReportSpec, *columns: Column) -> Select[*tuple[Any, ...]]:
    """These columns of each session of the report, after the `key` of its row."""
    dates = spec.dates
    return (
        select(key_of(spec).label("key"), *columns)
        .select_from(_B)
        .where(_B.start_time >= dates.since, _B.start_time < dates.until, *in_scope(spec.scope))
    )


def in_scope(scope: Scope) -> Iterator[ColumnElement[bool]]:
    """The conditions that narrow the sessions to the scope."""
    if scope.mentor_id is not None:
        yield _B.mentor_id == scope.mentor_id
    if scope.student_id is not None:
        yield _B.student_id == scope.student_id
    if scope.topic is not None:
        yield _B.topic == scope.topic


BEGAN_LATE = _B.started_at > _B.start_time

DELAY: ColumnElement[int | None] = case(
    (_B.started_at.is_(None), None), (BEGAN_LATE, elapsed(_B.start_time, _B.started_at)), else_=0
)
"""Microseconds between the start and the recorded beginning; 0 for an early one."""


def _was_delayed() -> ColumnElement[bool]:
    """Whether a session was ever delayed.

    Only a correction clears the flag, so only corrected sessions need their journal.
    """
    earlier = aliased(StatusChange)
    marked = select(earlier.id).where(
        earlier.booking_id == StatusChange.booking_id, earlier.is_delayed
    )
    corrected = select(StatusChange.booking_id).where(text(CORRECTIONS), marked.exists())
    return or_(_B.is_delayed, _B.id.in_(corrected))


def cancelled_by() -> ColumnElement[Cause | None]:
    """The cause of the last cancellation; NULL for imported sessions, which have no journal."""
    cause = (
        select(StatusChange.cause)
        .where(StatusChange.booking_id == _B.id, text(CANCELLATIONS))
        .order_by(StatusChange.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return case((_B.status == Status.CANCELLED, cause))


_IS_LIVE = _B.status != Status.CANCELLED
_TOOK_PLACE = OutcomeWord.TOOK_PLACE.value


def _word() -> ColumnElement[str | None]:
    """The settled or claimed word as plain text, which states can stand beside."""
    return type_coerce(outcome_value(), String)


def facts_of(spec: ReportSpec, *columns: Column) -> Select[*tuple[Any, ...]]:
    """The facts of each session of the report that figures need, and further columns.

    `outcome` is the settled word, or the state of what is over and not settled; a cancelled
    session has none. `minutes_delivered` are as in `domain.sessions.minutes`.
    """
    state, word = outcome_state(spec.now, spec.silence), _word()
    is_over = _B.end_time <= spec.now
    outcome = case((state == OutcomeState.SETTLED.value, word), (is_over, state))
    held = case(
        (_B.started_at <= _B.completed_at, minutes_between(_B.started_at, _B.completed_at)),
        (_B.started_at > _B.completed_at, 0),
    )
    return of_report(
        spec,
        _B.status,
        _was_delayed().label("was_delayed"),
        case((_IS_LIVE, outcome)).label("outcome"),
        DELAY.label("delay"),
        minutes_between(_B.start_time, _B.end_time).label("minutes_booked"),
        case((and_(_IS_LIVE, word == _TOOK_PLACE), held)).label("minutes_delivered"),
        SessionFeedback.rating,
        *columns,
    ).outerjoin(SessionFeedback, SessionFeedback.booking_id == _B.id)


def listed_facts_of(spec: ReportSpec, *columns: Column) -> Select[*tuple[Any, ...]]:
    """The facts, and what only lists of sessions need: it is dear for all sessions of a range."""
    return facts_of(
        spec,
        cancelled_by().label("cancelled_by"),
        case((_IS_LIVE, outcome_state(spec.now, spec.silence))).label("state"),
        case((_IS_LIVE, _word())).label("word"),
        and_(_IS_LIVE, _B.slot_is_exclusive, ~_B.slot_is_withdrawn).label("is_in_offered_time"),
        *columns,
    )


Facts = Any
"""The columns of a subquery of `facts_of` or `listed_facts_of`."""


def _cancelled(cause: Cause) -> Callable[[Facts], ColumnElement[bool]]:
    return lambda facts: facts.cancelled_by == cause


def _with_status(status: Status) -> Callable[[Facts], ColumnElement[bool]]:
    return lambda facts: facts.status == status


def _settled(word: OutcomeWord) -> Callable[[Facts], ColumnElement[bool]]:
    return lambda facts: facts.outcome == word.value


def _unsettled(state: OutcomeState) -> Callable[[Facts], ColumnElement[bool]]:
    return lambda facts: facts.outcome == state.value


def minutes_owed(facts: Facts) -> ColumnElement[int | None]:
    """Booked less delivered minutes of a session that began late; 0 for one that did not."""
    owed = facts.minutes_booked - facts.minutes_delivered
    return case((and_(facts.delay > 0, owed > 0), owed), (facts.minutes_delivered.is_not(None), 0))


FILTERS: Mapping[Behind, Callable[[Facts], ColumnElement[bool]]] = MappingProxyType(
    {
        Behind.BOOKED: lambda facts: facts.status.is_not(None),
        Behind.CANCELLED_BY_STUDENT: _cancelled(Cause.STUDENT),
        Behind.CANCELLED_BY_MENTOR: _cancelled(Cause.MENTOR),
        Behind.CANCELLED_BY_ADMIN: _cancelled(Cause.ADMIN),
        Behind.SCHEDULED: _with_status(Status.SCHEDULED),
        Behind.ONGOING: _with_status(Status.ONGOING),
        Behind.COMPLETED: _with_status(Status.COMPLETED),
        Behind.DELAYED: lambda facts: facts.was_delayed,
        Behind.TOOK_PLACE: _settled(OutcomeWord.TOOK_PLACE),
        Behind.MENTOR_ABSENT: _settled(OutcomeWord.MENTOR_ABSENT),
        Behind.STUDENT_ABSENT: _settled(OutcomeWord.STUDENT_ABSENT),
        Behind.NOBODY_CAME: _settled(OutcomeWord.NOBODY_CAME),
        Behind.TECHNICAL_TROUBLE: _settled(OutcomeWord.TECHNICAL_TROUBLE),
        Behind.CLAIMED: _unsettled(OutcomeState.CLAIMED),
        Behind.DISPUTED: _unsettled(OutcomeState.DISPUTED),
        Behind.OPEN: _unsettled(OutcomeState.OPEN),
        Behind.EXPECTED: lambda facts: facts.status.in_((Status.ONGOING, Status.COMPLETED)),
        Behind.BEGUN: lambda facts: facts.delay.is_not(None),
        Behind.ON_TIME: lambda facts: facts.delay <= ON_TIME // _MICROSECOND,
        Behind.DELIVERED: lambda facts: facts.minutes_delivered.is_not(None),
        Behind.OWED: lambda facts: minutes_owed(facts) > 0,
        Behind.IN_OFFERED_TIME: lambda facts: facts.is_in_offered_time,
        Behind.RATED: lambda facts: facts.rating.is_not(None),
    }
)
"""Which sessions each list holds."""
