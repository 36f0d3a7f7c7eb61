"""The mail of one worker before a server on the loopback that only counts."""

import gc
import itertools
import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from multiprocessing.connection import Connection

from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from bench.data import Plan
from bench.figures import AtLeast, Figure, per_second
from bench.stage import Stage
from mentorship.adapters.mail_transport import SmtpTransport
from mentorship.config import PROJECT
from mentorship.database import begin_write
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import OPEN
from mentorship.models import SessionBooking
from mentorship.services.mail.compose import MailSettings
from mentorship.services.mail.outbox import enqueue_booking_mail
from mentorship.services.mail.send import send_due_mail
from mentorship.services.operations.worker import SENDERS

_CONTEXT = multiprocessing.get_context("spawn")


WANTED = 200
"""Mails a second."""


def run(stage: Stage) -> Iterator[Figure]:
    """What one worker delivers, beside what is wanted of it."""
    with stage.filled(Plan(stage.base, stage.scale.mails)) as url:
        found = rate(url, mails=stage.scale.mails, now=stage.base)
    what = "mails of one worker, beside those wanted"
    yield Figure(what, per_second(found), per_second(WANTED), found / WANTED, AtLeast(1))


def rate(url: str, *, mails: int, now: datetime) -> float:
    """Mails a second that one worker delivers, about the first bookings of a filled database."""
    engine = create_engine(url)
    house = MailSettings(
        "https://mentors.example.org", "a@example.org", "s" * 32, PROJECT / "templates"
    )
    ours, theirs = _CONTEXT.Pipe()
    server = _CONTEXT.Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    theirs.close()  # So that a server that could not begin is an error, and no wait for ever.
    post = SmtpTransport(f"smtp://127.0.0.1:{ours.recv()}")
    with Session(engine, expire_on_commit=False) as session:
        begin_write(session)
        session.execute(text("DELETE FROM outbox_messages"))
        # A mail about a booking leaves only while its session is not over.
        open_ones = select(SessionBooking.id).where(SessionBooking.status.in_(OPEN))
        for booking_id in session.scalars(open_ones.limit(mails // 2)).all():
            enqueue_booking_mail(session, MailKind.BOOKED, booking_id=booking_id, now=now)
        wanted = session.scalar(text("SELECT count(*) FROM outbox_messages"))
        session.commit()

    def send() -> None:
        with Session(engine, expire_on_commit=False) as own:
            while send_due_mail(own, post, house, clock=lambda: now).sent:
                pass

    gc.freeze()  # As `wsgi.py` does before a worker begins.
    begin = time.perf_counter()
    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    seconds = time.perf_counter() - begin
    gc.unfreeze()
    ours.send("stop")
    sent: int = ours.recv()
    assert sent == wanted, sent
    server.join()
    engine.dispose()
    return sent / seconds


def _serve(pipe: Connection) -> None:
    taken = itertools.count()
    with socket.create_server(("127.0.0.1", 0)) as server:
        for _ in range(SENDERS):
            threading.Thread(target=_count, args=(server, taken), daemon=True).start()
        pipe.send(server.getsockname()[1])
        pipe.recv()
        pipe.send(next(taken))


def _count(server: socket.socket, taken: Iterator[int]) -> None:
    """Take one conversation after the other. It waits for nothing, so as to measure the sender."""
    while True:
        peer, _ = server.accept()
        with peer, peer.makefile("rwb") as talk:
            answer = b"220 sink\r\n"
            while answer:
                talk.write(answer)
                talk.flush()
                match talk.readline():
                    case b"data\r\n":
                        answer = b"354 go on\r\n"
                    case b"quit\r\n" | b"":
                        answer = b""
                    case _ if answer.startswith(b"354"):
                        while talk.readline() != b".\r\n":
                            pass
                        next(taken)
                        answer = b"250 ok\r\n"
                    case _:
                        answer = b"250 ok\r\n"
