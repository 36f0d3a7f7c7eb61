"""Fixtures of the runs, and the figures that the long forms print."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine

from tests.support.databases import Databases

_figures: list[str] = []


@pytest.fixture
def figure(request) -> Callable[[str], None]:
    """`figure("...")` prints a line beneath the run's name at the end of all tests."""
    return lambda line: _figures.append(f"{request.node.name}: {line}")


def pytest_terminal_summary(terminalreporter, config):
    """Only a proof run prints: the short forms have nothing to say."""
    if config.getoption("markexpr") == "proof":
        terminalreporter.section("figures")
        for line in _figures:
            terminalreporter.write_line(line)


@pytest.fixture
def reader(database_url) -> Iterator[Engine]:
    """An engine of the checker's own."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def fragile(tmp_path_factory) -> Iterator[Databases]:
    """Databases on a PostgreSQL server of their own, which may be killed and restarted."""
    maker = Databases(tmp_path_factory.mktemp("fragile"))
    yield maker
    maker.close()


def sizes(short: object, long: object) -> list[object]:
    """Parameters of a run: the short form always, the long form in `make proof` alone."""
    return [
        pytest.param(short, id="short"),
        pytest.param(long, id="long", marks=pytest.mark.proof),
    ]
