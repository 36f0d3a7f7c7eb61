"""What the tests of migrations stand on."""

from collections.abc import Iterator

import pytest
from flask import Flask

from mentorship import create_app
from mentorship.extensions import db
from tests.support.databases import settings_for


@pytest.fixture
def empty_app(databases, engine) -> Iterator[Flask]:
    """The application on a database without any table."""
    with databases.empty(engine) as url:
        app = create_app(settings_for(url))
        with app.app_context():
            yield app
            db.engine.dispose()
