"""Fixtures of the HTTP tests: a clock to set, and clients that know the description."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from freezegun.api import FrozenDateTimeFactory

from tests.support.builders import a_cast, at
from tests.support.clocks import able_to_stand, standing_at
from tests.support.description import DescribedClient
from tests.support.snapshots import snapshot
from tests.web.access import Scene, a_scene


@pytest.fixture
def app(app, monkeypatch) -> Flask:
    """The application; what it answers to JSON callers is held against its description."""
    monkeypatch.setattr(app, "test_client_class", DescribedClient)
    return app


@pytest.fixture(scope="module")
def going_clock() -> Iterator[None]:
    """Freezegun's, for all the tests of a module in which one wants the clock to stand."""
    with able_to_stand():
        yield


@pytest.fixture(autouse=True)
def clock(request) -> Iterator[FrozenDateTimeFactory | None]:
    """The server's clock, standing at 09:50 of the tests' day until a test moves it.

    No test depends on the hour at which it is run, but for the few that are marked `real_clock`.
    """
    if request.node.get_closest_marker("real_clock"):
        yield None
        return
    request.getfixturevalue("going_clock")
    with standing_at(at("09:50")) as frozen:
        yield frozen


@pytest.fixture(scope="package")
def scenes() -> dict[str, tuple[Scene, Callable[[str], None]]]:
    """The scene of each engine, and what puts its rows into an empty database."""
    return {}


@pytest.fixture
def scene(app, session, clock, engine, database_url, scenes) -> Scene:
    """Everybody, and one thing of each kind.

    Made once for each engine: to make it takes longer than most that is asked of it.
    """
    if engine in scenes:
        made, restore = scenes[engine]
        restore(database_url)
    else:
        made = a_scene(app, session, a_cast(session))
        session.rollback()
        scenes[engine] = made, snapshot(database_url)
    return made
