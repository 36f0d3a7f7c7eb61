"""Run 4: kill -9 of mail senders at random points, with a real SMTP server.

No mail is lost; a kill repeats at most the one mail that was in flight, with its Message-ID.
"""

import random
import signal
import time
from collections import Counter, defaultdict

import pytest
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from mentorship.adapters.mail_transport import SmtpTransport
from mentorship.clock import utc_now
from mentorship.database import begin_write
from mentorship.domain.mail import AsWritten
from mentorship.models import OutboxMessage
from mentorship.queries.mail.queued import queued_mail
from mentorship.services.mail.compose import compose_mail
from mentorship.services.mail.outbox import Mail, enqueue
from tests.proof.conftest import sizes
from tests.proof.mailers import HOUSE, IDENTITY, keep_sending, send_naively
from tests.support.processes import CONTEXT, wait_until
from tests.support.sink import a_sink

A_ROUND = 30
"""Mails put in before each kill."""


@pytest.fixture
def sink():
    """The server that counts the mails."""
    with a_sink() as opened:
        yield opened


def put(reader, keys):
    with Session(reader) as session:
        begin_write(session)
        for key in keys:
            mail = Mail(AsWritten(key, "Hello"), key=key, address=f"{key}@example.org")
            enqueue(session, mail, now=utc_now())
        session.commit()


def pending(reader):
    with Session(reader) as session:
        waiting = select(func.count()).where(OutboxMessage.outcome.is_(None))
        return session.scalar(waiting.select_from(OutboxMessage))


def faults(keys, mails, *, kills):
    """The faults of the mails that arrived, as sentences."""
    ids = defaultdict(Counter)
    for mail in mails:
        ids[mail["Subject"]][mail["Message-ID"]] += 1
    repeats = len(mails) - len(ids)
    return [
        *(f"lost {key}" for key in keys if key not in ids),
        *(f"{key} came under {len(seen)} ids" for key, seen in ids.items() if len(seen) > 1),
        *([f"{repeats} repeats after {kills} kills"] if repeats > kills else []),
    ]


@pytest.mark.parametrize("kills", [pytest.param(0, id="none"), *sizes(short=4, long=100)])
def test_killed_senders_lose_no_mail_and_repeat_at_most_the_one_in_flight(
    engine, database_url, reader, sink, figure, kills
):
    def a_sender():
        process = CONTEXT.Process(target=keep_sending, args=(database_url, sink.url))
        process.start()
        return process

    rounds = max(kills, 3)
    keys = [f"mail-{number}" for number in range(A_ROUND * rounds)]
    put(reader, keys[:A_ROUND])
    running = [a_sender(), a_sender()]
    try:
        for number in range(rounds):
            before = len(sink.mails)
            put(reader, keys[max(number, 1) * A_ROUND : (number + 1) * A_ROUND])
            wait_until(lambda: len(sink.mails) > before or not pending(reader))  # noqa: B023  # Used at once.
            if kills:
                time.sleep(random.uniform(0, 0.05))  # Killed at a random point.
                victim = running.pop(0)
                victim.kill()
                victim.join()
                running.append(a_sender())
        wait_until(lambda: not pending(reader), seconds=60)
    finally:
        for process in running:
            process.kill()
            process.join()

    assert faults(keys, sink.mails, kills=kills) == []
    figure(
        f"{kills} kills of 2 senders, {len(keys)} mails: 0 lost, "
        f"{len(sink.mails) - len(keys)} repeated with the same Message-ID"
    )


def test_the_checker_catches_a_sender_that_records_first_and_is_killed(database_url, reader, sink):
    put(reader, ["one"])
    victim = CONTEXT.Process(
        target=send_naively, args=(database_url, sink.url), kwargs={"dies": True}
    )
    victim.start()
    victim.join()

    assert victim.exitcode == -signal.SIGKILL
    assert pending(reader) == 0
    assert faults(["one"], sink.mails, kills=1) == ["lost one"]


def test_the_checker_catches_senders_that_take_mail_without_a_lease(database_url, reader, sink):
    put(reader, ["one", "two"])
    engine = create_engine(database_url)
    with Session(engine) as first, Session(engine) as second:
        both = [
            queued_mail(session, session.scalars(select(OutboxMessage.id)).all())
            for session in (first, second)
        ]
    for mails in both:
        with SmtpTransport(sink.url).open() as connection:
            for mail in mails:
                connection.send(compose_mail(mail, HOUSE, IDENTITY))
    engine.dispose()

    assert faults(["one", "two"], sink.mails, kills=0) == ["2 repeats after 0 kills"]
