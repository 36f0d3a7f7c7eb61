"""`flask("sweep", "--json")`: a command as an operator types it, on both engines."""

from collections.abc import Callable

import pytest
from click.testing import Result

from mentorship import create_app
from mentorship.extensions import db
from tests.support.databases import settings_for


@pytest.fixture
def flask(app) -> Callable[..., Result]:
    """Runs a command on the test's database; `input` answers its questions."""
    return lambda *arguments, **options: app.test_cli_runner().invoke(
        args=arguments, prog_name="flask", **options
    )


@pytest.fixture
def flask_on() -> Callable[..., Result]:
    """Runs a command on the database with this URL, with other settings too."""

    def run(url: str, *arguments: str, **settings: object) -> Result:
        app = create_app(settings_for(url, **settings))
        result = app.test_cli_runner().invoke(args=arguments, prog_name="flask")
        with app.app_context():
            db.engine.dispose()
        return result

    return run
