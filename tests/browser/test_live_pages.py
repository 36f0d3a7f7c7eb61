"""Windows on all four live pages show by themselves what a person does elsewhere."""

import re
from datetime import timedelta

import pytest

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.services.sessions.actions import apply_action
from tests.support.builders import a_booking

pytestmark = pytest.mark.browser

PAGES = ("/dashboard", "/dashboard/week", "/dashboard/day", "/sessions/{booking}")
STEP, MOST = 500, 10_000
"""Milliseconds of a window's clock, for a page that waits about two seconds; one that is left with
a poll a minute does not make it."""


def opened_window(site, windows, viewer):
    """A window whose clock a test moves, so that it does not matter how fast the machine is."""
    return windows.of(site, viewer, clock=utc_now())


def missed(site, windows, *, without_waits=False):
    """The pages that did not show a press in time, or told it not exactly once."""
    mentor, student = site.person("Maya", Role.MENTOR), site.person("Sam", Role.STUDENT)
    booking = a_booking(
        site.session,
        mentor=mentor,
        student=student,
        status=Status.ONGOING,
        starts=utc_now() - timedelta(minutes=5),
    )
    opened = {path: opened_window(site, windows, student) for path in PAGES}
    for path, window in opened.items():
        if without_waits:
            window.page.route(re.compile(r"/app\..*js"), asks_never)
        window.go(path.format(booking=booking)).page.clock.run_for(1)  # htmx starts in a timer.

    apply_action(
        site.session, booking_id=booking, action=Action.COMPLETE, viewer=mentor, now=utc_now()
    )

    return [path for path, window in opened.items() if not shows_and_tells_once(window, booking)]


def asks_never(route):
    """The page's own script without its waits: the naive version."""
    answer = route.fetch()
    asks = "nextPoll = setTimeout(askNow"
    assert asks in answer.text()
    route.fulfill(response=answer, body=answer.text().replace(asks, "nextPoll = Math.min(askNow"))


def shows_and_tells_once(window, booking):
    badges = window.page.locator("#sessions .badge")
    for _ in range(MOST // STEP):
        window.page.clock.run_for(STEP)
        window.wait_until_settled()
        if badges.all_inner_texts() == ["Completed"]:
            window.look_again()
            return [update["sessionId"] for update in window.updates] == [booking]
    return False


def test_a_press_is_shown_and_told_once_in_each_window_without_a_reload(site, windows):
    assert missed(site, windows) == []


def test_pages_that_only_poll_each_minute_are_noticed(site, windows):
    assert missed(site, windows, without_waits=True) == list(PAGES)


def test_what_is_typed_on_the_page_of_a_session_outlasts_a_change(site, windows):
    mentor, student = site.person("Maya", Role.MENTOR), site.person("Sam", Role.STUDENT)
    booking = a_booking(
        site.session,
        mentor=mentor,
        student=student,
        status=Status.ONGOING,
        starts=utc_now() - timedelta(minutes=5),
    )
    window = opened_window(site, windows, student).go(f"/sessions/{booking}")
    window.page.clock.run_for(1)  # htmx starts in a timer.
    window.page.locator("#outcome input[name=reason]").fill("We met.")

    apply_action(
        site.session, booking_id=booking, action=Action.COMPLETE, viewer=mentor, now=utc_now()
    )

    assert shows_and_tells_once(window, booking)
    assert window.page.locator("#outcome input[name=reason]").input_value() == "We met."
    assert "Completed" in window.page.locator("#receipt").inner_text()
