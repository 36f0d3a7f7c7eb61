"""Reports beside one raw statement that counts the same sessions by the same index."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from bench.data import Plan
from bench.figures import AtMost, Figure, counted, milliseconds
from bench.stage import Stage
from bench.sweeps import connect
from mentorship.domain.reports.figures import By
from mentorship.domain.reports.ranges import DateRange
from mentorship.queries.reports.facts import ReportSpec, Scope
from mentorship.queries.reports.summary import summary

_SILENCE = timedelta(hours=72)
_MONTH = timedelta(days=30)
_YEAR = timedelta(days=365)

_STATES = ("SCHEDULED", "ONGOING", "COMPLETED", "CANCELLED")
_WORDS = ("TOOK_PLACE", "MENTOR_ABSENT", "STUDENT_ABSENT", "NOBODY_CAME", "TECHNICAL_TROUBLE")
_MINUTES = {
    "sqlite": "(unixepoch({later}) - unixepoch({earlier})) / 60",
    "postgresql": "floor(extract(epoch FROM {later} - {earlier}) / 60)",
}


def _counts(engine: str, silent: str, now: str) -> str:
    """What one statement can say of sessions without their journal, ratings and medians.

    `silent` is since when nobody has contradicted, as SQL.
    """
    live = "status <> 'CANCELLED' AND decided_outcome IS NULL"
    said = "coalesce(mentor_said_at, student_said_at)"
    both = "mentor_says IS NOT NULL AND student_says IS NOT NULL"
    alone = "(mentor_says IS NULL) <> (student_says IS NULL)"
    is_silent = f"{said} <= {silent} AND end_time <= {silent}"
    settled = f"mentor_says = student_says OR ({alone} AND {is_silent})"
    minutes = _MINUTES[engine].format
    filters = (
        *(f"status = '{state}'" for state in _STATES),
        "is_delayed",
        *(
            f"status <> 'CANCELLED' AND (decided_outcome = '{word}' OR decided_outcome IS NULL "
            f"AND coalesce(mentor_says, student_says) = '{word}' AND ({settled}))"
            for word in _WORDS
        ),
        f"{live} AND end_time <= {now} AND {alone} AND NOT ({is_silent})",
        f"{live} AND end_time <= {now} AND {both} AND mentor_says <> student_says",
        f"{live} AND end_time <= {now} AND mentor_says IS NULL AND student_says IS NULL",
        "started_at IS NOT NULL",
        f"{minutes(later='started_at', earlier='start_time')} < 5",
    )
    return ", ".join(
        (
            "count(*)",
            *(f"count(*) FILTER (WHERE {each})" for each in filters),
            f"sum({minutes(later='end_time', earlier='start_time')})",
            f"sum({minutes(later='completed_at', earlier='started_at')})",
        )
    )


@dataclass(frozen=True)
class Case:
    """A report, and the same sessions counted by one statement."""

    what: str
    spec: ReportSpec
    raw: str


def run(stage: Stage) -> Iterator[Figure]:
    """A year by total, by mentor and by week, a month, and the same month in a smaller past."""
    rounds, sizes = stage.scale.few_rounds, stage.scale.sizes
    month: dict[int, float] = {}
    for size in (sizes[1], sizes[2]):
        with ExitStack() as stack:
            url = stack.enter_context(stage.filled(Plan(stage.base, size)))
            engine = create_engine(url)
            stack.callback(engine.dispose)
            raw = stack.enter_context(closing(connect(url)))
            for case in _cases(stage, is_full=size == sizes[2]):
                ours, bare, ratio = _measured(engine, raw, case, rounds)
                if case.spec.dates.days < 40:
                    month[size] = ours / max(_booked(engine, case), 1)
                if size == sizes[2]:
                    what = f"{case.what} of {counted(size)} bookings"
                    yield Figure(what, milliseconds(ours), milliseconds(bare), ratio, AtMost(3))
    smaller, larger = month[sizes[1]], month[sizes[2]]
    yield Figure(
        f"a month's session, {counted(sizes[2])} beside {counted(sizes[1])}",
        milliseconds(larger),
        milliseconds(smaller),
        larger / smaller,
        AtMost(1.5),
    )


def _cases(stage: Stage, *, is_full: bool) -> Iterator[Case]:
    today = stage.base.date()
    month = _spec(stage, today - _MONTH, By.TOTAL)
    yield Case("report on a month", month, _raw(stage.engine, month))
    if not is_full:
        return
    for by, key in ((By.TOTAL, None), (By.MENTOR, "mentor_id"), (By.WEEK, "week")):
        spec = _spec(stage, today - _YEAR, by)
        yield Case(f"report on a year by {by}", spec, _raw(stage.engine, spec, key))


def _spec(stage: Stage, first: date, by: By) -> ReportSpec:
    dates = DateRange(first, stage.base.date(), "Europe/Berlin")
    return ReportSpec(dates, by, Scope(), stage.base, _SILENCE)


def _raw(engine: str, spec: ReportSpec, key: str | None = None) -> str:
    """The one statement, with its values in it; for weeks it searches the index once for each."""
    form = "'{}'" if engine == "sqlite" else "TIMESTAMPTZ '{}'"

    def text(instant: datetime) -> str:
        plain = instant.replace(tzinfo=None)
        return form.format(plain.isoformat(sep=" ", timespec="microseconds"))

    counts = _counts(engine, text(spec.now - spec.silence), text(spec.now))
    if key == "week":
        rows = ", ".join(
            f"({number}, {text(bucket.range.since)}, {text(bucket.range.until)})"
            for number, bucket in enumerate(spec.buckets)
        )
        return (
            f"WITH weeks(number, since, until) AS (VALUES {rows}) SELECT number, {counts} "
            "FROM weeks JOIN session_bookings ON start_time >= since AND start_time < until "
            "GROUP BY number"
        )
    where = f"start_time >= {text(spec.dates.since)} AND start_time < {text(spec.dates.until)}"
    if key is None:
        return f"SELECT {counts} FROM session_bookings WHERE {where}"
    return f"SELECT {key}, {counts} FROM session_bookings WHERE {where} GROUP BY {key}"


def _booked(engine: Any, case: Case) -> int:
    with Session(engine) as session:
        return sum(row.tally.booked for row in summary(session, case.spec))


def _measured(engine: Any, raw: Any, case: Case, rounds: int) -> tuple[float, float, float]:
    """Medians of both, and the median of the ratios; the two take turns."""
    if engine.dialect.name == "postgresql":
        raw.execute("SET timezone = 'UTC'")

    def ours() -> int:
        with Session(engine) as session:
            return sum(row.tally.booked for row in summary(session, case.spec))

    def bare() -> int:
        column = 0 if case.spec.by is By.TOTAL else 1
        return sum(row[column] for row in raw.execute(case.raw).fetchall())

    assert ours() == bare(), case.what
    times = [(_seconds(ours), _seconds(bare)) for _ in range(rounds)]
    ratio = median(mine / theirs for mine, theirs in times)
    return median(mine for mine, _ in times), median(theirs for _, theirs in times), ratio


def _seconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun
