"""Run 16: an upgrade that is killed half-way leaves nothing behind, and works the next time."""

import os
import signal

import flask_migrate
import pytest
from sqlalchemy import event

from mentorship import create_app
from mentorship.extensions import Base, db
from tests.migrations.test_migrations import leftovers, tables
from tests.proof.conftest import sizes
from tests.support.databases import settings_for
from tests.support.processes import CONTEXT


def upgrade_and_die(url, number):
    """Upgrade, and be killed right before the statement with this number."""
    with create_app(settings_for(url)).app_context():
        seen = []

        def note(*_arguments):
            seen.append(1)
            if len(seen) == number:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(db.engine, "before_cursor_execute", note)
        flask_migrate.upgrade()


@pytest.mark.parametrize("numbers", sizes(short=(12, 25), long=range(1, 400, 3)))
def test_an_upgrade_that_is_killed_leaves_nothing_and_runs_again(databases, engine, numbers):
    with databases.empty(engine) as url:
        app = create_app(settings_for(url))
        for number in numbers:
            victim = CONTEXT.Process(target=upgrade_and_die, args=(url, number))
            victim.start()
            victim.join()
            if victim.exitcode == 0:
                break
            assert victim.exitcode == -signal.SIGKILL
            with app.app_context():
                assert leftovers(db.engine) == set()
        assert number > 20
        with app.app_context():
            flask_migrate.upgrade()
            assert tables() == set(Base.metadata.tables)
            flask_migrate.check()
            db.engine.dispose()
