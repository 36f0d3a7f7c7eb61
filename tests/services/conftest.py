"""Fixtures of the services' tests."""

import pytest
from sqlalchemy.orm import Session

from mentorship.adapters.webhook_client import WebhookClient
from tests.support.callers import Worker


@pytest.fixture
def a_worker(session):
    """`a_worker()`: one more, on a session of its own; all are closed afterwards."""
    made = []

    def make(hooks=None):
        own = Session(session.get_bind(), expire_on_commit=False)
        made.append((Worker(own, hooks or WebhookClient(loopback=True)), own))
        return made[-1][0]

    yield make
    for worker, own in made:
        worker.close()
        own.close()


@pytest.fixture
def worker(a_worker):
    return a_worker()
