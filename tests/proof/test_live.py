"""Run 17: real windows on the four live pages hear of each change once, and soon.

The short form asserts only what does not depend on how fast the machine is. The long one also
measures: from a press to the other window, and from the moment at which a transition was due.
"""

import contextlib
import re
import time
from datetime import timedelta

import pytest
from sqlalchemy import select

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from mentorship.models import SessionBooking
from tests.proof.conftest import sizes
from tests.support.browser import POLL, Windows, a_browser, a_site
from tests.support.builders import a_booking
from tests.support.processes import Caller, cookie_of, wait_until
from tests.support.replay import journal_in, missed_or_repeated, telling

pytestmark = pytest.mark.browser

PAGES = ("/dashboard", "/dashboard/week", "/dashboard/day", "/sessions/{booking}")
BETWEEN_PRESSES = 0.55
"""Seconds: a person may make 120 changes a minute."""

APART = timedelta(seconds=0.5)
"""Between two sessions that the clock moves."""

FROM_PRESS, FROM_DUE_TIME = 2.5, 1.5
"""Seconds for 95 of 100 changes."""

LISTEN = """
  window.heard = [];
  document.addEventListener("DOMContentLoaded", () => {
    window.began = Number(document.querySelector("[name=seen]").value.split(".")[0]);
  });
  window.addEventListener("session-status-updated", ({ detail }) => {
    for (const update of detail.updates) heard.push([update, Date.now() / 1000]);
  });
"""

SEEN = re.compile(r'name="seen" value="([\d.]+)"')
SENT = re.compile(r"seen=([\d.]+)")


class Pair:
    """A mentor who presses, and a student with a window on each page who hears of it."""

    def __init__(self, site, server, windows):
        self.site, self.windows = site, windows
        self.mentor = site.person("Maya", Role.MENTOR)
        self.student = site.person("Sam", Role.STUDENT)
        self.press = Caller(server.port, cookie_of(site.app, self.mentor))
        self.booking = self.a_session(utc_now() + timedelta(minutes=14))

    def a_session(self, starts, lasts=timedelta(hours=1)):
        """A session of the two; they may overlap, as imported ones may."""
        return a_booking(
            self.site.session,
            mentor=self.mentor,
            student=self.student,
            starts=starts,
            lasts=lasts,
        )

    def opened(self, path, *, answering=None):
        """A window of the student's that hears from now on."""
        window = self.windows.of(self.site, self.student)
        window.page.add_init_script(LISTEN)
        if answering is not None:
            window.page.route(f"**{POLL}", answering)
        return window.go(path.format(booking=self.booking))

    def open_all(self):
        """A window on each page."""
        *self.lists, self.page = map(self.opened, PAGES)

    def start_or_undo(self, number):
        """The mentor's press with this number; when it was made (Unix seconds)."""
        pressed = time.time()
        action = "undo" if number % 2 else "start"
        answer = self.press("POST", f"/api/sessions/{self.booking}/{action}")
        assert answer.status == 200, answer
        return pressed

    def journal(self, bookings=None):
        """What happened to these sessions, or to all of the two."""
        entries = journal_in(self.site.session.get_bind())
        wanted = bookings or set(
            self.site.session.scalars(
                select(SessionBooking.id).where(SessionBooking.mentor_id == self.mentor.id)
            )
        )
        self.site.session.rollback()
        return [each for each in entries if each.booking_id in wanted]


@pytest.fixture(scope="module")
def browser():
    """A running Chromium for all these tests."""
    with a_browser() as running:
        yield running


@pytest.fixture
def pairs(engine, databases, browser, tmp_path):
    """`pairs(5)`: so many pairs on a database and a server of their own."""
    windows, made = Windows(browser), []
    with (
        databases.fresh(engine) as url,
        a_site(url, tmp_path) as site,
        site.served() as server,
    ):

        def make(count):
            made.extend(Pair(site, server, windows) for _ in range(count))
            return made

        yield make
        windows.close()
        for pair in made:
            pair.press.close()


def heard_by(window):
    """The updates that a window was told, each with the time at which it showed them."""
    return window.page.evaluate("heard")


def told(heard):
    """As the journal's rows are told."""
    return [
        (update["sessionId"], update["oldStatus"], update["newStatus"], update["timestamp"])
        for update, _at in heard
    ]


def wait_for(window, count):
    """Until the window has heard of so many changes, or has had every chance to."""
    with contextlib.suppress(TimeoutError):  # The checker says what is missing.
        window.wait(lambda: len(heard_by(window)) >= count)
    window.look_again()
    return heard_by(window)


def late_95(lags):
    """The delay that 95 of 100 changes do not exceed, in seconds."""
    return sorted(lags)[int(len(lags) * 0.95)]


class LosesAnAnswer:
    """A wrong version: what its first changed poll tells is lost on the way."""

    def __init__(self):
        self.has_lost = False

    def __call__(self, route):
        answer = route.fetch()
        headers = dict(answer.headers)
        if not self.has_lost and answer.status == 200:
            self.has_lost = bool(headers.pop("hx-trigger", None))
        route.fulfill(response=answer, headers=headers)


class TellsTwice:
    """A wrong version: after its first change the page still says what it had seen before."""

    def __init__(self):
        self.has_repeated = False

    def __call__(self, route):
        before = SENT.search(route.request.post_data)[1]
        answer = route.fetch()
        body = answer.text()
        if not self.has_repeated and answer.status == 200:
            body, self.has_repeated = SEEN.sub(f'name="seen" value="{before}"', body), True
        route.fulfill(response=answer, body=body)


def test_windows_that_lose_or_repeat_a_change_are_noticed(pairs, engine):
    (pair,) = pairs(1)
    losing = pair.opened("/dashboard", answering=LosesAnAnswer())
    repeating = pair.opened("/dashboard", answering=TellsTwice())
    pair.start_or_undo(0)
    expected = [telling(each) for each in pair.journal()]

    for window, complaint in ((losing, "missed"), (repeating, "repeated")):
        for _ in range(3):
            window.look_again()
        (found,) = missed_or_repeated(told(heard_by(window)), expected)
        assert found.startswith(complaint)


def pressed_part(pairs, times):
    """The seconds from each press to each window; the pairs take turns."""
    pressed = {pair: [] for pair in pairs}
    for number in range(times):
        pair = pairs[number % len(pairs)]
        pressed[pair].append(pair.start_or_undo(number // len(pairs)))
        # People do not press at once; this is the pace of the run, nothing is waited for.
        time.sleep(max(0, pressed[pair][-1] + BETWEEN_PRESSES - time.time()))
    lags = []
    for pair, moments in pressed.items():
        expected = [telling(each) for each in pair.journal()]
        assert len(expected) == len(moments)
        for window in (*pair.lists, pair.page):
            heard = wait_for(window, len(expected))
            assert missed_or_repeated(told(heard), expected) == []
            at = {each: moment for each, (_, moment) in zip(told(heard), heard, strict=True)}
            lags += [at[each] - moment for each, moment in zip(expected, moments, strict=True)]
    return lags


def clock_part(pairs, times):
    """The seconds from each due time to each window; pages of sessions follow every fourth."""
    first = utc_now() + timedelta(seconds=2 + 0.08 * times)
    bookings, followed = {pair: [] for pair in pairs}, []
    for number in range(times):
        pair = pairs[number % len(pairs)]
        booking = pair.a_session(first + number * APART, APART * len(pairs))
        if len(bookings[pair]) % 4 == 0:
            followed.append((pair, booking))
        bookings[pair].append(booking)
    left = {pair: [each for owner, each in followed if owner is pair] for pair in pairs}
    lags = []
    for pair in pairs:
        pair.page.go(f"/sessions/{left[pair].pop(0)}")
    for pair, booking in followed:
        wait_until(lambda pair=pair, booking=booking: pair.journal({booking}), seconds=60 + times)
        lags += follow(pair, booking)
        if left[pair]:
            pair.page.go(f"/sessions/{left[pair].pop(0)}")
    for pair, own in bookings.items():
        wait_until(
            lambda pair=pair, own=own: len(pair.journal(set(own))) == len(own), seconds=60 + times
        )
        due = {each.booking_id: each.due_at.timestamp() for each in pair.journal(set(own))}
        expected = [telling(each) for each in pair.journal()]
        for window in pair.lists:
            heard = wait_for(window, len(expected))
            assert missed_or_repeated(told(heard), expected) == []
            lags += [
                moment - due[update["sessionId"]]
                for update, moment in heard
                if update["sessionId"] in due
            ]
    return lags


def follow(pair, booking):
    """The seconds from the due time to the page of this session.

    There are none where it was opened too late; then it has nothing to tell.
    """
    began = pair.page.page.evaluate("began")
    (entry,) = pair.journal({booking})
    expected = [entry] if entry.id > began else []
    heard = wait_for(pair.page, len(expected))
    assert missed_or_repeated(told(heard), map(telling, expected)) == []
    return [moment - entry.due_at.timestamp() for _update, moment in heard]


@pytest.mark.parametrize("size", sizes(short=(1, 3), long=(5, 200)))
def test_each_window_hears_of_each_press_and_of_the_clock_once(
    pairs, engine, figure, request, size
):
    count, times = size
    those = pairs(count)
    for pair in those:
        pair.open_all()

    from_press, from_due_time = pressed_part(those, times), clock_part(those, times)

    windows = [window for pair in those for window in (*pair.lists, pair.page)]
    assert [window.errors for window in windows] == [[]] * len(windows)
    press, due = late_95(from_press), late_95(from_due_time)
    figure(
        f"{len(windows)} windows: {times} presses, {len(from_press)} tellings, p95 {press:.2f} s "
        f"after the press, at most {max(from_press):.2f} s; {times} sessions moved by the clock, "
        f"{len(from_due_time)} tellings, p95 {due:.2f} s after the due time, at most "
        f"{max(from_due_time):.2f} s; 0 missed, 0 repeated"
    )
    if "long" in request.node.callspec.id:
        assert press <= FROM_PRESS
        assert due <= FROM_DUE_TIME
