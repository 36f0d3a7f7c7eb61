"""Somebody who has only the running demo finds the way with the help of the pages alone."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from mentorship.adapters.passwords import DEMO_PASSWORD
from mentorship.clock import utc_now
from mentorship.services.operations.demo import load_demo
from tests.support.browser import a_site

pytestmark = pytest.mark.browser

TOPIC = "How to read a query plan"


def signed_in(windows, site, email, **options):
    """The window of a person who has just signed in."""
    window = windows.of(site, None, **options).go("/")
    page = window.page
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(DEMO_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your sessions")).to_be_visible()
    return window


def the_session(page, part):
    """The session with this topic, in this part of the page."""
    return page.get_by_role("region", name=part).get_by_role("listitem").filter(has_text=TOPIC)


def test_a_new_student_books_sees_the_mentor_start_and_finds_the_history_afterwards(
    databases, windows, tmp_path
):
    with databases.fresh("sqlite") as url, a_site(url, tmp_path) as site:
        # Some minutes ahead, so that nothing else falls due in the minute that passes below.
        load_demo(site.session, now=utc_now() + timedelta(minutes=5))
        with site.served():
            # 1. The student books the first free time of a mentor.
            his = signed_in(windows, site, "sam@example.org", clock=utc_now())
            page = his.page
            page.get_by_role("link", name="Mentors", exact=True).click()
            maya = page.get_by_role("listitem").filter(
                has=page.get_by_role("heading", name="Maya Okafor")
            )
            maya.get_by_role("link", name=re.compile(r"\d\d:\d\d")).first.click()
            page.get_by_label("Topic").fill(TOPIC)
            page.get_by_role("button", name="Book this session").click()
            expect(page.get_by_role("status")).to_contain_text("booked")
            page.get_by_role("link", name="Sessions", exact=True).click()
            expect(the_session(page, "Upcoming")).to_be_visible()

            # 2. The mentor starts it, long before its time, so that the page asks first.
            hers = signed_in(windows, site, "maya@example.org").page
            the_session(hers, "Upcoming").get_by_role("button", name="Start").click()
            hers.get_by_role("button", name="Start anyway").click()
            expect(the_session(hers, "Now")).to_be_visible()

            # 3. The student's page shows and says so by itself.
            his.pass_time(5_500, answers=1)
            expect(the_session(page, "Now")).to_contain_text("Ongoing")
            expect(page.get_by_role("status")).to_contain_text(f"{TOPIC}: The session was started.")
            the_session(hers, "Now").get_by_role("button", name="Complete").click()
            hers.get_by_role("button", name="Mark as complete").click()
            expect(the_session(hers, "Past")).to_be_visible()

            # 4. Afterwards the session tells its story.
            page.get_by_role("link", name="Sessions", exact=True).click()
            the_session(page, "Past").get_by_role("link", name=TOPIC).click()
            history = page.get_by_role("region", name="History")
            for says in ("Booked by Sam", "Started by Maya", "Completed by Maya"):
                expect(history).to_contain_text(says)
            assert his.errors == []
