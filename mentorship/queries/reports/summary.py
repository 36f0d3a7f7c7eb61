"""The figures of a report, in three statements that see the same snapshot."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    cast,
    func,
    literal,
    literal_column,
    select,
    text,
)
from sqlalchemy.orm import Session

from mentorship.database import begin_snapshot, plan_for_values
from mentorship.domain.reports.figures import Behind, By, Row, Tally
from mentorship.domain.shared.messages import N_, Month
from mentorship.models import Cause, MentorTimeSlot, User
from mentorship.models.booking import CANCELLED
from mentorship.models.slot import OFFERED
from mentorship.queries.reports.facts import (
    FILTERS,
    ReportSpec,
    cancelled_by,
    facts_of,
    key_of,
    minutes_owed,
    of_report,
)
from mentorship.queries.shared.elapsed import MINUTE, minutes_between

_SLOT = MentorTimeSlot

_COUNTS: Mapping[str, Behind] = {
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

_CANCELLED: Mapping[Cause, str] = {
    Cause.STUDENT: "cancelled_by_student",
    Cause.MENTOR: "cancelled_by_mentor",
    Cause.ADMIN: "cancelled_by_admin",
}
"""The fields that count the cancelled sessions by cause."""


def summary(session: Session, spec: ReportSpec) -> tuple[Row, ...]:
    """The rows of the report, each with its figures.

    All weeks and months are included, in order; other rows are ordered by label. An open
    transaction is ended, so that all figures see the same snapshot.
    """
    begin_snapshot(session)
    plan_for_values(session)
    counted = {row.key: row for row in session.execute(_counts(spec))}
    cancelled = _cancelled(session, spec)
    offered = _offered_minutes(session, spec)
    keys = range(len(spec.buckets)) if spec.buckets else counted.keys() | offered.keys()
    names = _names(session, spec, keys)
    session.rollback()
    rows = [
        Row(
            _key(spec, key),
            names.get(key) or _label(spec, key),
            _tally(spec, counted.get(key), cancelled[key], offered.get(key, 0)),
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


_AS_ROWS: ColumnElement[str] = literal_column("'0'")
"""An OFFSET that keeps both engines from writing the expressions of a fact in the place of each use
of it. As text it is a constant for PostgreSQL, which then still counts in parallel.
"""


def _counts(spec: ReportSpec) -> Select[*tuple[Any, ...]]:
    """For each key the counts, the sums, and the delays of the late sessions as a list in text.

    Delays are some ten characters for each session, and both engines make the list faster than
    they sort it.
    """
    facts = facts_of(spec).offset(_AS_ROWS).subquery().c
    counts = (
        func.count().filter(FILTERS[behind](facts)).label(name) for name, behind in _COUNTS.items()
    )
    return _by_key(
        spec,
        facts,
        func.count(facts.status).label("booked"),
        *counts,
        func.sum(facts.minutes_booked).label("minutes_booked"),
        func.sum(facts.minutes_delivered).label("minutes_delivered"),
        func.sum(minutes_owed(facts)).label("minutes_owed"),
        func.sum(facts.rating).label("rating_sum"),
        func.aggregate_strings(cast(facts.delay, String), ",")
        .filter(facts.delay > 0)
        .label("delays"),
    )


def _by_key(
    spec: ReportSpec, rows: Any, *aggregates: ColumnElement[Any]
) -> Select[*tuple[Any, ...]]:
    """The aggregates for each key of the rows. A total has one key, for which SQLite would sort."""
    if spec.by is By.TOTAL:
        return select(literal(0).label("key"), *aggregates)
    return select(rows.key, *aggregates).group_by(rows.key)


def _cancelled(session: Session, spec: ReportSpec) -> Mapping[Any, dict[str, int]]:
    """How many sessions were cancelled by whom, by key and by the names of the tally."""
    facts = of_report(spec, cancelled_by().label("cause")).where(text(CANCELLED)).subquery().c
    counted = select(facts.key, facts.cause, func.count()).group_by(facts.key, facts.cause)
    found: dict[Any, dict[str, int]] = defaultdict(lambda: dict.fromkeys(_CANCELLED.values(), 0))
    for key, cause, count in session.execute(counted):
        if cause in _CANCELLED:
            found[key][_CANCELLED[cause]] = count
    return found


def _offered_minutes(session: Session, spec: ReportSpec) -> dict[Any, int]:
    """The minutes that mentors offered, by key; empty if no row is about a mentor's time."""
    if not _is_about_mentors(spec):
        return {}
    start, dates = _SLOT.start_time, spec.dates
    key = _SLOT.mentor_id if spec.by is By.MENTOR else key_of(spec, start)
    offered = select(
        key.label("key"), minutes_between(start, _SLOT.end_time).label("minutes")
    ).where(start >= dates.since, start < dates.until, text(OFFERED))
    if spec.scope.mentor_id is not None:
        offered = offered.where(_SLOT.mentor_id == spec.scope.mentor_id)
    rows = offered.subquery().c
    summed = _by_key(spec, rows, func.sum(rows.minutes))
    return {key: int(minutes or 0) for key, minutes in session.execute(summed)}


def _is_about_mentors(spec: ReportSpec) -> bool:
    return spec.scope.is_about_mentors and spec.by not in (By.STUDENT, By.TOPIC)


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


def _tally(spec: ReportSpec, counted: Any, cancelled: dict[str, int], offered: int) -> Tally:
    numbers: dict[str, Any] = defaultdict(int)
    if counted is not None:
        numbers |= counted._mapping
    delivered, owed = numbers["minutes_delivered"], numbers["minutes_owed"]
    return Tally(
        booked=numbers["booked"],
        cancelled=numbers["booked"]
        - sum(numbers[it] for it in ("scheduled", "ongoing", "completed")),
        **cancelled,
        **{name: numbers[name] for name in _COUNTS},
        median_delay_minutes=_median_delay(numbers["begun"], numbers["delays"]),
        minutes_booked=int(numbers["minutes_booked"] or 0),
        minutes_delivered=None if delivered is None or counted is None else int(delivered),
        minutes_owed=None if owed is None or counted is None else int(owed),
        minutes_offered=offered if _is_about_mentors(spec) else None,
        rating_sum=int(numbers["rating_sum"] or 0),
    )


def _median_delay(begun: int, delays: str | None) -> float | None:
    """In minutes, from the microseconds of the late ones; the others of the begun have 0."""
    if not begun:
        return None
    late = sorted(map(int, delays.split(","))) if delays else []
    on_time = begun - len(late)
    middle = [late[at - on_time] if at >= on_time else 0 for at in ((begun - 1) // 2, begun // 2)]
    return sum(middle) / (2 * MINUTE)
