"""A German browser sees the product in German; what its person chooses stays."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from mentorship.clock import utc_now
from mentorship.domain.lifecycle import Status
from mentorship.domain.people import Role
from tests.support.builders import a_booking

pytestmark = pytest.mark.browser


def test_a_german_browser_sees_its_dashboard_in_german_and_remembers_english(site, windows):
    mentor, student = site.person("Maya", Role.MENTOR), site.person("Sam", Role.STUDENT)
    now = utc_now()
    soon = a_booking(site.session, mentor=mentor, student=student, starts=now + timedelta(hours=5))
    late = a_booking(site.session, mentor=mentor, student=student, status=Status.ONGOING,
                     is_delayed=True, starts=now - timedelta(minutes=20))  # fmt: skip
    window = windows.of(site, mentor, locale="de-DE").go()
    page = window.page

    assert page.title().endswith("Deine Sitzungen · Mentorship")
    assert page.inner_text("#title-attention").startswith("Braucht Aufmerksamkeit")
    assert page.inner_text(f"#session-{soon} .left") == "in 5 Stunden"
    window.wait(lambda: "Minuten verspätet" in page.inner_text(f"#session-{late}"))
    window.press(late, "Wir haben begonnen")
    window.wait(lambda: "ist als begonnen vermerkt." in page.inner_text("#notice"))
    window.wait(lambda: "Spät begonnen, um" in page.inner_text(f"#session-{late}"))

    window.go("/account")
    page.get_by_label("Sprache").select_option("en")
    page.get_by_role("button", name="Speichern", exact=True).click()
    expect(page.locator("#notice")).to_contain_text("Your account is changed.")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    again = windows.of(site, mentor, locale="de-DE").go().page
    assert again.title().endswith("Your sessions · Mentorship")
    assert window.errors == []
