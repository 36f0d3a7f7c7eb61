"""The sweep beside raw SQL that does the same work through the database's own driver."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from bench.data import Plan
from bench.figures import AtMost, Figure, counted, milliseconds
from bench.stage import Stage
from mentorship.domain.mail import MAIL_OF
from mentorship.domain.sessions.lifecycle import CLOCK_RULES, Moment
from mentorship.models import Cause
from mentorship.models.booking import source_predicate
from mentorship.services.sessions.sweep import SweepResult, no_updates, update_session_statuses

_SET_BACK = """NOT EXISTS (SELECT 1 FROM sweep_failures
    WHERE booking_id = session_bookings.id AND retry_at > :now)"""


def _due(rule: Any) -> str:
    return f"FROM session_bookings WHERE {source_predicate(rule)} AND {rule.since} <= :now"


PROBE = "SELECT " + " OR ".join(
    f"(SELECT id {_due(rule)} AND {_SET_BACK} ORDER BY {rule.since}, id LIMIT 1) IS NOT NULL"
    for rule in CLOCK_RULES
)


def _written(rule: Any) -> Iterator[str]:
    """The journal, the mail and the new states of one rule, each in one statement for all."""
    delayed = "TRUE" if rule.sets.get("is_delayed", rule.delayed) else "FALSE"
    yield (
        "INSERT INTO status_changes (booking_id, old_status, new_status, action, is_delayed, cause,"
        f" due_at, applied_at) SELECT id, '{rule.source}', '{rule.target}', '{rule.action}',"
        f" {delayed}, 'worker', {rule.since}, :now {_due(rule)}"
    )
    for reader in ("student_id", "mentor_id"):
        yield (
            "INSERT INTO outbox_messages (kind, booking_id, reader_id, change_id, created_at,"
            f" next_try_at) SELECT '{MAIL_OF[rule.action]}', booking_id, {reader},"
            " status_changes.id, :now, :now FROM status_changes"
            " JOIN session_bookings ON session_bookings.id = booking_id"
            f" WHERE status_changes.id > :head AND old_status = '{rule.source}'"
        )
    sets = ", ".join(
        f"{name} = {value.value if isinstance(value, Moment) else value}"
        for name, value in rule.sets.items()
    )
    yield (
        f"UPDATE session_bookings SET status = '{rule.target}', revision = revision + 1, {sets} "
        f"WHERE {source_predicate(rule)} AND {rule.since} <= :now"
    )


WRITE = tuple(statement for rule in CLOCK_RULES for statement in _written(rule))


@dataclass(frozen=True)
class Nothing:
    """Seconds of one call, over many: the sweep's and the raw probe's."""

    sweep: list[float]
    raw: list[float]


@dataclass(frozen=True)
class Due:
    """Seconds of the rounds of a sweep and of the raw statements, on windows of equal size."""

    sweep: list[float]
    raw: list[float]

    @property
    def ratio(self) -> float:
        """How many times as long as the raw statements the sweep took; the median round's."""
        return median(ours / theirs for ours, theirs in zip(self.sweep, self.raw, strict=True))


def run(stage: Stage) -> Iterator[Figure]:
    """Sweeps with nothing due at three sizes, then sweeps of a few and of many due bookings."""
    scale, few, many = stage.scale, *stage.scale.due
    windows = (few,) * 2 * scale.few_rounds + (many,) * 2 * scale.many_rounds
    with ExitStack() as stack:
        benches = []
        for size in scale.sizes:
            plan = Plan(stage.base, size, windows if size == scale.sizes[-1] else ())
            url = stack.enter_context(stage.filled(plan))
            benches.append(stack.enter_context(closing(Bench(url, plan))))
        found = nothing_due(benches, calls=scale.calls, rounds=scale.nothing_rounds)
        for size, each in zip(scale.sizes, found, strict=True):
            ours, raw = median(each.sweep), median(each.raw)
            what = f"sweep with nothing due of {counted(size)}"
            yield Figure(what, milliseconds(ours), milliseconds(raw), ours / raw)
        smallest, largest = median(found[0].sweep), median(found[-1].sweep)
        what = f"the same, {counted(scale.sizes[-1])} beside {counted(scale.sizes[0])}"
        yield Figure(
            what, milliseconds(largest), milliseconds(smallest), largest / smallest, AtMost(1.2)
        )
        numbers = range(len(windows))
        split = 2 * scale.few_rounds
        for count, chosen, aim in (
            (few, numbers[:split], None),
            (many, numbers[split:], AtMost(4)),
        ):
            each = due(benches[-1], count, chosen)
            ours, raw = milliseconds(median(each.sweep)), milliseconds(median(each.raw))
            yield Figure(f"sweep of {counted(count)} due", ours, raw, each.ratio, aim)


class Bench:
    """One database: the product's engine and a connection of the driver's beside it."""

    def __init__(self, url: str, plan: Plan) -> None:
        self.url, self.plan = url, plan
        self.is_sqlite = url.startswith("sqlite")
        self.engine: Engine = create_engine(url)
        self.raw = connect(url)

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()
        self.raw.close()

    def sweep(self, now: datetime) -> SweepResult:
        """The product's sweep, in a session of its own."""
        with Session(self.engine, expire_on_commit=False) as session:
            return update_session_statuses(
                session, now=now, cause=Cause.WORKER, returning=no_updates
            )

    def execute(self, statement: str, now: datetime, *, head: int = 0) -> Any:
        """A raw statement; `:now` in it is that instant, `:head` a journal id."""
        if self.is_sqlite:
            text = now.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
            return self.raw.execute(statement, {"now": text, "head": head})
        pyformat = statement.replace(":now", "%(now)s").replace(":head", "%(head)s")
        return self.raw.execute(pyformat, {"now": now, "head": head})

    def due_sweep(self, window: int, count: int) -> float:
        """Seconds that the sweep of a window takes."""
        seconds, result = _timed(lambda: self.sweep(self.plan.window_end(window)))
        assert (result.started + result.completed, result.failed) == (count, 0), result
        return seconds

    def due_raw(self, window: int, count: int) -> float:
        """Seconds that raw SQL takes to write what a sweep of the window writes."""
        now = self.plan.window_end(window)

        def write() -> int:
            self.raw.execute("BEGIN")
            (head,) = self.raw.execute("SELECT max(id) FROM status_changes").fetchone()
            counts = [self.execute(each, now, head=head).rowcount for each in WRITE]
            self.raw.execute("COMMIT")
            return sum(counts)

        seconds, rows = _timed(write)
        assert rows == 4 * count, rows
        return seconds

    def settle(self) -> None:
        """Clear away behind the writers, so that the next one finds no work of theirs."""
        if self.is_sqlite:
            self.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            self.raw.execute("VACUUM (ANALYZE) session_bookings, status_changes, outbox_messages")
            self.raw.execute("CHECKPOINT")


def nothing_due(benches: list[Bench], *, calls: int, rounds: int) -> list[Nothing]:
    """The sizes take turns in rounds, so that a noisy moment touches all of them."""
    found = [Nothing([], []) for _ in benches]
    for turn in range(rounds + 1):
        for bench, figures in zip(benches, found, strict=True):
            now = bench.plan.base
            probe = _times(lambda b=bench, n=now: b.execute(PROBE, n).fetchone(), calls)
            sweep = _times(lambda b=bench, n=now: b.sweep(n), calls)
            if turn:  # The first warms the caches.
                figures.raw.extend(probe)
                figures.sweep.extend(sweep)
    return found


def due(bench: Bench, count: int, windows: Sequence[int]) -> Due:
    """Pairs of equal windows, one for the sweep and one for raw SQL; who goes first alternates."""
    figures = Due([], [])
    for pair in range(len(windows) // 2):
        turns: list[tuple[Callable[[int, int], float], list[float]]] = [
            (bench.due_sweep, figures.sweep),
            (bench.due_raw, figures.raw),
        ]
        for window, (run, times) in zip(
            windows[2 * pair : 2 * pair + 2], turns[:: -1 if pair % 2 else 1], strict=True
        ):
            bench.settle()
            times.append(run(window, count))
    return figures


def connect(url: str) -> Any:
    """A connection of the database's own driver, each of whose statements commits itself."""
    if url.startswith("sqlite"):
        connection = sqlite3.connect(make_url(url).database or "", isolation_level=None)
        for pragma in ("synchronous = NORMAL", "foreign_keys = ON", "busy_timeout = 5000"):
            connection.execute(f"PRAGMA {pragma}")
        return connection
    return psycopg.connect(url, autocommit=True)


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    begin = time.perf_counter()
    result = run()
    return time.perf_counter() - begin, result


def _times(run: Callable[[], object], calls: int) -> list[float]:
    return [_timed(run)[0] for _ in range(calls)]
