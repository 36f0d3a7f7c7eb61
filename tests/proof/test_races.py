"""Run 1: sweeps and people from eight processes at once; the journals are replayed afterwards.

People start, begin, complete, cancel, undo, answer, correct and say that they will be late. Then
the lists, the pages of sessions and the JSON must show what the journals add up to.
"""

import random
import re
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from mentorship.models import Cause
from mentorship.services.sessions import undo
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from tests.proof.conftest import sizes
from tests.proof.workers import mix
from tests.proof.world import a_world
from tests.support import outcome_model
from tests.support.builders import at
from tests.support.clocks import standing_at
from tests.support.journal_order import order_in, record_order
from tests.support.processes import in_processes
from tests.support.replay import bookings_in, faults, journal_in, said_in

PROCESSES = 8
OPERATIONS = {"sqlite": 100_000, "postgresql": 50_000}
SILENCE = outcome_model.SILENCE


class Run:
    """One run on an empty database: `work` is done with the world, and the order is recorded."""

    def __init__(self, url, reader, *, sessions, work):
        self.world = a_world(url, sessions=sessions, first=at("10:00"), apart=timedelta(seconds=1))
        record_order(reader)
        before = bookings_in(reader)
        begun = time.perf_counter()
        self.tally = sum(work(self.world), Counter())
        self.seconds = time.perf_counter() - begun
        # Half of what only one side has said is settled by now.
        self.now = self.world.ends + SILENCE - self.world.sessions * self.world.apart / 2
        with Session(reader) as session:
            swept = update_session_statuses(
                session, now=self.now, cause=Cause.COMMAND, returning=no_updates
            )
        self.swept_last = swept.started + swept.completed
        self.journal, self.said = journal_in(reader), said_in(reader)
        self.kept = bookings_in(reader)
        self.faults = faults(before, self.journal, self.kept, self.said, order_in(reader))


def by_processes(style, operations):
    """The mix from eight processes at once."""
    return lambda world: in_processes(
        mix, [(world, style, seed, operations // PROCESSES) for seed in range(PROCESSES)]
    )


@pytest.mark.parametrize("share", sizes(short=0.016, long=1.0))
def test_sweeps_and_people_from_eight_processes_leave_each_change_once(
    engine, database_url, reader, figure, client_for, share
):
    operations = int(OPERATIONS[engine] * share)

    run = Run(
        database_url, reader, sessions=int(4000 * share), work=by_processes("product", operations)
    )

    tally, journal, said = run.tally, run.journal, run.said
    assert run.faults == []
    assert [name for name in tally if name.startswith("error")] == []
    assert tally["operations"] == operations
    # What the processes were told they did is what the journal says, row by row.
    by_people = [entry for entry in journal if entry.actor_id is not None]
    by_sweeps = [entry for entry in journal if entry.cause == "worker"]
    assert (tally["swept"], tally["failed"]) == (len(by_sweeps), 0)
    by_answers = len(by_people) - tally["changed"]  # An answer may complete the session, too.
    assert by_answers > 0
    assert len(said) <= tally["answer"] <= len(said) + by_answers
    happened = ("act", "answer", "undo", "correct", "late", "held", "refused", "swept", "forbidden")
    assert {name: tally[name] for name in happened if not tally[name]} == {}
    assert {row.side for row in said} == {"mentor", "student", "admin"}
    figure(
        f"{operations} operations by {PROCESSES} processes in {run.seconds:.0f} s "
        f"({operations / run.seconds:.0f}/s), {len(journal)} transitions "
        f"({tally['undo']} undone, {tally['correct']} corrected), {len(said)} answers, "
        f"{tally['late']} late notices, 0 errors, 0 faults"
    )
    shown = differences_on_screens(run, client_for)
    assert shown.found == []
    assert {"OPEN", "CLAIMED", "SETTLED", "DISPUTED"} == set(shown.states)
    figure(f"{shown.pages} pages and answers show the same")


class Screens:
    """What people read after a run, and where that differs from the database."""

    def __init__(self):
        self.pages, self.found, self.states = 0, [], Counter()

    def get(self, client, path):
        self.pages += 1
        return client.get(path)


def outcome_of(kept, now):
    """The outcome by the second implementation of the specification."""
    session = outcome_model.Session(start=kept.start_time, end=kept.end_time)
    for side, word, said_at in (
        ("mentor", kept.mentor_says, kept.mentor_said_at),
        ("student", kept.student_says, kept.student_said_at),
    ):
        if word is not None:
            session.says[side] = word, said_at
    if kept.decided_outcome is not None:
        session.decision = kept.decided_outcome, kept.decided_at
    return session.outcome(now)[:2]


def differences_on_screens(run, client_for):
    """Read everything as the admin, and the lists of one mentor and of one student."""
    screens, world = Screens(), run.world
    with standing_at(run.now):
        admin = client_for(world.admin)
        page, pages, seen = 1, 1, {}
        while page <= pages:
            answer = screens.get(admin, f"/api/sessions?page={page}").json
            pages, page = answer["pages"], page + 1
            for each in answer["sessions"]:
                said = each["outcome"]
                seen[each["sessionId"]] = (
                    each["status"], each["isDelayed"], said["state"], said["value"],
                )  # fmt: skip
        expected = {
            number: (kept.status, kept.is_delayed, *outcome_of(kept, run.now))
            for number, kept in run.kept.items()
        }
        screens.states.update(state for _status, _flag, state, _value in expected.values())
        screens.found += [
            f"JSON: {number} is {seen.get(number)}, not {expected.get(number)}"
            for number in seen.keys() | expected.keys()
            if seen.get(number) != expected.get(number)
        ]
        for person in (world.mentors[0], world.students[0]):
            own = {
                number: expected[number][:2]
                for number in expected
                if world.is_of(number, person.id)
            }
            cards = cards_of(screens, client_for(person))
            screens.found += [
                f"lists of {person.name}: {number} is {cards.get(number)}, not {own.get(number)}"
                for number in cards.keys() | own.keys()
                if cards.get(number) != [own.get(number)]
            ]
        for number in random.Random(1).sample(sorted(expected), min(40, len(expected))):
            history = screens.get(admin, f"/api/sessions/{number}").json["history"]
            told = [
                (line["kind"], line["newStatus"], line["isDelayed"])
                for line in history
                if line["newStatus"] is not None
            ]
            rows = [row for row in run.journal if row.booking_id == number]
            # Clocks of processes differ, so rows may be told in another order than they came.
            happened = Counter((row.action, row.new_status, row.is_delayed) for row in rows)
            if Counter(told) != happened:
                screens.found.append(f"receipt: {number} tells {told}, not {happened}")
    return screens


_CARD = re.compile(r'id="session-(\d+)" data-status="(\w+)" data-delayed="(\w+)"')
_LAST_PAGE = re.compile(r"Page \d+ of (\d+)")


def cards_of(screens, client):
    """Every card in all pages of somebody's lists: the state that each list shows, by session."""
    found = {}
    for name in ("attention", "now", "upcoming", "older", "past"):
        page, pages = 1, 1
        while page <= pages:
            text = screens.get(client, f"/dashboard?{name}={page}").text
            part = re.search(rf'id="list-{name}".*?</section>', text, re.S)
            text = part[0] if part else ""
            last = _LAST_PAGE.search(text)
            pages, page = int(last[1]) if last else 1, page + 1
            for number, status, delayed in _CARD.findall(text):
                found.setdefault(int(number), []).append((status, delayed == "true"))
    return found


def test_the_checker_catches_select_then_update_without_compare_and_set(databases, engine):
    assert any(naive_run_is_caught(databases, engine) for _ in range(5))  # Races are by chance.


def naive_run_is_caught(databases, engine):
    """Whether the checker finds a forbidden transition after a run of the naive version."""
    with databases.fresh(engine) as url:
        reader = create_engine(url)
        run = Run(url, reader, sessions=80, work=by_processes("naive", 1600))
        reader.dispose()
    return any(line.startswith("unlawful") for line in run.faults)


def test_the_checkers_catch_an_undo_that_forgets_words_and_a_screen_that_is_wrong(
    database_url, reader, monkeypatch, client_for
):
    monkeypatch.setattr(undo, "_words_before", lambda *_press: {})

    run = Run(database_url, reader, sessions=20, work=lambda world: [mix(world, "product", 1, 900)])

    assert any(line.startswith("different") for line in run.faults)
    assert differences_on_screens(run, client_for).found == []
    run.kept[1] = replace(run.kept[1], is_delayed=not run.kept[1].is_delayed)
    run.journal.append(replace(run.journal[0], booking_id=1))
    found = differences_on_screens(run, client_for).found
    assert {line.split(":")[0] for line in found} == {
        "JSON", "receipt", "lists of Mentor 0", "lists of Student 0",
    }  # fmt: skip
