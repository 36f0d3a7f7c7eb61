"""Run 13: every changing request is sent twice, and twenty times at once; cron fifty times.

A double click, a proxy that repeats, an impatient cron service: one effect.
"""

import json
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mentorship.clock import utc_now
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.models import User
from mentorship.services.accounts.signed_links import make_token
from tests.proof.conftest import sizes
from tests.proof.workers import CRON, UPDATE
from tests.support import naive
from tests.support.builders import a_booking, the_journal
from tests.support.meanwhile import meanwhile
from tests.support.processes import CRON_SECRET, SECRET_KEY, a_server, at_once, cookie_of
from tests.support.replay import bookings_in, faults, journal_in, said_in

TEN_MINUTES = timedelta(minutes=10)

ACTIONS = [
    # action          from              delayed  starts in
    (Action.START,    Status.SCHEDULED, False,   TEN_MINUTES),
    (Action.ARRIVE,   Status.ONGOING,   True,    -TEN_MINUTES),
    (Action.COMPLETE, Status.ONGOING,   False,   -TEN_MINUTES),
    (Action.CANCEL,   Status.SCHEDULED, False,   TEN_MINUTES),
]  # fmt: skip


@pytest.fixture
def send(app, database_url, cast, tmp_path):
    """`send(20, "POST", path)`: this many callers send it at once as the mentor."""
    cookie = cookie_of(app, cast.mentor)
    with a_server(database_url, workers=4, folder=tmp_path) as server:

        def one(method, path, *fields, **headers):
            call = server.caller(cookie)
            try:
                return call(method, path, *fields, **headers)
            finally:
                call.close()

        yield lambda times, *request, **headers: at_once(lambda: one(*request, **headers), times)


@pytest.mark.parametrize("rounds", sizes(short=1, long=25))
def test_every_changing_request_has_one_effect_however_often_it_is_sent(
    send, session, cast, reader, figure, rounds
):
    requests = 0
    for _ in range(rounds):
        for action, source, is_delayed, starts_in in ACTIONS:
            booking = a_booking(
                session,
                mentor=cast.mentor,
                student=cast.student,
                status=source,
                is_delayed=is_delayed,
                starts=utc_now() + starts_in,
            )
            before, rows = bookings_in(reader), len(journal_in(reader))
            path = f"/api/sessions/{booking}/{action}"
            answers = send(20, "POST", path) + send(1, "POST", path) + send(1, "POST", path)

            journal = journal_in(reader)[rows:]
            assert Counter(answer.status for answer in answers) == {200: 22}
            changed = [json.loads(answer.text)["changed"] for answer in answers]
            assert (changed.count(True), changed[-2:]) == (1, [False, False])
            assert len(journal) == 1
            assert faults(before, journal, bookings_in(reader)) == []
            requests += 22

        booking = a_booking(
            session,
            mentor=cast.mentor,
            student=cast.student,
            is_delayed=True,
            status=Status.ONGOING,
            starts=utc_now() - 12 * TEN_MINUTES,
        )
        before, rows = bookings_in(reader), len(journal_in(reader))
        said = len(said_in(reader))
        answer = ("POST", f"/api/sessions/{booking}/outcome", {"outcome": "TOOK_PLACE"})
        answers = send(20, *answer) + send(1, *answer)
        assert Counter(each.status for each in answers) == {200: 21}
        changed = [json.loads(each.text)["changed"] for each in answers]
        assert (changed.count(True), changed[-1]) == (1, False)
        assert len(said_in(reader)[said:]) == 1
        new = journal_in(reader)[rows:]
        assert faults(before, new, bookings_in(reader), said_in(reader)[said:]) == []
        requests += 21

        for times, request, headers in (
            (20, ("GET", UPDATE), {}),
            (50, ("POST", CRON), {"Authorization": f"Bearer {CRON_SECRET}"}),
        ):
            due = [
                a_booking(
                    session,
                    mentor=cast.mentor,
                    student=cast.student,
                    starts=utc_now() - TEN_MINUTES,
                )
                for _ in range(3)
            ]
            answers = send(times, *request, **headers) + send(1, *request, **headers)
            assert {answer.status for answer in answers} == {200}
            counts = [json.loads(answer.text)["startedSessions"] for answer in answers]
            assert (sum(counts), counts[-1]) == (3, 0)
            assert [len(the_journal(session, booking)) for booking in due] == [1, 1, 1]
            requests += times + 1

    token = make_token(secret_key=SECRET_KEY, user_id=cast.student.id, epoch=0)
    path, password = f"/reset/{token}", {"password": "a-new-password"}
    answers = send(5, "POST", path, password) + send(1, "POST", path, password)
    assert Counter(answer.status for answer in answers) == {303: 1, 400: 5}
    session.rollback()
    assert session.scalar(select(func.sum(User.session_epoch))) == 1
    figure(f"{requests} requests, each kind twice in a row and 20 or 50 at once: one effect each")


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)  # There nobody waits.
def test_the_checker_catches_a_press_that_reads_before_it_writes(session, cast, reader):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student)
    before = bookings_in(reader)

    def press():
        with Session(reader) as other:
            naive.apply_action(
                other,
                booking_id=booking,
                action=Action.START,
                viewer=cast.mentor,
                now=before[booking].start_time,
            )

    with meanwhile(reader, "UPDATE session_bookings", press):
        press()

    [complaint, *_others] = faults(before, journal_in(reader), bookings_in(reader))
    assert complaint.startswith("unlawful")
