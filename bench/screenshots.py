"""`python -m bench.screenshots [FOLDER]`: the demo in a real browser, as the pictures of docs/."""

import sys
import tempfile
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from mentorship.clock import utc_now
from mentorship.config import PROJECT
from mentorship.queries.accounts.people import account_of
from mentorship.services.operations.demo import load_demo
from tests.support.browser import Windows, a_browser, a_site
from tests.support.databases import Databases

LAPTOP = {"viewport": {"width": 1280, "height": 860}}
PHONE = {"viewport": {"width": 360, "height": 760}}

PICTURES: tuple[tuple[str, str, str, dict[str, Any], str], ...] = (
    # file, whose page, which, size, colours
    ("mentor-dashboard", "maya@example.org", "/dashboard", LAPTOP, "light"),
    ("mentor-dashboard-dark", "maya@example.org", "/dashboard", LAPTOP, "dark"),
    ("mentor-dashboard-phone", "maya@example.org", "/dashboard", PHONE, "light"),
    ("mentor-week", "maya@example.org", "/dashboard/week", LAPTOP, "light"),
    ("student-dashboard", "sam@example.org", "/dashboard", LAPTOP, "light"),
    ("student-dashboard-phone-dark", "sam@example.org", "/dashboard", PHONE, "dark"),
    ("student-mentors-phone", "sam@example.org", "/mentors", PHONE, "light"),
    ("student-day-phone-dark", "sam@example.org", "/dashboard/day", PHONE, "dark"),
)


def main() -> None:
    """Draw each picture into the folder, or into docs/."""
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / "docs"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        databases = stack.enter_context(closing(Databases(folder)))
        site = stack.enter_context(a_site(stack.enter_context(databases.fresh("sqlite")), folder))
        # A minute ahead, so that nothing falls due between two pictures.
        load_demo(site.session, now=utc_now() + timedelta(minutes=1))
        stack.enter_context(site.served())
        windows = stack.enter_context(closing(Windows(stack.enter_context(a_browser()))))
        for name, email, path, size, colours in PICTURES:
            account = account_of(site.session, email)
            assert account is not None, "the demo has this person"
            window = windows.of(site, account.viewer, color_scheme=colours, **size).go(path)
            window.page.screenshot(path=target / f"{name}.png")


if __name__ == "__main__":
    main()
