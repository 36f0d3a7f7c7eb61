"""The half of the worker that calls webhooks, and its records in the database."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.adapters.webhook_client import WebhookClient
from mentorship.models import Cause, WebhookCall, WebhookEndpoint
from mentorship.schemas.webhooks import webhook_body
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from mentorship.services.webhooks.send import WebhookSender
from tests.support.builders import Cast, a_booking, at

KEY = "a-secret-key-for-tests"
TEN = at("10:00")
SILENCE = timedelta(hours=72)


def delay(session: Session, cast: Cast, count: int = 1) -> list[int]:
    """Let this many sessions become delayed at ten; returns their ids."""
    ids = [a_booking(session, mentor=cast.mentor, student=cast.student) for _ in range(count)]
    update_session_statuses(session, now=TEN, cause=Cause.WORKER, returning=no_updates)
    return ids


class Worker:
    """A webhook sender with a clock of its own, which stands until a test moves it."""

    def __init__(self, session: Session, hooks: WebhookClient) -> None:
        self.now = TEN
        self._session = session
        self._caller = WebhookSender(hooks, KEY, webhook_body, lambda: self.now, SILENCE)

    def begin(self) -> timedelta:
        """One step: note the answers that came, begin the calls that are due."""
        return self._caller.step(self._session)

    def work(self, now: datetime | None = None) -> None:
        """Make every call that is due at `now`, and wait for the answers."""
        self.now = now or self.now
        while self._caller.step(self._session) == timedelta(0):
            pass

    def close(self) -> None:
        """End the sender."""
        self._caller.close(self._session)


def calls_of(session: Session, endpoint_id: int) -> list[WebhookCall]:
    """The calls of an endpoint as the database has them now, oldest first."""
    session.rollback()
    session.expire_all()
    return list(
        session.scalars(
            select(WebhookCall)
            .where(WebhookCall.endpoint_id == endpoint_id)
            .order_by(WebhookCall.id)
        )
    )


def the_endpoint(session: Session, endpoint_id: int) -> WebhookEndpoint:
    """The endpoint as the database has it now."""
    session.rollback()
    session.expire_all()
    return session.get_one(WebhookEndpoint, endpoint_id)
