"""The mail of an outbox as its readers will see it."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.config import PROJECT
from mentorship.domain.mail import MailKind
from mentorship.models import OutboxMessage
from mentorship.queries.mail.queued import QueuedMail, queued_mail
from mentorship.queries.shared.installation import identity_of
from mentorship.services.mail.compose import MailSettings, compose_mail

SETTINGS = MailSettings(
    "https://mentors.example.org", "no-reply@example.org", "s" * 32, PROJECT / "templates"
)


@dataclass(frozen=True)
class ComposedMail:
    """A queued mail, composed as if it were sent now; `not_after` in UTC."""

    id: int
    kind: MailKind
    recipient: str
    subject: str
    text: str
    html: str
    not_after: datetime | None


def composed_mail(session: Session, *kinds: MailKind) -> list[ComposedMail]:
    """All mail of the outbox, or that of some kinds, the oldest first. Ends the transaction."""
    session.rollback()
    ids = select(OutboxMessage.id).where(OutboxMessage.facts.is_not(None))
    if kinds:
        ids = select(OutboxMessage.id).where(OutboxMessage.kind.in_(kinds))
    queued = queued_mail(session, session.scalars(ids).all())
    identity = identity_of(session)
    session.rollback()
    return [_composed(mail, compose_mail(mail, SETTINGS, identity).as_bytes()) for mail in queued]


def as_read(content: bytes) -> EmailMessage:
    """A mail as a mail program reads it."""
    return message_from_bytes(content, policy=policy.default)


def part_of(mail: EmailMessage, subtype: str) -> str:
    """The text of its part `plain` or `html`."""
    part = mail.get_body((subtype,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def _composed(mail: QueuedMail, content: bytes) -> ComposedMail:
    read = as_read(content)
    return ComposedMail(
        mail.id,
        mail.kind,
        mail.reader.email,
        str(read["Subject"]),
        part_of(read, "plain"),
        part_of(read, "html"),
        mail.not_after,
    )
