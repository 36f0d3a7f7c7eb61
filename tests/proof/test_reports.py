"""Run 20: after a concurrent mixed run, every figure of a report is what plain Python recounts.

The recount knows the specification and a dump of the tables; ranges cut days in six zones.
"""

import random
from datetime import date, timedelta
from itertools import cycle

import pytest
from pydantic.alias_generators import to_camel
from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from mentorship.domain.reports.figures import FIGURES, By
from mentorship.domain.reports.ranges import DateRange
from mentorship.models import SessionBooking, SessionFeedback, table_of
from mentorship.queries.reports.facts import ReportSpec, Scope
from mentorship.queries.reports.summary import summary
from tests.proof.conftest import sizes
from tests.proof.workers import mix
from tests.proof.world import a_world
from tests.support.builders import at
from tests.support.processes import in_processes
from tests.support.recount import Asked, dump_tables, recount
from tests.support.report_scene import ZONES

PROCESSES = 4
SILENCE = timedelta(hours=72)
WORDS = ("TOOK_PLACE", "MENTOR_ABSENT", "STUDENT_ABSENT", "NOBODY_CAME", "TECHNICAL_TROUBLE")


def a_mixed_run(url, reader, *, operations, sessions):
    """Sweeps and presses by several processes at once, then statements and ratings by chance."""
    # In New York, Kathmandu and elsewhere midnight lies within the run.
    world = a_world(
        url, sessions=sessions, first=at("02:00"), apart=timedelta(seconds=86_400 / sessions)
    )
    tallies = in_processes(
        mix, [(world, "product", seed, operations // PROCESSES) for seed in range(PROCESSES)]
    )
    assert not [name for tally in tallies for name in tally if name.startswith("error")]
    chance = random.Random(20)
    bookings = table_of(SessionBooking)
    with reader.begin() as connection:
        for number in range(1, sessions + 1):
            if chance.random() < 0.5:
                side = chance.choice(("mentor", "student"))
                said = {f"{side}_says": chance.choice(WORDS), f"{side}_said_at": world.ends}
                connection.execute(update(bookings).where(bookings.c.id == number).values(said))
            if chance.random() < 0.2:
                rating = {"booking_id": number, "rating": chance.randint(1, 5)}
                connection.execute(insert(table_of(SessionFeedback)).values(rating))
    return world


def questions(world):
    """Reports over ranges that cut the run in each zone, at one of three moments each."""
    moments = cycle((world.ends, at("12:00"), world.ends + SILENCE, world.ends))
    today = at("00:00").date()
    days = [
        (today + timedelta(days=first), today + timedelta(days=last))
        for first, last in ((-1, 2), (0, 0), (1, 1))
    ]
    for zone in ZONES:
        for first, last in days:
            for by in By:
                yield Asked(first, last, zone, by.value, next(moments))
    everything = (date(2026, 11, 1), date(2026, 12, 31))
    for mentor in world.mentors[:3]:
        for by in By:
            yield Asked(*everything, "UTC", by.value, world.ends, mentor_id=mentor.id)


def figures_of(reader, asked):
    """The product's figures, by key and by the names of the JSON."""
    dates = DateRange(asked.first, asked.last, asked.zone)
    spec = ReportSpec(dates, By(asked.by), Scope(asked.mentor_id), asked.now, SILENCE)
    with Session(reader) as session:
        return {
            row.key: {to_camel(it.name): getattr(row.tally, it.name) for it in FIGURES}
            for row in summary(session, spec)
        }


def compared(reader, world, read=figures_of):
    """Each report, and how many of its figures the recount agrees with; None where some differ."""
    dump = dump_tables(reader)
    for asked in questions(world):
        counted, ours = recount(dump, asked), read(reader, asked)
        yield asked, sum(len(row) for row in ours.values()) if ours == counted else None


@pytest.mark.parametrize("size", sizes(short=(400, 80), long=(50_000, 4_000)))
def test_every_figure_of_every_report_is_what_plain_python_recounts(
    engine, database_url, reader, figure, size
):
    operations, sessions = size
    world = a_mixed_run(database_url, reader, operations=operations, sessions=sessions)

    reports = list(compared(reader, world))

    assert [asked for asked, agreed in reports if agreed is None] == []
    agreed = sum(agreed for _asked, agreed in reports)
    figure(f"{operations} operations on {sessions} sessions, {agreed} figures: 0 differences")


def one_too_many(name):
    """A product that counts one session too many, in one figure of one row."""

    def read(reader, asked):
        rows = figures_of(reader, asked)
        row = next(iter(rows.values()), {})
        if row.get(name) is not None:
            row[name] += 1
        return rows

    return read


def a_day_of_utc(reader, asked):
    """A product that cuts all days in UTC."""
    return figures_of(
        reader,
        Asked(asked.first, asked.last, "UTC", asked.by, asked.now, mentor_id=asked.mentor_id),
    )


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_recount_catches_a_wrong_figure_and_days_of_another_zone(database_url, reader):
    world = a_mixed_run(database_url, reader, operations=200, sessions=40)

    def is_caught(read):
        return any(agreed is None for _asked, agreed in compared(reader, world, read))

    for name in ("booked", "delayed", "tookPlace", "minutesBooked", "minutesOffered", "onTime"):
        assert is_caught(one_too_many(name)), name
    assert is_caught(a_day_of_utc)
