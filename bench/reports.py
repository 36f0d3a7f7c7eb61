"""Reports beside one raw statement that counts the same sessions by the same index."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from statistics import median
from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from bench.data import HISTORY, Plan
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
_RATINGS = "LEFT JOIN session_feedback ON booking_id = id"
_MINUTES = {
    "sqlite": "(unixepoch({later}) - unixepoch({earlier})) / 60",
    "postgresql": "floor(date_part('epoch', {later} - {earlier}) / 60)",
}


def _counts(engine: str, silent: str, now: str) -> str:
    """What one statement can say of sessions without their journal, medians and offered times.

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
            "count(rating)",
            "sum(rating)",
        )
    )


@dataclass(frozen=True)
class Case:
    """A report, and the same sessions counted by one statement."""

    what: str
    spec: ReportSpec
    raw: str


def run(stage: Stage) -> Iterator[Figure]:
    """A month, a year by total, by mentor and by week; then a month with nothing before it."""
    rounds, size = stage.scale.few_rounds, stage.scale.sizes[-1]
    alone = Plan(stage.base, size * _MONTH // HISTORY, history=_MONTH)
    with _opened(stage, Plan(stage.base, size)) as (engine, raw), _opened(stage, alone) as others:
        month, *years = _cases(stage)
        for case in (month, *years):
            ours, bare = partial(_booked, engine, case), partial(_booked_raw, raw, case)
            assert ours() == bare(), case.what
            times = _in_turns(ours, bare, rounds)
            yield _beside(f"{case.what} of {counted(size)} bookings", times, AtMost(3))
        ours, bare = partial(_booked, engine, month), partial(_booked, others[0], month)
        times = _in_turns(ours, bare, rounds)
        yield _beside("the same month, beside it alone", times, AtMost(1.5))


@contextmanager
def _opened(stage: Stage, plan: Plan) -> Iterator[tuple[Engine, Any]]:
    """A database as the product opens it, and as its driver does."""
    with stage.filled(plan) as url, closing(connect(url)) as raw:
        engine = create_engine(url)
        if stage.engine == "postgresql":
            raw.execute("SET timezone = 'UTC'")
        try:
            yield engine, raw
        finally:
            engine.dispose()


def _cases(stage: Stage) -> Iterator[Case]:
    today = stage.base.date()
    month = _spec(stage, today - _MONTH, By.TOTAL)
    yield Case("report on a month", month, _raw(stage.engine, month))
    for by, key in ((By.TOTAL, None), (By.MENTOR, "mentor_id"), (By.WEEK, "week")):
        spec = _spec(stage, today - _YEAR, by)
        yield Case(f"report on a year by {by}", spec, _raw(stage.engine, spec, key))


def _spec(stage: Stage, first: date, by: By) -> ReportSpec:
    dates = DateRange(first, stage.base.date(), "Europe/Berlin")
    return ReportSpec(dates, by, Scope(), stage.base, _SILENCE)


def _raw(engine: str, spec: ReportSpec, key: str | None = None) -> str:
    """The one statement, with its values in it.

    For weeks SQLite searches the index once for each, and PostgreSQL looks up each start in a list.
    """
    form = "'{}'" if engine == "sqlite" else "TIMESTAMPTZ '{}'"

    def text(instant: datetime) -> str:
        plain = instant.replace(tzinfo=None)
        return form.format(plain.isoformat(sep=" ", timespec="microseconds"))

    counts = _counts(engine, text(spec.now - spec.silence), text(spec.now))
    where = f"start_time >= {text(spec.dates.since)} AND start_time < {text(spec.dates.until)}"
    if key == "week" and engine == "sqlite":
        rows = ", ".join(
            f"({number}, {text(bucket.range.since)}, {text(bucket.range.until)})"
            for number, bucket in enumerate(spec.buckets)
        )
        return (
            f"WITH weeks(number, since, until) AS (VALUES {rows}) SELECT number, {counts} "
            "FROM weeks JOIN session_bookings ON start_time >= since AND start_time < until "
            f"{_RATINGS} GROUP BY number"
        )
    if key == "week":
        starts = ", ".join(text(bucket.range.since) for bucket in spec.buckets)
        key = f"width_bucket(start_time, ARRAY[{starts}])"
    sessions = f"FROM session_bookings {_RATINGS} WHERE {where}"
    return f"SELECT {key}, {counts} {sessions} GROUP BY 1" if key else f"SELECT {counts} {sessions}"


def _booked(engine: Engine, case: Case) -> int:
    with Session(engine) as session:
        return sum(row.tally.booked for row in summary(session, case.spec))


def _booked_raw(raw: Any, case: Case) -> int:
    column = 0 if case.spec.by is By.TOTAL else 1
    return sum(row[column] for row in raw.execute(case.raw).fetchall())


def _in_turns(
    ours: Callable[[], object], bare: Callable[[], object], rounds: int
) -> list[tuple[float, float]]:
    return [(_seconds(ours), _seconds(bare)) for _ in range(rounds)]


def _beside(what: str, times: list[tuple[float, float]], aim: AtMost) -> Figure:
    ours, bare = (median(column) for column in zip(*times, strict=True))
    ratio = median(mine / theirs for mine, theirs in times)
    return Figure(what, milliseconds(ours), milliseconds(bare), ratio, aim)


def _seconds(act: Callable[[], object]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun
