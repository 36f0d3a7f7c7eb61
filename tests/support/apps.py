"""The application as a test finds it: as if just made, on a database of the test's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask

from mentorship import create_app
from mentorship.extensions import db
from mentorship.logs import configure_logs
from mentorship.web.calendars import feeds
from mentorship.web.http.limits import attempts
from tests.support.databases import settings_for


class Applications:
    """Makes one application for each address, because to make one takes longer than most tests."""

    def __init__(self, **secrets: str) -> None:
        self._secrets = secrets
        self._made: dict[str, Flask] = {}

    @contextmanager
    def on(self, url: str) -> Iterator[Flask]:
        """The application on this database; what it remembers is forgotten afterwards.

        What a test changes in it beyond that, it changes with `monkeypatch`.
        """
        if url not in self._made:
            self._made[url] = create_app(settings_for(url, **self._secrets))
        app = self._made[url]
        configure_logs(is_production=False)  # To where standard error goes in this test.
        yield app
        with app.app_context():
            db.engine.dispose()
        feeds.init_app(app)
        attempts.init_app(app, app.extensions["settings"])
