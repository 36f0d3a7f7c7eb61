"""Requests that have one effect however often they are sent (`Idempotency-Key`)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import ceil

from sqlalchemy import delete, exists, func, insert, select
from sqlalchemy.orm import Session

from mentorship.database import UtcDateTime, begin_write
from mentorship.domain.shared.errors import KeyReused, RateLimited
from mentorship.domain.shared.messages import N_
from mentorship.models import IdempotencyKey

MOST_KEYS = 100
"""The most keys of one person that are stored at a time."""

KEPT_FOR = timedelta(days=1)
"""How long a key is stored; after that it can be used for something else."""


@dataclass(frozen=True)
class IdempotentRequest:
    """A person's key for one request; `body` is the content of the request."""

    user_id: int
    key: str
    body: str

    @property
    def body_hash(self) -> str:
        """SHA-256 in hex."""
        return sha256(self.body.encode()).hexdigest()


def stored_answer(session: Session, once: IdempotentRequest) -> str | None:
    """The stored answer to the same request. Raises KeyReused if the key had another request.

    Call it with the person locked, so that the second of two equal requests sees the answer to the
    first.
    """
    row = session.execute(
        select(IdempotencyKey.body_hash, IdempotencyKey.answer).where(
            IdempotencyKey.user_id == once.user_id, IdempotencyKey.key == once.key
        )
    ).one_or_none()
    if row is not None and row.body_hash != once.body_hash:
        raise KeyReused
    return None if row is None else row.answer


def store_answer(session: Session, once: IdempotentRequest, answer: str, *, now: datetime) -> None:
    """Store the answer in the caller's transaction, with what the request changed.

    Raises RateLimited if the person has used MOST_KEYS keys already.
    """
    kept = (
        IdempotencyKey.user_id == once.user_id,
        IdempotencyKey.created_at > now - KEPT_FOR,
    )
    count, oldest = session.execute(
        select(func.count(), func.min(IdempotencyKey.created_at, type_=UtcDateTime)).where(*kept)
    ).one()
    if count >= MOST_KEYS:
        raise RateLimited(
            N_(
                "You have sent %(most)s different Idempotency-Keys within a day. Please wait, or "
                "send this request without a key.",
                most=MOST_KEYS,
            ),
            retry_after=max(1, ceil((oldest + KEPT_FOR - now).total_seconds())),
        )
    session.execute(
        insert(IdempotencyKey).values(
            user_id=once.user_id,
            key=once.key,
            body_hash=once.body_hash,
            status=200,
            answer=answer,
            created_at=now,
        )
    )


def forget_old_answers(session: Session, *, now: datetime) -> None:
    """Delete answers older than `KEPT_FOR`, and commit; with nothing to delete it only reads."""
    is_old = IdempotencyKey.created_at <= now - KEPT_FOR
    is_needed = session.scalar(select(exists().where(is_old)))
    session.rollback()
    if is_needed:
        begin_write(session)
        session.execute(delete(IdempotencyKey).where(is_old))
        session.commit()
