"""The outbox: mail is a row in the transaction of what it tells about; a worker sends it later."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mentorship.domain.mail import MailKind
from mentorship.models import OutboxMessage

_INSERT: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}

_LONGEST_SUBJECT = 300


@dataclass(frozen=True)
class Mail:
    """A mail that brings its own words. Of two with the same `key` only the first is sent.

    `not_after` (UTC) is when it is no longer worth sending; None: it always is.
    """

    to: str
    subject: str
    text: str
    html: str
    kind: MailKind
    key: str
    not_after: datetime | None = None


def enqueue(session: Session, mail: Mail, *, now: datetime) -> None:
    """Put a mail into the outbox, in the caller's transaction; does not commit.

    Its words are stored, so they are read by nobody but the worker, and forgotten once sent.
    """
    insert = _INSERT[session.get_bind().dialect.name]
    session.execute(
        insert(OutboxMessage)
        .values(
            kind=mail.kind,
            key=mail.key,
            recipient=mail.to,
            subject=on_one_line(mail.subject),
            body_text=mail.text,
            body_html=mail.html,
            created_at=now,
            not_after=mail.not_after,
            next_try_at=now,
        )
        .on_conflict_do_nothing()
    )


def on_one_line(subject: str) -> str:
    """What a header can hold: every kind of line break becomes a space."""
    return " ".join(subject.split())[:_LONGEST_SUBJECT]
