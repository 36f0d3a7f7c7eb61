"""Forgets mail and calls of webhooks that ended long ago, so that neither grows for ever."""

from datetime import datetime, timedelta

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.rounds import is_time
from mentorship.models import OutboxMessage, WebhookCall

KEPT_FOR = timedelta(days=90)
"""How long mail and calls stay after their end, whatever it was. The journal stays for ever."""

BATCH = 1_000
LOOK_AGAIN = timedelta(hours=1)


class Retention:
    """Forgets one batch at a time, so that a worker's sweeps never wait for many."""

    def __init__(self) -> None:
        self._looked_at: datetime | None = None

    def step(self, session: Session, *, now: datetime) -> bool:
        """Forget what ended before `now` (UTC) less `KEPT_FOR`; whether there may be more of it."""
        if not is_time(self._looked_at, every=LOOK_AGAIN, now=now):
            return False
        found = [_forget(session, model, now=now) for model in (OutboxMessage, WebhookCall)]
        if not any(found):
            self._looked_at = now
        return any(found)


def _forget(
    session: Session, model: type[OutboxMessage] | type[WebhookCall], *, now: datetime
) -> bool:
    """Drop the ended ones among the oldest, and commit; with nothing to drop it only reads."""
    oldest = select(model.id).order_by(model.id).limit(BATCH)
    is_old = model.id.in_(oldest) & (model.ended_at < now - KEPT_FOR)
    is_needed = session.scalar(select(exists().where(is_old)))
    session.rollback()
    if is_needed:
        begin_write(session)
        session.execute(delete(model).where(is_old))
        session.commit()
    return bool(is_needed)
