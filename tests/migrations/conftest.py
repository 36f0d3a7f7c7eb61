"""Shared fixtures of the tests of migrations."""

from collections.abc import Iterator

import pytest
from alembic.script import ScriptDirectory
from flask import Flask

from mentorship import create_app
from mentorship.extensions import db
from tests.support.databases import settings_for


@pytest.fixture(scope="package", autouse=True)
def migrations_read_once() -> Iterator[None]:
    """Read the migrations once: Alembic loads all of them for each command, which takes longest."""
    read, directories = ScriptDirectory.from_config, {}

    def from_config(config):
        folder = config.get_main_option("script_location")
        if folder not in directories:
            directories[folder] = read(config)
        return directories[folder]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptDirectory, "from_config", from_config)
        yield


@pytest.fixture
def empty_app(databases, engine) -> Iterator[Flask]:
    """The application on a database without any table."""
    with databases.empty(engine) as url:
        app = create_app(settings_for(url))
        with app.app_context():
            yield app
            db.engine.dispose()
