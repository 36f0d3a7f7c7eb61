"""Fixtures for all tests. A test that uses `engine` runs on SQLite and on PostgreSQL."""

import gc
import os
import sys
from collections.abc import Callable, Iterator

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from sqlalchemy.orm import Session

from mentorship import create_app
from mentorship.adapters import passwords
from mentorship.domain.accounts.viewers import Viewer
from mentorship.extensions import db
from tests.support.apps import Applications
from tests.support.builders import Cast, a_cast
from tests.support.databases import ENGINES, Databases, settings_for
from tests.support.processes import sign_in_as
from tests.support.receiver import Receiver, a_receiver

CRON_SECRET = "a-cron-secret-for-tests"
RECORDING_SECRET = "a-recording-secret-for-tests"

# A deadline for each example, or for drawing it, would test how busy the machine is.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


def pytest_collection_finish() -> None:
    """Keep the garbage collector away from what stays: the modules and the tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hash with the least work in this process: Argon2 takes half the time of a sign-in.

    Servers and commands that tests start as processes hash at the product's own cost.
    """
    least = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", least)
        patch.setattr(passwords, "_DUMMY", least.hash("no account has this password"))
        yield


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory) -> Iterator[None]:
    """Share compiled modules among the processes that tests start, if Python is to keep none.

    Otherwise each of them would compile the whole product again.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    with pytest.MonkeyPatch.context() as patch:
        if sys.dont_write_bytecode:
            patch.setenv("PYTHONPYCACHEPREFIX", str(folder / "compiled"))
            patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
        yield


@pytest.fixture(scope="session")
def databases(tmp_path_factory) -> Iterator[Databases]:
    """The maker of fresh databases."""
    maker = Databases(tmp_path_factory.mktemp("databases"))
    yield maker
    maker.close()


@pytest.fixture(params=ENGINES)
def engine(request) -> str:
    """Each of the two engines."""
    return request.param


@pytest.fixture
def database_url(databases, engine) -> Iterator[str]:
    """A fresh, migrated, empty database."""
    with databases.fresh(engine) as url:
        yield url


@pytest.fixture(scope="session")
def applications() -> Applications:
    """The maker of applications."""
    return Applications(cron_secret=CRON_SECRET, recording_secret=RECORDING_SECRET)


@pytest.fixture
def app(database_url, applications) -> Iterator[Flask]:
    """The application on a fresh database; its context is not entered."""
    with applications.on(database_url) as application:
        yield application


@pytest.fixture
def app_with(database_url) -> Iterator[Callable[..., Flask]]:
    """`app_with(base_url="...")`: another application on the test's database, with these settings.

    Its connections are closed afterwards; from 3.13 on Python warns about open ones.
    """
    made = []

    def make(**settings: object) -> Flask:
        made.append(create_app(settings_for(database_url, **settings)))
        return made[-1]

    yield make
    for application in made:
        with application.app_context():
            db.engine.dispose()


@pytest.fixture
def session(app) -> Iterator[Session]:
    """A database session of the test's own, apart from those of the requests."""
    with app.app_context():
        bound = db.engine
    with Session(bound, expire_on_commit=False) as opened:
        yield opened


@pytest.fixture
def cast(session) -> Cast:
    """A student, her mentor, another mentor, an admin and a stranger."""
    return a_cast(session)


@pytest.fixture
def client_for(app):
    """`client_for(viewer)`: a client in which this person is signed in; None for nobody."""

    def make(viewer: Viewer | None) -> FlaskClient:
        client = app.test_client()
        if viewer is not None:
            sign_in_as(app, client, viewer)
        return client

    return make


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An HTTP server on the loopback that stands for another system."""
    with a_receiver() as started:
        yield started
