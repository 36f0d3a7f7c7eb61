"""What every bench is given: an engine, databases to fill, and how much to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from bench.data import Plan, fill
from tests.support.databases import Databases


@dataclass(frozen=True)
class Scale:
    """Numbers of bookings, of rounds, and of seconds for each round of requests;
    of mentors in the directory, and of slots of one of them; of open pages, and of seconds that
    they are watched."""

    sizes: tuple[int, int, int]
    due: tuple[int, int]
    calls: int
    nothing_rounds: int
    few_rounds: int
    many_rounds: int
    poll_rounds: int
    connections: int
    seconds: float
    mails: int
    mentors: int
    slots: int
    windows: int
    watched: float


FULL = Scale(
    sizes=(10_000, 100_000, 1_000_000),
    due=(1_000, 100_000),
    calls=200,
    nothing_rounds=9,
    few_rounds=7,
    many_rounds=3,
    poll_rounds=7,
    connections=8,
    seconds=2.0,
    mails=2_000,
    mentors=10_000,
    slots=2_000,
    windows=1_000,
    watched=20.0,
)

TINY = Scale(
    sizes=(200, 400, 600),
    due=(10, 40),
    calls=2,
    nothing_rounds=1,
    few_rounds=1,
    many_rounds=1,
    poll_rounds=1,
    connections=2,
    seconds=0.1,
    mails=20,
    mentors=40,
    slots=60,
    windows=10,
    watched=0.5,
)
"""Shows that the bench runs; its figures mean nothing."""


@dataclass(frozen=True)
class Stage:
    """One engine. `base` (UTC) is about now: the real server measures at the real time."""

    engine: str
    databases: Databases
    scale: Scale
    base: datetime

    @contextmanager
    def filled(self, plan: Plan) -> Iterator[str]:
        """The URL of a new database that holds this; it is dropped afterwards."""
        with self.databases.fresh(self.engine) as url:
            fill(url, plan)
            yield url
