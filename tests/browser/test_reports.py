"""A person follows a figure to its sessions and finds the same numbers in the files."""

import csv
from collections import Counter
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Status
from tests.support.builders import a_booking

pytestmark = pytest.mark.browser


@pytest.fixture
def taught(site):
    """An admin, a mentor, and six sessions of the mentor's in the last days and the next."""
    admin, mentor = site.person("Ada", Role.ADMIN), site.person("Maya", Role.MENTOR)
    student, now = site.person("Sam", Role.STUDENT), utc_now()
    for days, topic, state in (
        (-3, "=1+1", {"status": Status.COMPLETED}),
        (-3, "Writing; reading", {"status": Status.COMPLETED, "is_delayed": True}),
        (-2, "Writing", {"status": Status.COMPLETED, "is_delayed": True, "arrived": True}),
        (-1, "Writing", {"status": Status.CANCELLED}),
        (-1, "Late", {"status": Status.ONGOING, "is_delayed": True}),
        (2, "To come", {}),
    ):
        a_booking(
            site.session,
            mentor=mentor,
            student=student,
            topic=topic,
            starts=now + timedelta(days=days),
            **state,
        )
    first, last = ((now + timedelta(days=days)).date() for days in (-8, 8))
    return admin, mentor, f"from={first}&to={last}&mentorId={mentor.id}"


def figure(page, name):
    """The link that is the value of a figure, and that value."""
    link = page.locator(f"#figure-{name} td a")
    return link, link.locator("data").get_attribute("value")


def downloaded(page, label, delimiter=","):
    """The rows of the file behind a link, as Python's reader sees them."""
    with page.expect_download() as download:
        page.get_by_role("link", name=label, exact=True).click()
    with download.value.path().open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def test_a_figure_its_sessions_and_both_files_say_the_same(site, windows, taught):
    admin, mentor, asked = taught
    window = windows.of(site, admin).go(f"/reports?{asked}")
    page = window.page
    shown = {name: figure(page, name)[1] for name in (
        "booked", "scheduled", "ongoing", "completed", "delayed", "open", "onTime",
        "minutesBooked", "punctualityRate",
    )}  # fmt: skip
    assert shown["booked"] == "6"

    [summary] = downloaded(page, "Figures (CSV)")
    sessions = downloaded(page, "Sessions (CSV)")
    for_spreadsheets = downloaded(page, "Sessions for a spreadsheet", ";")

    assert {name: float(summary[name]) for name in shown} == {
        name: float(value) for name, value in shown.items()
    }
    assert for_spreadsheets == sessions
    statuses = Counter(row["status"] for row in sessions)
    for name in ("scheduled", "ongoing", "completed"):
        assert statuses[name.upper()] == int(shown[name]), name
    assert sum(row["was_delayed"] == "true" for row in sessions) == int(shown["delayed"])
    assert sum(int(row["minutes_booked"]) for row in sessions) == int(shown["minutesBooked"])
    assert {row["mentor"] for row in sessions} == {mentor.name}
    assert sessions[0]["topic"] in ("'=1+1", "Writing; reading")

    for name in ("completed", "delayed", "open"):
        link, value = figure(page, name)
        link.click()
        expect(page.locator("data.total")).to_have_attribute("value", value)
        expect(page.locator("table.sessions tbody tr")).to_have_count(int(value))
        behind = downloaded(page, "Download these sessions (CSV)")
        assert len(behind) == int(value)
        page.go_back()
    assert window.errors == []


def test_the_definition_of_a_figure_opens_and_closes_by_keyboard(site, windows, taught):
    admin, _mentor, asked = taught
    page = windows.of(site, admin).go(f"/reports?{asked}").page
    definition = page.locator("#what-completion_rate")

    page.get_by_role("button", name="What is “Completion rate”?").focus()
    page.keyboard.press("Enter")
    expect(definition).to_be_visible()
    expect(definition).to_contain_text("as a share of the booked ones")
    page.keyboard.press("Escape")
    expect(definition).to_be_hidden()


@pytest.mark.parametrize("press", ["By month", "Last month", "Show"])
def test_a_report_that_takes_long_says_that_it_is_under_way(site, windows, taught, press):
    admin, _mentor, asked = taught
    page = windows.of(site, admin).go(f"/reports?{asked}").page
    # As while the answer is not there yet; a browser that waits for one tells nobody what it shows.
    page.evaluate("document.addEventListener('submit', (event) => event.preventDefault())")
    page.evaluate(
        """document.addEventListener("click", (event) => {
             if (event.target.closest("a")) event.preventDefault();
           })"""
    )

    role = "button" if press == "Show" else "link"
    page.get_by_role(role, name=press, exact=True).click()

    expect(page.get_by_text("Working on the report…")).to_be_visible()


@pytest.mark.parametrize("path", ["/reports", "/reports/statement"])
def test_what_is_printed_fits_on_the_paper(site, windows, taught, path):
    _admin, mentor, asked = taught
    page = windows.of(site, mentor, locale="de-DE").go(f"{path}?{asked}").page
    page.set_viewport_size({"width": 680, "height": 970})  # A4 with margins of 15 mm.
    page.emulate_media(media="print")

    assert page.evaluate("document.documentElement.scrollWidth") == 680
    expect(page.get_by_role("banner")).to_be_hidden()
