"""Run 5: the Nth database call fails, for each N until all succeed.

Once, from then on, and with the process killed at that point. Afterwards each session is in its old
state, or in its new one with its journal row, as the replayed journal shows; a repeat then works.
"""

import itertools
import signal
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.extensions import db
from tests.proof.workers import CRON, UPDATE, die_at_call
from tests.support import naive
from tests.support.builders import a_booking, a_user, the_booking, the_journal
from tests.support.failing import failing
from tests.support.processes import CONTEXT, CRON_SECRET
from tests.support.replay import bookings_in, faults, journal_in

S, O, C, X = Status.SCHEDULED, Status.ONGOING, Status.COMPLETED, Status.CANCELLED  # noqa: E741  # Columns.

ACTIONS = [
    # action          from  delayed  starts in  becomes
    (Action.START,    S,    False,   "+10 min", O),
    (Action.ARRIVE,   O,    True,    "-10 min", O),
    (Action.COMPLETE, O,    False,   "-10 min", C),
    (Action.CANCEL,   S,    False,   "+10 min", X),
]  # fmt: skip

SWEEPS = [
    ("GET",  CRON,         {"Authorization": f"Bearer {CRON_SECRET}"}),
    ("POST", UPDATE,       {"HX-Request": "true"}),
    ("GET",  "/dashboard", {}),
]  # fmt: skip


def booked(session, cast, status, is_delayed, starts_in, lasts=timedelta(hours=1)):
    minutes = int(starts_in.split()[0])
    return a_booking(
        session,
        mentor=cast.mentor,
        student=cast.student,
        status=status,
        is_delayed=is_delayed,
        starts=utc_now() + timedelta(minutes=minutes),
        lasts=lasts,
    )


def five_due(session, cast):
    """Three sessions that nobody started, two that have ended."""
    return [
        *(booked(session, cast, S, False, f"-{number} min") for number in (1, 2, 3)),
        *(
            booked(session, cast, O, False, "-9 min", timedelta(minutes=number))
            for number in (1, 2)
        ),
    ]


@pytest.fixture
def app_engine(app):
    with app.app_context():
        return db.engine


@pytest.mark.parametrize("goes_on", [False, True], ids=["once", "from there on"])
class TestTheNthCallFails:
    @pytest.mark.parametrize(("action", "source", "is_delayed", "starts_in", "target"), ACTIONS)
    def test_an_action_leaves_the_old_state_or_the_new_one(
        self,
        session,
        app_engine,
        client_for,
        cast,
        reader,
        goes_on,
        action,
        source,
        is_delayed,
        starts_in,
        target,
    ):
        client = client_for(cast.mentor)
        refused = []
        for number in itertools.count(1):
            booking = booked(session, cast, source, is_delayed, starts_in)
            path = f"/api/sessions/{booking}/{action}"
            before, rows = bookings_in(reader), journal_in(reader)
            with failing(app_engine, number, goes_on=goes_on) as calls:
                answer = client.post(path)

            journal = journal_in(reader)[len(rows) :]
            assert faults(before, journal, bookings_in(reader)) == []
            if calls.count < number:
                break
            if answer.status_code == 200:  # Reads are repeated once where the connection was lost.
                assert (app_engine.dialect.name, goes_on) == ("postgresql", False)
                assert len(journal) == 1
            else:
                refused.append(number)
                assert (answer.status_code, answer.json["success"], journal) == (503, False, [])
                assert client.post(path).json["changed"] is True
            assert the_booking(session, booking).status is target
            assert len(the_journal(session, booking)) == 1
        assert answer.json["changed"] is True
        assert len(refused) > 3

    @pytest.mark.parametrize(("method", "path", "headers"), SWEEPS)
    def test_a_sweep_leaves_each_session_in_the_old_state_or_the_new_one(
        self, session, app_engine, client_for, cast, reader, goes_on, method, path, headers
    ):
        for number in itertools.count(1):
            # Another mentor each time, or the pages would show the sessions of all times before.
            mentor = a_user(session, f"Mentor {number}", Role.MENTOR)
            client = client_for(mentor)
            due = five_due(session, replace(cast, mentor=mentor))
            before, rows = bookings_in(reader), journal_in(reader)
            with failing(app_engine, number, goes_on=goes_on) as calls:
                answer = client.open(path, method=method, headers=headers)

            journal = journal_in(reader)[len(rows) :]
            assert faults(before, journal, bookings_in(reader)) == []
            assert answer.status_code in (200, 503)
            if calls.count < number:
                break
            assert client.get(path=UPDATE).json["failedSessions"] == 0
            assert [len(the_journal(session, booking)) for booking in due] == [1] * 5
        assert answer.status_code == 200
        assert number > 8


@pytest.mark.parametrize("what", ["sweep", *(action for action, *_rest in ACTIONS)])
def test_a_process_that_is_killed_at_any_call_leaves_the_old_state_or_the_new_one(
    session, database_url, cast, reader, what
):
    case = {action: rest for action, *rest in ACTIONS}
    for number in itertools.count(1):
        due = (
            five_due(session, cast) if what == "sweep" else [booked(session, cast, *case[what][:3])]
        )
        before, rows = bookings_in(reader), journal_in(reader)
        victim = CONTEXT.Process(
            target=die_at_call, args=(database_url, number, what, due[-1], cast.mentor)
        )
        victim.start()
        victim.join()

        journal = journal_in(reader)[len(rows) :]
        assert faults(before, journal, bookings_in(reader)) == []
        if victim.exitcode == 0:
            break
        assert victim.exitcode == -signal.SIGKILL
    assert [len(the_journal(session, booking)) for booking in due] == [1] * len(due)
    assert number > 3


def test_the_checker_catches_a_journal_row_in_another_transaction(
    session, app_engine, cast, reader
):
    found = []
    for number in itertools.count(1):
        booking = booked(session, cast, S, False, "+10 min")
        before, rows = bookings_in(reader), journal_in(reader)
        with Session(app_engine) as broken, failing(app_engine, number, goes_on=True) as calls:
            try:
                naive.apply_action(
                    broken,
                    booking_id=booking,
                    action=Action.START,
                    viewer=cast.mentor,
                    now=utc_now(),
                )
            except OperationalError:
                broken.rollback()
        journal = journal_in(reader)[len(rows) :]
        found += faults(before, journal, bookings_in(reader))
        if calls.count < number:
            break

    assert found
    assert all(line.startswith("different") for line in found)
