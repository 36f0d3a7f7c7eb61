"""The figures of a report, in three statements that see the same snapshot."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Select, and_, func, literal, select
from sqlalchemy.orm import Session

from mentorship.database import begin_snapshot
from mentorship.domain.reports.figures import Behind, By, Row, Tally
from mentorship.domain.shared.messages import N_, Month
from mentorship.models import MentorTimeSlot, SessionBooking, User
from mentorship.queries.reports.facts import (
    BEGAN_LATE,
    DELAY,
    FILTERS,
    ReportSpec,
    bucket_table,
    facts_of,
    minutes_delivered,
    minutes_owed,
    of_report,
)
from mentorship.queries.shared.elapsed import MINUTE, minutes_between

_SLOT = MentorTimeSlot

_COUNTS: Mapping[str, Behind] = {
    "cancelled_by_student": Behind.CANCELLED_BY_STUDENT,
    "cancelled_by_mentor": Behind.CANCELLED_BY_MENTOR,
    "cancelled_by_admin": Behind.CANCELLED_BY_ADMIN,
    "scheduled": Behind.SCHEDULED,
    "ongoing": Behind.ONGOING,
    "completed": Behind.COMPLETED,
    "delayed": Behind.DELAYED,
    "took_place": Behind.TOOK_PLACE,
    "mentor_absent": Behind.MENTOR_ABSENT,
    "student_absent": Behind.STUDENT_ABSENT,
    "nobody_came": Behind.NOBODY_CAME,
    "technical_trouble": Behind.TECHNICAL_TROUBLE,
    "claimed": Behind.CLAIMED,
    "disputed": Behind.DISPUTED,
    "open": Behind.OPEN,
    "begun": Behind.BEGUN,
    "on_time": Behind.ON_TIME,
    "ratings": Behind.RATED,
}
"""The fields of a tally that count a list."""


def summary(session: Session, spec: ReportSpec) -> tuple[Row, ...]:
    """The rows of the report, each with its figures.

    All weeks and months are included, in order; other rows are ordered by label. An open
    transaction is ended, so that all figures see the same snapshot.
    """
    begin_snapshot(session)
    counted = {row.key: row for row in session.execute(_counts(spec))}
    delays = {row.key: row for row in session.execute(_middle_delays(spec))}
    offered = _offered_minutes(session, spec)
    keys = range(len(spec.buckets)) if spec.buckets else counted.keys() | offered.keys()
    names = _names(session, spec, keys)
    session.rollback()
    rows = [
        Row(
            _key(spec, key),
            names.get(key) or _label(spec, key),
            _tally(spec, counted.get(key), delays.get(key), offered.get(key, 0)),
        )
        for key in keys
    ]
    if not spec.buckets:
        rows.sort(key=lambda row: (row.label.casefold(), row.key))
    return tuple(rows)


def _key(spec: ReportSpec, key: Any) -> str:
    if spec.by is By.TOTAL:
        return By.TOTAL.value
    return spec.buckets[key].key if spec.buckets else str(key)


def _label(spec: ReportSpec, key: Any) -> str:
    if spec.by is By.TOTAL:
        return N_("All sessions")
    if spec.by is By.WEEK:
        dates = spec.buckets[key].range
        return N_("%(first)s to %(last)s", first=dates.first, last=dates.last)
    if spec.by is By.MONTH:
        return N_("%(month)s", month=Month(spec.buckets[key].range.first))
    return str(key) or N_("No topic")


def _counts(spec: ReportSpec) -> Select[*tuple[Any, ...]]:
    # With an OFFSET, neither engine repeats the expression of a fact at each use.
    facts = facts_of(spec).offset(0).subquery().c
    counts = (
        func.count().filter(FILTERS[behind](facts)).label(name) for name, behind in _COUNTS.items()
    )
    statement = select(
        facts.key if spec.by is not By.TOTAL else literal(0).label("key"),
        func.count(facts.status).label("booked"),
        *counts,
        func.sum(facts.minutes_booked).label("minutes_booked"),
        func.sum(minutes_delivered(facts)).label("minutes_delivered"),
        func.sum(minutes_owed(facts)).label("minutes_owed"),
        func.sum(facts.rating).label("rating_sum"),
    )
    return statement.group_by(facts.key) if spec.by is not By.TOTAL else statement


def _middle_delays(spec: ReportSpec) -> Select[*tuple[Any, ...]]:
    """For each key, the sum of the one or two delays in the middle, and the number of sessions.

    Delays of 0 are counted but not sorted: in most reports they are the majority, and they add
    nothing to the sum.
    """
    begun = of_report(spec, DELAY.label("delay")).where(SessionBooking.started_at.is_not(None))
    sizes = begun.subquery()
    size = (
        select(
            sizes.c.key,
            func.count().label("begun"),
            func.count().filter(sizes.c.delay == 0).label("zeros"),
        )
        .group_by(sizes.c.key)
        .subquery()
    )
    late = begun.where(BEGAN_LATE).subquery()
    position = func.row_number().over(partition_by=late.c.key, order_by=late.c.delay)
    ranked = select(late.c.key, late.c.delay, position.label("position")).subquery()
    place = 2 * (size.c.zeros + ranked.c.position)
    is_middle = and_(ranked.c.key == size.c.key, place.between(size.c.begun, size.c.begun + 2))
    return (
        select(size.c.key, size.c.begun, func.sum(ranked.c.delay).label("middle"))
        .outerjoin_from(size, ranked, is_middle)
        .group_by(size.c.key, size.c.begun)
    )


def _offered_minutes(session: Session, spec: ReportSpec) -> dict[Any, int]:
    """The minutes that mentors offered, by key; empty if no row is about a mentor's time."""
    if not spec.scope.is_about_mentors or spec.by in (By.STUDENT, By.TOPIC):
        return {}
    start = _SLOT.start_time
    minutes = func.sum(minutes_between(start, _SLOT.end_time)).label("minutes")
    if spec.buckets:
        buckets = bucket_table(spec.buckets)
        inside = and_(start >= buckets.c.since, start < buckets.c.until)
        found = select(buckets.c.number, minutes).join_from(buckets, _SLOT, inside)
        found = found.group_by(buckets.c.number)
    else:
        by_mentor = spec.by is By.MENTOR
        found = select(_SLOT.mentor_id if by_mentor else literal(0), minutes).where(
            start >= spec.dates.since, start < spec.dates.until
        )
        found = found.group_by(_SLOT.mentor_id) if by_mentor else found
    found = found.where(_SLOT.is_exclusive, ~_SLOT.is_withdrawn)
    if spec.scope.mentor_id is not None:
        found = found.where(_SLOT.mentor_id == spec.scope.mentor_id)
    return {key: int(minutes or 0) for key, minutes in session.execute(found)}


_MOST_AT_ONCE = 10_000
"""SQLite takes 32,766 values in a statement."""


def _names(session: Session, spec: ReportSpec, keys: Iterable[Any]) -> dict[Any, str]:
    """The names of the people in the rows."""
    if spec.by not in (By.MENTOR, By.STUDENT):
        return {}
    ids, names = list(keys), dict[Any, str]()
    for first in range(0, len(ids), _MOST_AT_ONCE):
        some = select(User.id, User.name).where(User.id.in_(ids[first : first + _MOST_AT_ONCE]))
        names |= {row.id: row.name for row in session.execute(some)}
    return names


def _tally(spec: ReportSpec, counted: Any, delays: Any, offered: int) -> Tally:
    is_about_mentors = spec.scope.is_about_mentors and spec.by not in (By.STUDENT, By.TOPIC)
    numbers: dict[str, Any] = defaultdict(int)
    if counted is not None:
        numbers |= counted._mapping
    delivered, owed = numbers["minutes_delivered"], numbers["minutes_owed"]
    return Tally(
        booked=numbers["booked"],
        cancelled=numbers["booked"]
        - sum(numbers[it] for it in ("scheduled", "ongoing", "completed")),
        **{name: numbers[name] for name in _COUNTS},
        median_delay_minutes=_median(delays),
        minutes_booked=int(numbers["minutes_booked"] or 0),
        minutes_delivered=None if delivered is None or counted is None else int(delivered),
        minutes_owed=None if owed is None or counted is None else int(owed),
        minutes_offered=offered if is_about_mentors else None,
        rating_sum=int(numbers["rating_sum"] or 0),
    )


def _median(delays: Any) -> float | None:
    """In minutes."""
    if delays is None or not delays.begun:
        return None
    return int(delays.middle or 0) / (MINUTE * (1 if delays.begun % 2 else 2))
