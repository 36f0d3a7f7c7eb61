"""Fixtures of the runs, and the figures that the long forms print."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine

from tests.support.databases import Databases


@pytest.fixture
def figure(request) -> Callable[[str], None]:
    """`figure("...")` prints a line at once, so that a run that is stopped keeps its figures.

    Only a proof run prints: the short forms have nothing to say.
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
    """On a PostgreSQL server of their own, which may be killed, stopped and started."""

    def keep_what_is_acknowledged(self) -> None:
        """As a real server does; the tests' usual one is set up to be fast instead."""
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
    """The maker of databases that may lose their server."""
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
    """Parameters of a run: the short form always, the long form in `make proof` alone."""
    return [
        pytest.param(short, id="short"),
        pytest.param(long, id="long", marks=pytest.mark.proof),
    ]
