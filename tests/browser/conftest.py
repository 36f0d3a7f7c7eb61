"""All browser tests share one browser and one server for each engine; each makes new people."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import Site, Windows, a_browser, a_site

expect.set_options(timeout=60_000)  # Milliseconds; as long as a window waits.


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A running Chromium."""
    with a_browser() as running:
        yield running


@pytest.fixture(scope="package")
def site_on(databases, tmp_path_factory) -> Iterator[Callable[[str], Site]]:
    """`site_on("sqlite")`: the served site on this engine, started on first use."""
    sites: dict[str, Site] = {}
    with ExitStack() as stack:

        def make(engine: str) -> Site:
            if engine not in sites:
                url = stack.enter_context(databases.fresh(engine))
                site = stack.enter_context(a_site(url, tmp_path_factory.mktemp("site")))
                stack.enter_context(site.served())
                sites[engine] = site
            return sites[engine]

        yield make


@pytest.fixture
def site(browser, site_on, request) -> Iterator[Site]:
    """The served site, on SQLite unless the test names its engines."""
    site = site_on(getattr(request, "param", "sqlite"))
    yield site
    site.session.rollback()  # PostgreSQL ends whoever is idle in a transaction for a minute.


@pytest.fixture
def windows(browser) -> Iterator[Windows]:
    """`windows.of(site, viewer)`: a new window."""
    opened = Windows(browser)
    yield opened
    opened.close()
