"""A worker's half that calls webhooks, and what it has noted."""

from datetime import timedelta

from sqlalchemy import select

from mentorship.models import Cause, WebhookCall, WebhookEndpoint
from mentorship.schemas.webhooks import webhook_body
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from mentorship.services.webhooks.send import WebhookSender
from tests.support.builders import a_booking, at

KEY = "a-secret-key-for-tests"
TEN = at("10:00")


def delay(session, cast, count=1):
    """So many sessions become delayed at ten; returns their ids."""
    ids = [a_booking(session, mentor=cast.mentor, student=cast.student) for _ in range(count)]
    update_session_statuses(session, now=TEN, cause=Cause.WORKER, returning=no_updates)
    return ids


class Worker:
    """A caller with a clock of its own, which stands until a test moves it."""

    def __init__(self, session, hooks):
        self.now = TEN
        self._session = session
        self._caller = WebhookSender(hooks, KEY, webhook_body, lambda: self.now)

    def begin(self):
        """One step: what was answered is noted, what is due is begun."""
        return self._caller.step(self._session)

    def work(self, now=None):
        """Everything that is due at `now`, to its end."""
        self.now = now or self.now
        while self._caller.step(self._session) == timedelta(0):
            pass

    def close(self):
        self._caller.close(self._session)


def calls_of(session, endpoint_id):
    session.rollback()
    session.expire_all()
    return list(
        session.scalars(
            select(WebhookCall)
            .where(WebhookCall.endpoint_id == endpoint_id)
            .order_by(WebhookCall.id)
        )
    )


def the_endpoint(session, endpoint_id):
    session.rollback()
    session.expire_all()
    return session.get_one(WebhookEndpoint, endpoint_id)
