"""The application as a test finds it: as if new, on a database of the test's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from mentorship import create_app
from mentorship.adapters.rate_limiter import throttle_for
from mentorship.current import parts_of
from mentorship.extensions import db
from mentorship.logs import configure_logs
from mentorship.web.calendars import feeds
from tests.support.databases import settings_for


class Applications:
    """Creates one application for each address: creating one takes longer than most tests."""

    def __init__(self, **secrets: str) -> None:
        self._secrets = secrets
        self._made: dict[str, Flask] = {}

    @contextmanager
    def on(self, url: str) -> Iterator[Flask]:
        """The application on this database; it forgets afterwards what it remembered.

        A test that changes anything else in it uses `monkeypatch`.
        """
        if url not in self._made:
            self._made[url] = create_app(settings_for(url, **self._secrets))
        app = self._made[url]
        configure_logs(is_production=False)  # To where standard error goes in this test.
        yield app
        with app.app_context():
            db.engine.dispose()
        feeds.init_app(app)
        parts = parts_of(app)
        parts.throttle = throttle_for(parts.settings.redis_url)
