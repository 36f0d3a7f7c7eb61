"""Run 1: sweeps and buttons from eight processes at once; the journal is replayed afterwards."""

import time
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import create_engine

from tests.proof.conftest import sizes
from tests.proof.workers import mix
from tests.proof.world import a_world
from tests.support.builders import at
from tests.support.processes import in_processes
from tests.support.replay import bookings_in, faults, journal_in, said_in

PROCESSES = 8
OPERATIONS = {"sqlite": 100_000, "postgresql": 50_000}


def run(url, reader, *, style, operations, sessions):
    """Returns the faults, the tally of all processes, both journals, and the duration."""
    world = a_world(url, sessions=sessions, first=at("10:00"), apart=timedelta(seconds=1))
    before = bookings_in(reader)
    begun = time.perf_counter()
    tallies = in_processes(
        mix, [(world, style, seed, operations // PROCESSES) for seed in range(PROCESSES)]
    )
    seconds = time.perf_counter() - begun
    journal = journal_in(reader)
    said = said_in(reader)
    found = faults(before, journal, bookings_in(reader), said)
    return found, sum(tallies, Counter()), journal, said, seconds


@pytest.mark.parametrize("share", sizes(short=0.016, long=1.0))
def test_sweeps_and_buttons_from_eight_processes_leave_each_change_once(
    engine, database_url, reader, figure, share
):
    operations = int(OPERATIONS[engine] * share)

    found, tally, journal, said, seconds = run(
        database_url, reader, style="product", operations=operations, sessions=int(4000 * share)
    )

    assert found == []
    assert [name for name in tally if name.startswith("error")] == []
    assert tally["operations"] == operations
    # What the processes were told they did is what the journal says, row by row.
    by_people = [entry for entry in journal if entry.actor_id is not None]
    by_sweeps = [entry for entry in journal if entry.cause == "worker"]
    assert (tally["swept"], tally["failed"]) == (len(by_sweeps), 0)
    by_answers = len(by_people) - tally["changed"]  # An answer may complete the session, too.
    assert by_answers > 0
    assert len(said) <= tally["answered"] <= len(said) + by_answers
    happened = ("changed", "held", "refused", "swept", "forbidden", "undone")
    assert min(tally[name] for name in happened) > 0
    assert {row.side for row in said} == {"mentor", "student", "admin"}
    figure(
        f"{operations} operations by {PROCESSES} processes in {seconds:.0f} s "
        f"({operations / seconds:.0f}/s), {len(journal)} transitions, "
        f"{len(said)} answers, 0 errors, 0 faults"
    )


def test_the_checker_catches_select_then_update_without_compare_and_set(databases, engine):
    assert any(naive_run_is_caught(databases, engine) for _ in range(5))  # Races are by chance.


def naive_run_is_caught(databases, engine):
    """Whether the checker finds a forbidden transition after a run of the naive version."""
    with databases.fresh(engine) as url:
        reader = create_engine(url)
        found, *_others = run(url, reader, style="naive", operations=1600, sessions=80)
        reader.dispose()
    return any(line.startswith("unlawful") for line in found)
