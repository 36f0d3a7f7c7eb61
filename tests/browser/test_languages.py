"""A German browser sees the product in German, until the person chooses another language."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Status
from tests.support.builders import a_booking

pytestmark = pytest.mark.browser


LINES = """(elements) => elements.map((element) => {
  const range = document.createRange();
  range.selectNodeContents(element);
  return new Set([...range.getClientRects()].map(({ bottom }) => Math.round(bottom))).size;
})"""


def test_no_day_and_no_status_of_a_german_week_breaks(site, windows):
    mentor, student = site.person("Maya", Role.MENTOR), site.person("Sam", Role.STUDENT)
    for day in (28, 30):
        a_booking(
            site.session,
            mentor=mentor,
            student=student,
            status=Status.COMPLETED,
            starts=datetime(2026, 9, day, 10, tzinfo=UTC),
        )
    for width in (360, 1056, 1280):
        page = (
            windows.of(site, student, locale="de-DE", viewport={"width": width, "height": 900})
            .go("/dashboard/week?day=2026-09-30")
            .page
        )
        assert page.locator(".week h3").nth(2).inner_text() == "Mi., 30. Sept. 2026"
        assert page.locator(".badge").first.inner_text() == "Abgeschlossen"
        assert page.eval_on_selector_all(".week h3 a", LINES) == [1] * 7
        assert page.eval_on_selector_all(".badge", LINES) == [1] * 2


def test_a_german_browser_sees_its_dashboard_in_german_and_remembers_english(site, windows):
    mentor, student = site.person("Maya", Role.MENTOR), site.person("Sam", Role.STUDENT)
    now = utc_now()
    soon = a_booking(site.session, mentor=mentor, student=student, starts=now + timedelta(hours=5))
    late = a_booking(
        site.session,
        mentor=mentor,
        student=student,
        status=Status.ONGOING,
        is_delayed=True,
        starts=now - timedelta(minutes=20),
    )
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
    expect(page.locator("#notice")).to_contain_text("Your account has been updated.")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    again = windows.of(site, mentor, locale="de-DE").go().page
    assert again.title().endswith("Your sessions · Mentorship")
    assert window.errors == []
