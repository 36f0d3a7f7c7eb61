"""The processes that send mail. Each creates its own engine."""

import os
import signal
from datetime import timedelta

from sqlalchemy import create_engine, select, update
from sqlalchemy.orm import Session

from mentorship.adapters.mail_transport import SmtpTransport
from mentorship.clock import utc_now
from mentorship.config import PROJECT
from mentorship.domain.shared.global_ids import Identity
from mentorship.models import MailOutcome, OutboxMessage
from mentorship.queries.mail.queued import queued_mail
from mentorship.services.mail.compose import MailSettings, compose_mail
from mentorship.services.mail.send import send_due_mail

IDENTITY = Identity("00000000-0000-4000-8000-000000000000")
HOUSE = MailSettings(
    "https://mentors.example.org", "no-reply@example.org", "s" * 32, PROJECT / "templates"
)

LEASE = timedelta(seconds=2)


def keep_sending(url: str, smtp_url: str) -> None:
    """Send in real time until killed."""
    engine = create_engine(url)
    post = SmtpTransport(smtp_url)
    while True:
        with Session(engine, expire_on_commit=False) as session:
            send_due_mail(session, post, HOUSE, clock=utc_now, lease=LEASE)


def send_naively(url: str, smtp_url: str, *, dies: bool) -> None:
    """Take a mail without a lease, record it as sent, and only then send it, or die in between."""
    engine = create_engine(url)
    smtp = SmtpTransport(smtp_url)
    with Session(engine, expire_on_commit=False) as session, smtp.open() as connection:
        waiting = select(OutboxMessage.id).where(OutboxMessage.outcome.is_(None))
        for mail in queued_mail(session, session.scalars(waiting).all()):
            session.rollback()
            noted = {"outcome": MailOutcome.SENT, "ended_at": utc_now()}
            session.execute(update(OutboxMessage).where(OutboxMessage.id == mail.id).values(noted))
            session.commit()
            if dies:
                os.kill(os.getpid(), signal.SIGKILL)
            connection.send(compose_mail(mail, HOUSE, IDENTITY))
