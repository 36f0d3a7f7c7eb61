"""Fixtures of the HTTP tests: a clock to set, and clients that know the description."""

from collections.abc import Iterator

import pytest
from flask import Flask
from freezegun.api import FrozenDateTimeFactory

from tests.support.builders import at
from tests.support.clocks import able_to_stand, standing_at
from tests.support.description import DescribedClient


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


@pytest.fixture
def clock(going_clock) -> Iterator[FrozenDateTimeFactory]:
    """The server's clock, standing at 09:50 of the tests' day until a test moves it."""
    with standing_at(at("09:50")) as frozen:
        yield frozen
