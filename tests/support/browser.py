"""Real browser windows on the real server."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mentorship import create_app
from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.extensions import db
from mentorship.models import User
from tests.support.builders import a_user
from tests.support.databases import SECRET_KEY, settings_for
from tests.support.processes import (
    HOST,
    Server,
    a_free_port,
    a_server,
    cookie_of,
    wait_until,
)
from tests.support.programs import first_program, required_program

# The first draws the same pages without the frame of a desktop's browser, for half the work.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

POLL = "/api/admin/update-session-status"

_LISTEN = """
  window.told = [];
  window.addEventListener("session-status-updated", (event) => told.push(event.detail));
  let isHidden = false;
  Object.defineProperty(document, "hidden", { get: () => isHidden });
  window.hide = (hidden) => {
    isHidden = hidden;
    document.dispatchEvent(new Event("visibilitychange"));
  };
"""


def the_program() -> str | None:
    """The machine's own browser, so that nothing is downloaded; None where there is none."""
    return first_program(*NAMES)


@contextmanager
def a_browser() -> Iterator[Browser]:
    """A running Chromium. Without one the test is skipped; REQUIRE_BROWSER=1 makes it fail."""
    program = required_program(*NAMES, variable="REQUIRE_BROWSER")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(ARGUMENTS))
        yield browser
        browser.close()


@dataclass(frozen=True)
class Site:
    """The product on one database: its address, and a way to the data beside the server."""

    url: str
    port: int
    folder: Path
    app: Flask
    session: Session

    @property
    def address(self) -> str:
        """Where the server is, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    @contextmanager
    def served(self) -> Iterator[Server]:
        """Run the server inside the context, each time on the same port."""
        with a_server(self.url, workers=1, folder=self.folder, port=self.port) as server:
            yield server

    def person(self, name: str, *roles: Role, **others: Any) -> Viewer:
        """A new person with a name that nobody else has."""
        number = self.session.scalar(select(func.count()).select_from(User))
        return a_user(self.session, f"{name} {number}", *roles, **others)


@contextmanager
def a_site(url: str, folder: Path) -> Iterator[Site]:
    """A site on this migrated database; its server is not started yet."""
    app = create_app(settings_for(url, secret_key=SECRET_KEY))
    with app.app_context():
        engine = db.engine
    with Session(engine, expire_on_commit=False) as session:
        yield Site(url, a_free_port(), folder, app, session)
    engine.dispose()


@dataclass
class Window:
    """One browser window, with the messages of its console and the statuses of its polls."""

    page: Page
    site: Site
    console: list[tuple[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    @classmethod
    def opened(cls, context: BrowserContext, site: Site) -> "Window":
        """A new, empty window."""
        context.add_init_script(_LISTEN)
        window = cls(context.new_page(), site)
        window.page.on("console", lambda it: window.console.append((it.type, it.text)))
        window.page.on("pageerror", lambda error: window.console.append(("error", str(error))))
        window.page.on("response", window._note)
        return window

    def _note(self, response: Any) -> None:
        if response.url.endswith(POLL):
            self.answers.append(response.status)

    def go(self, path: str = "/dashboard") -> "Window":
        """Open a path of the site."""
        self.page.goto(self.site.address + path)
        return self

    def wait(self, condition: Callable[[], Any], *, seconds: float = 60) -> Any:
        """Wait for the first true result of `condition` while the page keeps running."""

        def asked() -> Any:
            self.page.evaluate("0")  # What the page has sent is handed on only during a call.
            return condition()

        return wait_until(asked, seconds=seconds)

    @property
    def told(self) -> list[dict[str, Any]]:
        """`event.detail` of each `session-status-updated` that reached the window."""
        told: list[dict[str, Any]] = self.page.evaluate("told")
        return told

    @property
    def updates(self) -> list[dict[str, Any]]:
        """The updates of all events, in order."""
        return [update for detail in self.told for update in detail["updates"]]

    @property
    def errors(self) -> list[str]:
        """The errors on the console, violations of the security policy included."""
        return [text for kind, text in self.console if kind == "error"]

    def cards(self, section: str = "") -> list[list[Any]]:
        """Id, status and delay of the sessions in one list, or in all."""
        inside = f"#list-{section} " if section else ""
        cards: list[list[Any]] = self.page.eval_on_selector_all(
            f"{inside}[data-status]",
            """(cards) => cards.map((card) => [
                 Number(card.id.split("-")[1]), card.dataset.status, card.dataset.delayed === "true"
               ])""",
        )
        return cards

    def press(self, booking: int, label: str) -> None:
        """Press a button of a session, or open its confirmation."""
        texts = self.page.locator(f"#session-{booking}").get_by_text(label, exact=True)
        texts.filter(visible=True).click()

    def complete(self, booking: int) -> None:
        """Complete a session whose time is not over, or that nobody began: the page asks first."""
        self.press(booking, "Complete")
        self.press(booking, "Mark as complete")

    def shows(self, section: str, booking: int, status: str, *, is_delayed: bool) -> None:
        """Wait until this list shows the session with this status."""
        expected = [booking, status, is_delayed]
        self.wait(lambda: expected in self.cards(section))

    def look_again(self) -> None:
        """Leave the window and come back, which makes it poll; wait for the answer."""
        before = len(self.answers)
        self.page.evaluate("hide(true); hide(false)")
        self.wait(lambda: len(self.answers) > before and self._has_settled())

    def pass_time(self, milliseconds: int, *, answers: int) -> None:
        """Advance the window's clock, which must be installed; wait for this many answers."""
        before = len(self.answers)
        self.page.clock.run_for(milliseconds)
        self.wait(lambda: len(self.answers) >= before + answers and self._has_settled())

    def pass_time_until_answered(self, *, step: int = 5_000, most: int = 120_000) -> None:
        """Advance the window's clock in steps until a poll is answered, for at most so long.

        Milliseconds. A step must be shorter than the time after which the page gives a request up.
        """
        before = len(self.answers)
        for _ in range(most // step):
            self.page.clock.run_for(step)
            self.wait_until_settled()
            if len(self.answers) > before:
                return
        raise TimeoutError(f"no poll was answered within {most} ms of the window's time")

    def wait_until_settled(self) -> None:
        """Wait until the page is done with its last poll, whatever came of it."""
        self.wait(self._has_settled)

    def _has_settled(self) -> bool:
        """Whether the page is done with the last answer, and so knows when it polls next."""
        return self.page.locator("#sessions.htmx-request").count() == 0


class Windows:
    """Opens windows of signed-in people, each in a browser profile of its own."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []

    def of(
        self, site: Site, viewer: Viewer | None, *, clock: datetime | None = None, **options: Any
    ) -> Window:
        """A window in which this person is signed in; the window's own clock stands at `clock`.

        Without a `locale` its language is British English, with the 24-hour clock.
        """
        context = self._browser.new_context(**({"locale": "en-GB"} | options))
        context.set_default_timeout(60_000)  # Milliseconds; a busy machine is no fault.
        self._contexts.append(context)
        if viewer is not None:
            name, _, value = cookie_of(site.app, viewer).partition("=")
            context.add_cookies([{"name": name, "value": value, "url": site.address}])
        window = Window.opened(context, site)
        if clock is not None:
            # It runs until it is paused, and cannot be set back.
            window.page.clock.install(time=clock - timedelta(minutes=1))
            window.page.clock.pause_at(clock)
        return window

    def close(self) -> None:
        """Close all of them."""
        for context in self._contexts:
            context.close()
