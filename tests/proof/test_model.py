"""Run 6: hypothesis drives both databases and a model of the specification through one trace.

The machine controls the clock: it advances by seconds and by days, to the very instant at which
a session starts or ends and to the microsecond before, and sometimes goes back.
"""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import create_engine, delete, insert, select
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Action
from mentorship.domain.shared.errors import Conflict, Forbidden, NotFound
from mentorship.models import (
    Cause,
    MentorTimeSlot,
    OutboxMessage,
    SessionBooking,
    StatusChange,
    table_of,
)
from mentorship.queries.sessions.due import next_due
from mentorship.services.sessions import actions as session_actions
from mentorship.services.sessions import sweep as sweeping
from mentorship.services.sessions.undo import undo_action
from tests.proof.conftest import sizes
from tests.support import model
from tests.support.builders import a_user, at
from tests.support.databases import ENGINES

TICK = timedelta(microseconds=1)
BOOKINGS, SLOTS, JOURNAL, MAIL = map(
    table_of, (SessionBooking, MentorTimeSlot, StatusChange, OutboxMessage)
)
STATE = ("status", "is_delayed", "started_at", "completed_at", "cancelled_at")
ENTRY = ("old_status", "new_status", "is_delayed", "cause", "due_at", "applied_at")
PAIRS = 4
"""Each session has a mentor and a student of its own, so none stands in another's way."""

CAUSES = ("poll", "cron", "worker", "command")
PARTICIPANTS = ("mentor", "student", "admin")
EVERYBODY = (*PARTICIPANTS, "other mentor", "stranger")

numbers = st.integers(0, PAIRS - 1)
actions = st.sampled_from(tuple(model.MAY))
moments = st.sampled_from(
    [
        *((edge, nudge) for edge in ("start", "end") for nudge in (-TICK, 0 * TICK)),
        *((None, timedelta(minutes=minutes)) for minutes in (0, 10, 2 * 24 * 60, -60, -24 * 60)),
    ]
)
"""An edge of a session and how far from it; without an edge, how far from the present."""


class Product:
    """The real services on one database. People stay; each trace begins without sessions."""

    def __init__(self, url):
        self.engine = create_engine(url)
        with self.session() as session:
            self.pairs = [
                {
                    "mentor": a_user(session, f"Mentor {number}", Role.MENTOR),
                    "student": a_user(session, f"Student {number}", Role.STUDENT),
                }
                for number in range(PAIRS)
            ]
            self.others = {
                "admin": a_user(session, "Ada", Role.ADMIN),
                "other mentor": a_user(session, "Otto", Role.MENTOR),
                "stranger": a_user(session, "Stella", Role.STUDENT),
            }

    def session(self):
        return Session(self.engine, expire_on_commit=False)

    def begin(self):
        self.ids = []
        with self.engine.begin() as connection:
            for table in (MAIL, JOURNAL, BOOKINGS, SLOTS):
                connection.execute(delete(table))

    def book(self, start, end, **state):
        people = self.pairs[len(self.ids)]
        times = {"mentor_id": people["mentor"].id, "start_time": start, "end_time": end}
        with self.engine.begin() as connection:
            slot = connection.scalar(insert(SLOTS).values(times).returning(SLOTS.c.id))
            row = times | {"time_slot_id": slot, "student_id": people["student"].id} | state
            booking = insert(BOOKINGS).values(row).returning(BOOKINGS.c.id)
            self.ids.append(connection.scalar(booking))

    def sweep(self, now, cause):
        with self.session() as session:
            result = sweeping.update_session_statuses(
                session, now=now, cause=Cause(cause), returning=sweeping.all_updates
            )
        told = {(self.ids.index(each.session_id), each.due_at) for each in result.updates}
        return result.started, result.completed, result.failed, told

    def act(self, number, action, who, now):
        viewer = (self.pairs[number] | self.others)[who]
        with self.session() as session:
            pressed = {"booking_id": self.ids[number], "viewer": viewer, "now": now}
            try:
                if action == "undo":
                    outcome = undo_action(session, **pressed)
                else:
                    outcome = session_actions.apply_action(
                        session, action=Action(action), **pressed
                    )
            except NotFound:
                return "unknown", None
            except Forbidden:
                return "forbidden", None
            except Conflict as conflict:
                return "conflict", (conflict.status.value, conflict.is_delayed)
        word = "changed" if outcome.changed else "same"
        return word, (outcome.status.value, outcome.is_delayed)

    def next_due(self, now):
        with self.session() as session:
            return next_due(session, now=now)

    def kept(self):
        """State and journal of each session, in the order of booking."""
        with self.engine.connect() as connection:
            states = {
                row.id: tuple(row)[1:]
                for row in connection.execute(
                    select(BOOKINGS.c.id, *(BOOKINGS.c[name] for name in STATE))
                )
            }
            journal = {booking: [] for booking in self.ids}
            for booking, *entry in connection.execute(
                select(JOURNAL.c.booking_id, *(JOURNAL.c[name] for name in ENTRY)).order_by(
                    JOURNAL.c.id
                )
            ):
                journal[booking].append(tuple(entry))
        return [(states[booking], journal[booking]) for booking in self.ids]


def machine(products, tally):
    """The state machine, which runs one trace on all these products and counts what happens."""

    class Trace(RuleBasedStateMachine):
        @initialize()
        def begin(self):
            self.now = at("12:00")
            self.sessions = []
            for product in products:
                product.begin()
            self.book(1, 0 * TICK, timedelta(minutes=30), "SCHEDULED")
            self.book(0, 0 * TICK, timedelta(minutes=30), "ONGOING")

        def same(self, expected, *answers):
            for product, answer in zip(products, answers, strict=True):
                assert answer == expected, product.engine.dialect.name

        @precondition(lambda self: len(self.sessions) < PAIRS)
        @rule(
            starts=st.integers(-2, 3),
            nudge=st.sampled_from((-TICK, 0 * TICK, TICK)),
            lasts=st.sampled_from((TICK, timedelta(minutes=30), timedelta(days=1))),
            status=st.sampled_from(("SCHEDULED", "SCHEDULED", "ONGOING")),
        )
        def book(self, starts, nudge, lasts, status):
            start = self.now + starts * timedelta(minutes=20) + nudge
            started_at = None if status == "SCHEDULED" else start
            self.sessions.append(
                model.Session(start, start + lasts, status=status, started_at=started_at)
            )
            for product in products:
                product.book(start, start + lasts, status=status, started_at=started_at)

        def come_to(self, number, moment):
            """Move the clock to this moment of a session, or further on, or not at all."""
            session = self.sessions[number % len(self.sessions)]
            edge, nudge = moment
            self.now = (getattr(session, edge) if edge else self.now) + nudge
            return self.sessions.index(session)

        @rule(number=numbers, moment=moments, cause=st.sampled_from(CAUSES))
        def sweep(self, number, moment, cause):
            self.come_to(number, moment)
            due = [(each, each.overdue(self.now)) for each in self.sessions]
            counts = [sum(what == name for _, what in due) for name in ("delay", "auto-complete")]
            told = {
                (number, each.start if what == "delay" else each.end)
                for number, (each, what) in enumerate(due)
                if what
            }
            for each, what in due:
                if what:
                    each.tick(self.now, cause)
                    tally[what] += 1
            self.same((*counts, 0, told), *(product.sweep(self.now, cause) for product in products))

        def press(self, number, moment, action, who):
            number = self.come_to(number, moment)
            session = self.sessions[number]
            word = session.act(action, who, self.now)
            tally[word] += 1
            left = None if word in ("unknown", "forbidden") else session.state[:2]
            self.same(
                (word, left), *(product.act(number, action, who, self.now) for product in products)
            )

        @rule(number=numbers, moment=moments, action=actions, who=st.sampled_from(PARTICIPANTS))
        def a_participant_presses(self, number, moment, action, who):
            self.press(number, moment, action, who)

        @rule(number=numbers, moment=moments, action=actions, who=st.sampled_from(EVERYBODY))
        def anybody_presses(self, number, moment, action, who):
            self.press(number, moment, action, who)

        @rule(
            number=numbers,
            moment=moments,
            action=st.sampled_from(("start", "arrive", "complete")),
            who=st.sampled_from(("mentor", "mentor", "admin", "student")),
            after=st.sampled_from((0 * TICK, TICK, model.UNDO_WITHIN, model.UNDO_WITHIN + TICK)),
            undoes=st.sampled_from(("mentor", "mentor", "admin", "student")),
        )
        def somebody_presses_and_takes_it_back(self, number, moment, action, who, after, undoes):
            self.press(number, moment, action, who)
            before = tally["changed"]
            self.press(number, (None, after), "undo", undoes)
            tally["undone"] += tally["changed"] - before

        @rule()
        def somebody_asks_when_the_next_is_due(self):
            instants = [
                each.start if each.status == "SCHEDULED" else each.end
                for each in self.sessions
                if each.overdue(at("00:00", days=4000))
            ]
            self.same(
                min(instants, default=None), *(product.next_due(self.now) for product in products)
            )

        @invariant()
        def nothing_differs(self):
            tally["steps"] += 1
            expected = [(each.state, each.journal) for each in self.sessions]
            self.same(expected, *(product.kept() for product in products))

    return Trace


@pytest.fixture
def urls(databases):
    """A fresh database of each engine."""
    with databases.fresh(ENGINES[0]) as first, databases.fresh(ENGINES[1]) as second:
        yield [first, second]


@pytest.fixture
def drive(urls):
    """`drive(Product, ...)`: run the machine; returns how often each thing happened.

    Raises AssertionError at a difference.
    """
    products, tally = [], Counter()

    def run(product, **options):
        products.extend(product(url) for url in urls)
        run_state_machine_as_test(
            machine(products, tally),
            settings=settings(database=None, **options),
        )
        return tally

    yield run
    for product in products:
        product.engine.dispose()


@pytest.mark.parametrize("size", sizes(short=(15, 30), long=(2000, 50)))
def test_both_databases_do_what_the_specification_says_step_by_step(drive, figure, size):
    runs, steps = size

    tally = drive(Product, max_examples=runs, stateful_step_count=steps, derandomize=runs < 100)

    outcomes = {"changed", "same", "conflict", "forbidden", "unknown", "delay", "auto-complete"}
    assert outcomes | {"undone"} <= {name for name, count in tally.items() if count}
    figure(
        f"{runs} runs, {tally['steps']} steps on both databases, "
        f"{tally['changed'] + tally['delay'] + tally['auto-complete']} transitions: 0 differences"
    )


class EqualityHasNotPassed(Product):
    """A wrong reading: what starts or ends at this very instant is left for the next sweep."""

    def sweep(self, now, cause):
        return super().sweep(now - TICK, cause)


class DelayedSessionsComplete(Product):
    """A wrong reading: the clock completes delayed sessions, too."""

    def sweep(self, now, cause):
        ended = (BOOKINGS.c.status == "ONGOING") & (BOOKINGS.c.end_time <= now)
        with self.engine.begin() as connection:
            connection.execute(BOOKINGS.update().where(ended).values(is_delayed=False))
        return super().sweep(now, cause)


class AnybodyUndoes(Product):
    """A wrong reading: whoever takes part may take a press back."""

    def act(self, number, action, who, now):
        if action != "undo" or who not in PARTICIPANTS:
            return super().act(number, action, who, now)
        answers = [
            super(AnybodyUndoes, self).act(number, action, each, now)
            for each in (who, *PARTICIPANTS)
        ]
        return next((answer for answer in answers if answer[0] == "changed"), answers[0])


class StudentsMayStart(Product):
    """A wrong reading: students may do everything that mentors may."""

    def act(self, number, action, who, now):
        return super().act(number, action, "mentor" if who == "student" else who, now)


@pytest.mark.parametrize(
    "wrong", [EqualityHasNotPassed, DelayedSessionsComplete, StudentsMayStart, AnybodyUndoes]
)
def test_the_machine_catches_a_wrong_reading_of_the_specification(drive, wrong):
    with pytest.raises(AssertionError):
        drive(wrong, max_examples=200, derandomize=True, phases=[Phase.generate])
