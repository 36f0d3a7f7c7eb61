"""Sending what is in the outbox. Any number of senders may run, and be killed at any moment."""

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from mentorship.adapters.mail_message import BadAddress
from mentorship.adapters.mail_transport import (
    LONGEST_SEND,
    Lost,
    MailTransport,
    NotNow,
    Undelivered,
    Unreachable,
)
from mentorship.database import begin_each, begin_write
from mentorship.domain.shared.delivery_problems import Problem
from mentorship.domain.shared.global_ids import Identity
from mentorship.models import MailOutcome, OutboxMessage, table_of
from mentorship.queries.mail.queued import QueuedMail, queued_mail
from mentorship.queries.shared.installation import identity_of
from mentorship.services.mail.compose import MailSettings, compose_mail, reason_to_drop
from mentorship.services.shared.leases import Leases, one_line_ascii

log = structlog.get_logger(__name__)

BATCH = 100
"""Mails on one connection."""

LEASE = 4 * timedelta(seconds=LONGEST_SEND)
"""How long a sender owns the mail that it has taken; if it was killed, others take it after that.

The last mail is started with a quarter of the lease left, so that even a slow connection fits.
"""

_FRESH = timedelta(seconds=5)
"""Mail is read again after this long, because its session may have been moved or cancelled."""

MOST_TRIES = 12
"""A mail that was put off this often is set aside, most of a day after the first attempt."""

_PAUSE_FIRST, _PAUSE_AT_MOST = timedelta(minutes=1), timedelta(hours=4)

_OUTBOX = table_of(OutboxMessage)
_LEASES = Leases(_OUTBOX)


@dataclass
class SendResult:
    """The result of a batch."""

    sent: int = 0
    set_aside: int = 0
    dropped: int = 0
    put_off: int = 0

    @property
    def total(self) -> int:
        """How many mails were processed."""
        return self.sent + self.set_aside + self.dropped + self.put_off


def send_due_mail(
    session: Session,
    transport: MailTransport,
    settings: MailSettings,
    *,
    clock: Callable[[], datetime],
    is_over: Callable[[], bool] = lambda: False,
    lease: timedelta = LEASE,
) -> SendResult:
    """Send one batch of due mail on one connection; commits after each mail.

    1. Take rows that nobody holds, by moving their next try to the end of a lease.
    2. Send each mail and store the result at once. If the sender is killed between the two, the
       mail is sent again later with the same Message-ID; others take the rest after the lease.
    3. Set aside mail that was refused for good; try mail that was put off later and later.
    4. Give back the rest if `is_over` says, between two mails, that it is time to stop.

    Raises Unreachable if no mail can be sent now; the rows taken are given back.
    """
    done = SendResult()
    now = clock()
    if not session.scalar(select(exists().where(_LEASES.is_due(now)))):
        session.rollback()
        return done
    until, holder = now + lease, secrets.token_hex(16)
    ids = _take(session, holder, now=now, until=until)
    mails, read_at = deque(queued_mail(session, ids)), now
    identity = identity_of(session)
    session.rollback()
    last_start = until - lease / 4
    try:
        with transport.open() as connection:
            notes = begin_each(session)
            # After the last start others may take the rest.
            while mails and not is_over() and (now := clock()) < last_start:
                if now - read_at >= _FRESH:
                    mails, read_at = deque(queued_mail(session, [it.id for it in mails])), now
                mail = mails.popleft()
                columns, lost = _try(mail, settings, identity, connection.send, done, now=clock())
                _LEASES.note(notes, mail.id, holder, columns)
                if lost:
                    break
    except Unreachable as error:
        why = {"problem": error.problem, "error": one_line_ascii(str(error))}
        _LEASES.give_back(session, holder, now=clock(), **why)
        raise
    _LEASES.give_back(session, holder, now=clock())
    return done


def _try(
    mail: QueuedMail,
    settings: MailSettings,
    identity: Identity,
    send: Callable[..., None],
    done: SendResult,
    *,
    now: datetime,
) -> tuple[dict[str, object], bool]:
    """Send one mail. Returns the columns to store, and whether the connection is lost."""
    reason = reason_to_drop(mail, now=now)
    if reason is not None:
        done.dropped += 1
        return _ended(MailOutcome.DROPPED, now, error=reason), False
    try:
        send(compose_mail(mail, settings, identity))
    except Unreachable:
        raise
    except NotNow as error:
        attempts = mail.attempts + 1
        lost = isinstance(error, Lost)
        if attempts >= MOST_TRIES:
            done.set_aside += 1
            return _set_aside(mail, error, now) | {"attempts": attempts}, lost
        done.put_off += 1
        pause = min(_PAUSE_FIRST * 2 ** (attempts - 1), _PAUSE_AT_MOST)
        waits = {"attempts": attempts, "next_try_at": now + pause, **_why(error)}
        return waits, lost
    except Exception as error:  # noqa: BLE001  # Whatever is wrong with one mail, the others go.
        done.set_aside += 1
        return _set_aside(mail, error, now) | {"attempts": mail.attempts + 1}, False
    done.sent += 1
    return _ended(MailOutcome.SENT, now), False


def _set_aside(mail: QueuedMail, error: Exception, now: datetime) -> dict[str, object]:
    why = _why(error)
    log.error("mail_set_aside", mail_id=mail.id, kind=mail.kind.value, **why)
    return {"outcome": MailOutcome.SET_ASIDE, "ended_at": now, **why}


def _ended(outcome: MailOutcome, now: datetime, *, error: str | None = None) -> dict[str, object]:
    """The columns of a finished mail.

    Its facts are deleted, because links in them may still work.
    """
    return {
        "outcome": outcome,
        "ended_at": now,
        "problem": None,
        "error": error,
        "facts": None,
    }


def _why(error: Exception) -> dict[str, object]:
    """The problem, and the technical details for the log."""
    if isinstance(error, Undelivered):
        return {"problem": error.problem, "error": one_line_ascii(str(error))}
    problem = Problem.ADDRESS if isinstance(error, BadAddress) else Problem.UNWRITABLE
    return {"problem": problem, "error": one_line_ascii(f"{type(error).__name__}: {error}")}


def _take(session: Session, holder: str, *, now: datetime, until: datetime) -> list[int]:
    due = (
        select(OutboxMessage.id)
        .where(_LEASES.is_due(now))
        .order_by(OutboxMessage.next_try_at, OutboxMessage.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    # PostgreSQL repeats a plain subquery for each row, and would take all rows in the end.
    wanted = select(due.cte("due").c.id)
    return _LEASES.take(session, wanted, holder, now=now, until=until)


def retry_mail(session: Session, mail_id: int, *, now: datetime) -> bool:
    """Put a mail that was set aside back into the outbox; False if it was not set aside.

    Commits.
    """
    begin_write(session)
    changed = session.connection().execute(
        update(_OUTBOX)
        .where(_OUTBOX.c.id == mail_id, _OUTBOX.c.outcome == MailOutcome.SET_ASIDE)
        .values(outcome=None, ended_at=None, attempts=0, next_try_at=now, problem=None, error=None)
    )
    session.commit()
    return changed.rowcount == 1
