"""Typed text survives a stopped page and the sending of another form."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Status
from tests.support.builders import a_booking

pytestmark = pytest.mark.browser


@pytest.fixture
def over(site):
    """The page of a session that is over, and its mentor."""
    mentor = site.person("Maya", Role.MENTOR)
    booking = a_booking(
        site.session,
        mentor=mentor,
        student=site.person("Sam", Role.STUDENT),
        status=Status.COMPLETED,
        starts=utc_now() - timedelta(days=1),
    )
    return f"/sessions/{booking}", mentor


def test_after_stopping_a_page_that_does_not_load_a_person_may_press_again(site, windows, over):
    path, mentor = over
    page = windows.of(site, mentor, clock=utc_now()).go(path).page
    save = page.get_by_role("button", name="Save summary and notes")
    page.get_by_label("Summary").fill("Read on indexes")
    form = page.locator("form").filter(has=save)
    page.route("**/notes", lambda route: route.abort("aborted"))  # As the button of the browser.
    with page.expect_event("requestfailed"):
        save.click()
    page.unroute("**/notes")

    page.clock.run_for(29_000)
    expect(form).to_have_attribute("aria-busy", "true")
    page.clock.run_for(1_000)
    save.click()

    expect(page.get_by_text("Summary and notes saved.")).to_be_visible()


def test_text_in_another_form_is_not_lost_without_a_question(site, windows, over):
    path, mentor = over
    page = windows.of(site, mentor).go(path).page
    summary = page.get_by_label("Summary")
    summary.press_sequentially("Read on indexes")
    page.get_by_label("Link").fill("https://video.example.org/a")
    with page.expect_event("dialog") as asked:
        page.get_by_role("button", name="Save recording link").click(no_wait_after=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()
    expect(summary).to_have_value("Read on indexes")

    page.get_by_role("button", name="Save summary and notes").click()
    expect(page.get_by_text("Summary and notes saved.")).to_be_visible()
    expect(summary).to_have_value("Read on indexes")
