"""One sender of mail before a server on the loopback that only counts."""

import asyncio
import gc
import multiprocessing
import time
from collections.abc import Iterator
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from bench.data import Plan
from bench.figures import AtLeast, Figure, per_second
from bench.stage import Stage
from mentorship.adapters.post import SmtpPost
from mentorship.config import PROJECT
from mentorship.database import begin_write
from mentorship.domain.mail import MailKind
from mentorship.models import SessionBooking
from mentorship.services.delivery import deliver
from mentorship.services.letters import House
from mentorship.services.outbox import tell

_CONTEXT = multiprocessing.get_context("spawn")


WANTED = 200
"""Mails a second."""


def run(stage: Stage) -> Iterator[Figure]:
    """What one sender delivers, beside what is wanted of it."""
    with stage.filled(Plan(stage.base, stage.scale.mails)) as url:
        found = rate(url, mails=stage.scale.mails, now=stage.base)
    what = "mails of one sender, beside those wanted"
    yield Figure(what, per_second(found), per_second(WANTED), found / WANTED, AtLeast(1))


def rate(url: str, *, mails: int, now: datetime) -> float:
    """Mails a second that one sender delivers, about the first bookings of a filled database."""
    engine = create_engine(url)
    house = House("https://mentors.example.org", "a@example.org", "s" * 32, PROJECT / "templates")
    ours, theirs = _CONTEXT.Pipe()
    server = _CONTEXT.Process(target=_serve, args=(theirs,), daemon=True)
    server.start()
    post = SmtpPost(f"smtp://127.0.0.1:{ours.recv()}")
    with Session(engine, expire_on_commit=False) as session:
        begin_write(session)
        session.execute(text("DELETE FROM outbox_messages"))
        for booking_id in session.scalars(select(SessionBooking.id).limit(mails // 2)).all():
            tell(session, MailKind.BOOKED, booking_id=booking_id, now=now)
        session.commit()
        gc.freeze()  # As `wsgi.py` does before a worker begins.
        begin, sent = time.perf_counter(), 0
        while batch := deliver(session, post, house, clock=lambda: now).sent:
            sent += batch
        seconds = time.perf_counter() - begin
        gc.unfreeze()
        assert sent == session.scalar(text("SELECT count(*) FROM outbox_messages")), sent
    ours.send("stop")
    assert ours.recv() == sent
    server.join()
    engine.dispose()
    return sent / seconds


def _serve(pipe: Connection) -> None:
    asyncio.run(_count(pipe))


async def _count(pipe: Connection) -> None:
    taken = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
        nonlocal taken
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            if line == b"data\r\n":
                writer.write(b"354 go on\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                taken += 1
            writer.write(b"221 bye\r\n" if line == b"quit\r\n" else b"250 ok\r\n")

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    await asyncio.to_thread(pipe.recv)
    pipe.send(taken)
