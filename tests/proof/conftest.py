"""Fixtures of the runs, and the figures that the long runs print."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine

from tests.support.databases import Databases


@pytest.fixture
def figure(request) -> Callable[[str], None]:
    """`figure("...")` prints a line at once, so that an interrupted run keeps its figures.

    Only a proof run prints.
    """
    plugins = request.config.pluginmanager
    terminal = plugins.get_plugin("terminalreporter")

    def write(line: str) -> None:
        if request.config.getoption("markexpr") == "proof":
            with plugins.get_plugin("capturemanager").global_and_fixture_disabled():
                terminal.write_line(f"\n{request.node.name}: {line}")

    return write


@pytest.fixture
def reader(database_url) -> Iterator[Engine]:
    """An engine of the checker's own."""
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


class FragileDatabases(Databases):
    """Databases on their own PostgreSQL server, which tests may kill, stop and start."""

    def keep_what_is_acknowledged(self) -> None:
        """Make commits durable, as on a real server; the usual one of the tests is fast instead."""
        self._postgresql("ALTER SYSTEM RESET ALL")
        self._postgresql("SELECT pg_reload_conf()")

    def stop(self) -> None:
        """Stop the server in the middle of whatever runs on it."""
        self._server.stop()

    def start(self) -> None:
        """Start it again."""
        self._server.start()

    def restart(self) -> None:
        """Stop the server and start it again."""
        self.stop()
        self.start()


@pytest.fixture(scope="module")
def fragile(tmp_path_factory) -> Iterator[FragileDatabases]:
    """Makes databases whose server may be killed."""
    maker = FragileDatabases(tmp_path_factory.mktemp("fragile"))
    maker.keep_what_is_acknowledged()
    yield maker
    maker.close()


@pytest.fixture
def fragile_url(fragile) -> Iterator[str]:
    """A fresh database on the server that may be killed."""
    with fragile.fresh("postgresql") as url:
        yield url


def sizes(short: object, long: object) -> list[object]:
    """The sizes of a run: the short one always, the long one only in `make proof`."""
    return [
        pytest.param(short, id="short"),
        pytest.param(long, id="long", marks=pytest.mark.proof),
    ]
