"""The worker: at the due second by a clock of its own, and as a real process."""

import io
import signal
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.adapters.mail_transport import FolderTransport
from mentorship.clock import utc_now
from mentorship.config import PROJECT
from mentorship.database import begin_write
from mentorship.domain.mail import AsWritten
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.shared.delivery_problems import Problem
from mentorship.logs import configure_logs
from mentorship.models import OutboxMessage, WebhookCall
from mentorship.services.mail.compose import MailSettings
from mentorship.services.mail.outbox import Mail, enqueue
from mentorship.services.operations.worker import (
    AFTER_AN_ERROR,
    AT_LEAST,
    LOOK_AGAIN,
    run_mail,
    run_worker,
)
from tests.support.builders import a_booking, a_webhook, at, the_booking, the_journal
from tests.support.processes import a_command, wait_until

SECOND = timedelta(seconds=1)


class Watch:
    """A clock that goes on only while the worker waits, and stops it in the end."""

    def __init__(self, now, *, until):
        self.now, self.until, self.pauses = now, until, []

    def __call__(self):
        return self.now

    def wait(self, pause):
        self.pauses.append(pause)
        self.now += pause
        return self.now > self.until


def work(session, watch):
    run_worker(lambda: Session(session.get_bind()), clock=watch, wait=watch.wait)


def test_each_transition_is_applied_at_the_very_instant_at_which_it_is_due(session, cast):
    due = [at("10:00") + seconds * SECOND for seconds in (0, 0.25, 0.4, 2.75, 7, 7, 12.5)]
    for start in due[:4]:
        a_booking(session, mentor=cast.mentor, student=cast.student, starts=start)
    for end in due[4:]:
        a_booking(
            session,
            mentor=cast.mentor,
            student=cast.student,
            status=Status.ONGOING,
            starts=end - timedelta(hours=1),
        )

    work(session, Watch(at("09:59:58"), until=at("10:00:15")))

    journal = the_journal(session)
    assert [change.due_at for change in journal] == due
    assert [change.applied_at for change in journal] == due


def test_with_nothing_to_come_it_looks_again_each_second(session):
    watch = Watch(at("10:00"), until=at("10:00:05"))

    work(session, watch)

    assert set(watch.pauses) == {0 * SECOND, LOOK_AGAIN}


def test_what_is_booked_while_it_waits_is_found_within_a_second(session, cast):
    watch = Watch(at("10:00"), until=at("10:00:10"))
    book_at = at("10:00:03")

    def wait(pause):
        if watch.now == book_at:
            a_booking(
                session, mentor=cast.mentor, student=cast.student, starts=watch.now + 0.5 * SECOND
            )
        return watch.wait(pause)

    run_worker(lambda: Session(session.get_bind()), clock=watch, wait=wait)

    [change] = the_journal(session)
    assert change.applied_at - change.due_at <= LOOK_AGAIN


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)  # SQLite locks no rows.
def test_a_session_that_somebody_holds_does_not_make_it_spin(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    watch = Watch(at("10:00"), until=at("10:00:01"))
    with Session(session.get_bind()) as holder:
        holder.connection().exec_driver_sql(
            "SELECT 1 FROM session_bookings WHERE id = %s FOR UPDATE", (booking,)
        )
        work(session, watch)
        assert set(watch.pauses[1:]) == {AT_LEAST}
    assert the_journal(session) == []

    work(session, Watch(at("10:00:01"), until=at("10:00:01")))

    assert the_booking(session, booking).is_delayed


def test_a_real_worker_sweeps_at_the_due_second_and_ends_when_it_is_told_to(
    session, cast, database_url, tmp_path
):
    log = tmp_path / "worker.log"
    worker = a_command(database_url, "worker", log=log)
    try:
        wait_until(lambda: worker.poll() is not None or "is running" in log.read_text())
        due = utc_now() + 0.5 * SECOND
        a_booking(session, mentor=cast.mentor, student=cast.student, starts=due)
        [change] = wait_until(lambda: the_journal(session))
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0
    finally:
        worker.kill()
        worker.wait()

    assert (change.due_at, change.cause, change.actor_id) == (due, "worker", None)
    assert change.applied_at >= due
    assert log.read_text().endswith("The worker has stopped.\n")


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"MENTORSHIP_ENV": "production"}, Problem.NOT_SECURE),
        ({"MENTORSHIP_ENV": "development"}, Problem.NOT_PUBLIC),
    ],
)
def test_a_real_worker_calls_no_address_that_its_settings_rule_out(
    session, cast, database_url, receiver, tmp_path, settings, problem
):
    a_webhook(session, receiver.url())
    a_booking(session, mentor=cast.mentor, student=cast.student, starts=utc_now() - SECOND)

    def why_not():
        session.rollback()
        return session.scalar(select(WebhookCall.problem))

    log = tmp_path / "worker.log"
    worker = a_command(
        database_url, "worker", log=log, BASE_URL="https://mentors.example.org", **settings
    )
    try:
        wait_until(lambda: worker.poll() is not None or why_not())
    finally:
        worker.kill()
        worker.wait()

    assert why_not() is problem, log.read_text()
    assert receiver.calls == []


def test_whatever_goes_wrong_in_one_round_the_next_one_is_made(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    watch = Watch(at("10:00"), until=at("10:01"))
    rounds = iter([RuntimeError("nobody thought of this")])

    def open_session():
        for error in rounds:
            raise error
        return Session(session.get_bind())

    run_worker(open_session, clock=watch, wait=watch.wait)

    assert watch.pauses[1] == AFTER_AN_ERROR
    assert the_booking(session, booking).is_delayed


def a_full_disk():
    return io.TextIOWrapper(Path("/dev/full").open("wb", buffering=0), write_through=True)


def a_closed_file():
    file = io.StringIO()
    file.close()
    return file


@pytest.mark.parametrize("broken_log", [a_full_disk, a_closed_file])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_log_that_cannot_be_written_stops_nothing(session, cast, monkeypatch, broken_log):
    bookings = [
        a_booking(session, mentor=cast.mentor, student=cast.student, starts=start)
        for start in ("10:00", "10:01")
    ]
    rounds = iter([RuntimeError("nobody thought of this")])

    def open_session():
        for error in rounds:
            raise error
        return Session(session.get_bind())

    watch = Watch(at("10:00"), until=at("10:02"))
    with closing(broken_log()) as log:
        monkeypatch.setattr(sys, "stderr", log)
        configure_logs(is_production=True)
        run_worker(open_session, clock=watch, wait=watch.wait)
        monkeypatch.undo()
        configure_logs(is_production=False)

    assert [the_booking(session, number).is_delayed for number in bookings] == [True, True]


def test_a_sender_that_is_told_to_stop_gives_the_rest_of_its_batch_back(session, tmp_path):
    now, folder = at("10:00"), tmp_path / "outbox"
    begin_write(session)
    for key in ("one", "two", "three"):
        enqueue(session, Mail(AsWritten(key, key), address="a@example.org", key=key), now=now)
    session.commit()
    house = MailSettings("https://a.example.org", "b@example.org", "s" * 32, PROJECT / "templates")

    run_mail(
        lambda: Session(session.get_bind()),
        FolderTransport(folder),
        house,
        clock=lambda: now,
        wait=lambda _pause: any(folder.glob("*.eml")),
    )

    assert len(list(folder.iterdir())) == 1
    mails = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).all()
    waiting = [row for row in mails if row.outcome is None]
    assert [(row.key, row.attempts, row.claimed_by, row.next_try_at) for row in waiting] == [
        ("two", 0, None, now),
        ("three", 0, None, now),
    ]
