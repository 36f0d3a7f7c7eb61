"""Run 19: two sides, an admin and the clock in any order, on both databases and a pure model.

After each step the columns and both journals are as the model's, and Python's reading and SQL's
agree on the outcome now, at the very instant at which silence settles it, and just before.
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
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select

from mentorship.domain.sessions.outcomes import OutcomeWord, outcome_of
from mentorship.domain.shared.errors import Conflict, InvalidInput, NotFound
from mentorship.models import OutcomeChange, SessionBooking, table_of
from mentorship.queries.sessions.outcomes import outcome_state, outcome_value, statements_of
from mentorship.services.sessions import outcomes
from tests.proof import test_model
from tests.proof.conftest import sizes
from tests.support import outcome_model as model
from tests.support.builders import at

TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
OUTCOMES = table_of(OutcomeChange)
SAID = (
    "mentor_says",
    "mentor_said_at",
    "student_says",
    "student_said_at",
    "decided_outcome",
    "decided_at",
)
SIDES = ("mentor", "student", "admin")

words = st.sampled_from(("TOOK_PLACE", "MENTOR_ABSENT", *model.WORDS))
"""All of them, and two so often that the sides agree now and then."""

moments = st.sampled_from(
    [
        *((edge, nudge) for edge in ("start", "end") for nudge in (-TICK, 0 * TICK)),
        *(("end", model.SILENCE + nudge) for nudge in (-TICK, 0 * TICK)),
        *((None, nudge) for nudge in (0 * TICK, HOUR / 6, 25 * HOUR, model.SILENCE, -HOUR)),
    ]
)
"""An edge of the session and how far from it; without an edge, how far from the present."""


class Product(test_model.Product):
    """The real services on one database, with one session at a time."""

    def begin(self):
        with self.engine.begin() as connection:
            connection.execute(delete(OUTCOMES))
        super().begin()

    def say(self, who, word, now, *, has_reason):
        viewer = (self.pairs[0] | self.others)[who]
        with self.session() as session:
            try:
                result = outcomes.say_outcome(
                    session,
                    booking_id=self.ids[0],
                    viewer=viewer,
                    word=OutcomeWord(word),
                    reason="I asked both." if has_reason else None,
                    now=now,
                    silence=model.SILENCE,
                )
            except NotFound:
                return "unknown"
            except InvalidInput:
                return "invalid"
            except Conflict:
                return "conflict"
        return "changed" if result.changed else "same"

    def said(self):
        with self.session() as session:
            row = session.execute(
                select(*(SessionBooking.__table__.c[name] for name in SAID))
            ).one()
            journal = session.execute(
                select(OUTCOMES.c.side, OUTCOMES.c.outcome, OUTCOMES.c.said_at).order_by(
                    OUTCOMES.c.id
                )
            )
            return tuple(row), [tuple(each) for each in journal]

    def readings(self, now):
        """The outcome at `now` by SQL, and by Python from the row."""
        with self.session() as session:
            by_sql = session.execute(
                select(outcome_state(now, model.SILENCE), outcome_value())
            ).one()
            booking = session.scalars(select(SessionBooking)).one()
            found = self.by_python(statements_of(booking), booking.end_time, now)
        return tuple(by_sql), (found.state, found.value, found.settles_at)

    def by_python(self, statements, end_time, now):
        return outcome_of(statements, end_time=end_time, now=now, silence=model.SILENCE)


def machine(products, tally):
    """The state machine, which runs one trace on all these products and counts what happens."""

    class Trace(RuleBasedStateMachine):
        @initialize(
            lasts=st.sampled_from((TICK, HOUR / 2, timedelta(days=1))),
            status=st.sampled_from(("SCHEDULED", "ONGOING")),
        )
        def begin(self, lasts, status):
            self.now = at("12:00")
            started_at = None if status == "SCHEDULED" else self.now
            times = (self.now, self.now + lasts)
            self.session = model.Session(*times, status=status, started_at=started_at)
            for product in products:
                product.begin()
                product.book(*times, status=status, started_at=started_at)

        def same(self, expected, *answers):
            for product, answer in zip(products, answers, strict=True):
                assert answer == expected, product.engine.dialect.name

        def come_to(self, moment):
            edge, nudge = moment
            self.now = (getattr(self.session, edge) if edge else self.now) + nudge

        @rule(moment=moments, who=st.sampled_from(SIDES), word=words, has_reason=st.booleans())
        def somebody_says(self, moment, who, word, has_reason):
            self.come_to(moment)
            result = self.session.say(who, word, self.now, has_reason=has_reason)
            tally[result] += 1
            self.same(
                result,
                *(each.say(who, word, self.now, has_reason=has_reason) for each in products),
            )

        @rule(who=st.sampled_from(("mentor", "student")), word=words)
        def one_side_answers_at_once(self, who, word):
            self.somebody_says((None, 0 * TICK), who, word, False)

        @rule(moment=moments, word=words, who=st.sampled_from(("stranger", "other mentor")))
        def a_stranger_says(self, moment, word, who):
            self.somebody_says(moment, who, word, True)

        @rule(
            moment=moments,
            action=st.sampled_from(tuple(model.model.MAY)),
            who=st.sampled_from(SIDES),
        )
        def somebody_presses(self, moment, action, who):
            self.come_to(moment)
            result = self.session.act(action, who, self.now)
            self.same(result, *(each.act(0, action, who, self.now)[0] for each in products))

        @rule(moment=moments)
        def the_clock_passes(self, moment):
            self.come_to(moment)
            if self.session.overdue(self.now):
                self.session.tick(self.now, "worker")
            for product in products:
                product.sweep(self.now, "worker")

        @invariant()
        def nothing_differs(self):
            tally["steps"] += 1
            session = self.session
            tally[session.outcome(self.now)[0]] += 1
            self.same([(session.state, session.journal)], *(each.kept() for each in products))
            self.same((session.said, session.outcome_journal), *(each.said() for each in products))
            settles_at = session.outcome(self.now)[2] or session.end + model.SILENCE
            for now in (self.now, settles_at - TICK, settles_at):
                expected = session.outcome(now)
                self.same((expected[:2], expected), *(each.readings(now) for each in products))

    return Trace


@pytest.fixture
def drive(databases):
    """`drive(Product, ...)`: run the machine; returns how often each thing happened."""
    with databases.fresh("sqlite") as first, databases.fresh("postgresql") as second:
        products, tally = [], Counter()

        def run(product, **options):
            products.extend(product(url) for url in (first, second))
            trace = machine(products, tally)
            run_state_machine_as_test(trace, settings=settings(database=None, **options))
            return tally

        yield run
        for product in products:
            product.engine.dispose()


@pytest.mark.parametrize("size", sizes(short=(10, 20), long=(2000, 30)))
def test_outcomes_are_as_the_specification_says_whoever_speaks_first(drive, figure, size):
    runs, steps = size

    tally = drive(Product, max_examples=runs, stateful_step_count=steps, derandomize=runs < 100)

    assert {"changed", "same", "conflict", "invalid", "unknown"} <= set(tally)
    assert {"OPEN", "CLAIMED", "SETTLED", "DISPUTED"} <= set(tally)
    figure(
        f"{runs} runs, {tally['steps']} steps on both databases, {tally['changed']} answers, "
        f"{tally['DISPUTED']} steps in dispute: 0 differences"
    )


class SilenceCountsFromTheStatement(Product):
    """A wrong reading: who speaks before the end of the slot is believed too early."""

    def by_python(self, statements, end_time, now):
        return super().by_python(statements, end_time - timedelta(days=1), now)


class LastWordWins(Product):
    """A wrong reading: the one who speaks last overrules the other side."""

    def say(self, who, word, now, *, has_reason):
        result = super().say(who, word, now, has_reason=has_reason)
        if result == "changed" and who != "admin":
            both = dict.fromkeys(("mentor_says", "student_says"), word)
            both |= dict.fromkeys(("mentor_said_at", "student_said_at"), now)
            with self.engine.begin() as connection:
                connection.execute(table_of(SessionBooking).update().values(**both))
        return result


class SettledIsNotTheEnd(Product):
    """A wrong reading: a side may change its mind for ever."""

    def say(self, who, word, now, *, has_reason):
        result = super().say(who, word, now, has_reason=has_reason)
        return "changed" if result == "conflict" else result


@pytest.mark.parametrize("wrong", [SilenceCountsFromTheStatement, LastWordWins, SettledIsNotTheEnd])
def test_the_machine_catches_a_wrong_reading_of_the_specification(drive, wrong):
    with pytest.raises(AssertionError):
        drive(wrong, max_examples=200, derandomize=True, phases=[Phase.generate])
