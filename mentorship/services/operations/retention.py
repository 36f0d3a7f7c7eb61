"""Deletes old mail, webhook calls and sign-ins, and accounts that were never confirmed."""

from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.shared.intervals import has_elapsed
from mentorship.models import OutboxMessage, User, WebhookCall, table_of
from mentorship.services.accounts.sign_ins import forget_sign_ins

KEPT_FOR = timedelta(days=90)
"""How long finished mail and webhook calls are kept. The journal is kept forever."""

UNCONFIRMED_FOR = timedelta(days=7)
"""How long an unconfirmed account is kept: as long as the link in its mail is valid."""

BATCH = 1_000
LOOK_AGAIN = timedelta(hours=1)


class Retention:
    """Deletes one batch at a time, so that the worker's sweeps never wait long."""

    def __init__(self) -> None:
        self._looked_at: datetime | None = None

    def step(self, session: Session, *, now: datetime) -> bool:
        """Delete a batch of rows that are too old at `now` (UTC); returns whether there may be
        more.
        """
        if not has_elapsed(self._looked_at, every=LOOK_AGAIN, now=now):
            return False
        found = [_forget(session, model, now=now) for model in (OutboxMessage, WebhookCall)]
        found.append(_forget_unconfirmed(session, now=now))
        found.append(forget_sign_ins(session, now=now))
        if not any(found):
            self._looked_at = now
        return any(found)


def _forget(
    session: Session, model: type[OutboxMessage] | type[WebhookCall], *, now: datetime
) -> bool:
    """Delete old finished rows among the oldest, and commit; if there are none, only read."""
    oldest = select(model.id).order_by(model.id).limit(BATCH)
    is_old = model.id.in_(oldest) & (model.ended_at < now - KEPT_FOR)
    is_needed = session.scalar(select(exists().where(is_old)))
    session.rollback()
    if is_needed:
        begin_write(session)
        session.execute(delete(model).where(is_old))
        session.commit()
    return bool(is_needed)


def _forget_unconfirmed(session: Session, *, now: datetime) -> bool:
    """Delete unconfirmed accounts to which no other row refers."""
    users = table_of(User)
    references = [
        exists().where(column == User.id)
        for table in users.metadata.tables.values()
        for column in table.columns
        if column.references(users.c.id)
    ]
    old = (
        select(User.id)
        .where(User.is_confirmation_pending, User.created_at < now - UNCONFIRMED_FOR)
        .where(*(~each for each in references))
        .limit(BATCH)
    )
    is_needed = session.scalar(select(old.exists()))
    session.rollback()
    if is_needed:
        begin_write(session)
        session.execute(delete(User).where(User.id.in_(old)))
        session.commit()
    return bool(is_needed)
