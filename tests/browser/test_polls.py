"""When a window polls, what it does with the answer, and what it does without one."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.models import User
from mentorship.services.sessions.actions import apply_action
from tests.support.browser import POLL, a_site
from tests.support.builders import a_booking

pytestmark = pytest.mark.browser

NOTE_REQUESTS = """
  window.asked = [];
  const send = window.fetch;
  window.fetch = (...request) => { asked.push(performance.now()); return send(...request); };
"""

CUT_THE_FIRST_ANSWER = """
  const send = window.fetch;
  window.fetch = async (...request) => {
    window.fetch = send;
    const { status, headers } = await send(...request);
    const body = new ReadableStream({ start: (stream) => stream.error(new TypeError("cut off")) });
    return new Response(body, { status, headers });
  };
"""

# htmx marks what it has taken charge of, and its own requests on the element that polls.
WATCH_THE_LISTS = """
  window.changes = [];
  new MutationObserver((records) => {
    for (const { target, type, attributeName } of records) {
      if (target.id === "sessions" || attributeName === "data-htmx-powered") continue;
      changes.push([target.outerHTML ?? target.data, type, attributeName]);
    }
  }).observe(document.getElementById("sessions"),
             { subtree: true, childList: true, attributes: true, characterData: true });
"""


@pytest.fixture
def mentor(site):
    """A mentor of this test's own."""
    return site.person("Maya", Role.MENTOR)


@pytest.fixture
def student(site):
    """A student of this test's own."""
    return site.person("Sam", Role.STUDENT)


STEP = 100
"""Milliseconds of the window's clock."""

FAIL = """() => {
  window.fetch = async () => { asked.push(performance.now()); throw new TypeError("off"); };
}"""


def a_watched_window(site, windows, student):
    """A window that notes when it asks; its clock stands still until a test moves it."""
    window = windows.of(site, student, clock=utc_now())
    window.page.add_init_script(NOTE_REQUESTS)
    return window


def an_opened_window(site, windows, student):
    """The same, opened, with its first answer."""
    window = a_watched_window(site, windows, student).go()
    window.page.clock.run_for(1)  # htmx starts in a timer.
    window.look_again()
    return window


def wait_until_it_asks(window, *, most):
    """Let the window's clock run until it has polled; the milliseconds since the poll before.

    In small steps, since the page measures how long it waits for the answer.
    """
    asked = window.page.evaluate("asked")
    for _ in range(most // STEP):
        window.page.clock.run_for(STEP)
        now_asked = window.page.evaluate("asked")
        if len(now_asked) > len(asked):
            window.wait_until_settled()
            assert len(now_asked) == len(asked) + 1
            return now_asked[-1] - asked[-1]
    raise AssertionError(f"no poll within {most} ms")


@pytest.mark.parametrize(
    ("starts", "state", "seconds"),
    [
        (timedelta(minutes=14), {}, 2),
        (timedelta(minutes=-5), {"status": Status.ONGOING}, 2),
        (timedelta(minutes=-5), {"status": Status.ONGOING, "is_delayed": True}, 2),
        (timedelta(hours=3), {}, 5),
    ],
)
def test_a_window_asks_often_while_a_session_is_near_and_less_while_it_is_only_in_use(
    site, windows, mentor, student, starts, state, seconds
):
    a_booking(site.session, mentor=mentor, student=student, starts=utc_now() + starts, **state)
    window = an_opened_window(site, windows, student)

    waits = [wait_until_it_asks(window, most=1_500 * seconds) for _ in range(2)]

    assert all(900 * seconds <= wait <= 1_100 * seconds + STEP for wait in waits), waits
    assert set(window.answers) == {204}


def test_a_window_that_nobody_has_used_for_ten_minutes_asks_each_minute(
    site, windows, mentor, student
):
    a_booking(site.session, mentor=mentor, student=student, starts=utc_now() + timedelta(hours=3))
    window = an_opened_window(site, windows, student)
    window.page.clock.fast_forward(601_000)  # Whatever was due meanwhile is done once.
    window.wait_until_settled()

    before = len(window.page.evaluate("asked"))
    window.page.clock.run_for(53_900)
    assert len(window.page.evaluate("asked")) == before

    assert 54_000 <= wait_until_it_asks(window, most=14_000) <= 66_000 + STEP
    assert set(window.answers) == {204}


def test_after_a_failure_the_page_waits_twice_as_long(site, windows, mentor, student):
    a_booking(site.session, mentor=mentor, student=student, status=Status.ONGOING,
              starts=utc_now() - timedelta(minutes=5))  # fmt: skip
    window = an_opened_window(site, windows, student)
    window.page.evaluate(FAIL)

    waits = [wait_until_it_asks(window, most=13_000) for _ in range(3)]

    assert window.page.locator("#connection").is_visible()
    for wait, seconds in zip(waits, (2, 4, 8), strict=True):
        assert 900 * seconds <= wait <= 1_100 * seconds + STEP, waits


def test_without_live_seconds_a_window_asks_each_minute_and_at_the_second_of_the_next_transition(
    site, windows, mentor, student
):
    # The window's clock runs ahead of the server's, so every answer is 204 and only the times
    # matter. The quiet answers before must not put the due time off.
    a_booking(site.session, mentor=mentor, student=student,
              starts=utc_now() + timedelta(seconds=600))  # fmt: skip
    window = a_watched_window(site, windows, student)
    window.page.route("**/dashboard", without_live_seconds)
    window.go()
    loaded = window.page.evaluate("performance.now()")
    due_in = int(window.page.get_attribute("#sessions-state", "data-due-in"))
    assert 500_000 < due_in <= 600_000
    before = due_in // 60_000

    for _ in range(before):
        window.pass_time(60_000, answers=1)
    window.pass_time(due_in % 60_000, answers=0)
    assert len(window.answers) == before
    window.pass_time(1_100, answers=1)

    asked = [at - loaded for at in window.page.evaluate("asked")]
    each_minute, at_due = asked[:before], asked[before]
    assert each_minute == [60_000 * minute for minute in range(1, before + 1)]
    assert due_in + 50 <= at_due <= due_in + 1_050
    assert set(window.answers) == {204}


def without_live_seconds(route):
    """The page as it is with LIVE_SECONDS=0."""
    answer = route.fetch()
    assert 'data-live-seconds="2"' in answer.text()
    body = answer.text().replace('data-live-seconds="2"', 'data-live-seconds="0"')
    route.fulfill(response=answer, body=body)


def test_where_nothing_changed_the_answer_is_204_and_the_page_is_not_touched(
    site, windows, mentor, student
):
    a_booking(site.session, mentor=mentor, student=student, starts=utc_now() + timedelta(hours=3))
    window = an_opened_window(site, windows, student)
    window.page.evaluate(WATCH_THE_LISTS)

    wait_until_it_asks(window, most=7_500)

    assert window.answers == [204, 204]
    assert window.page.evaluate("changes") == []
    assert window.told == []
    a_booking(site.session, mentor=mentor, student=student, starts=utc_now() + timedelta(hours=5))
    wait_until_it_asks(window, most=7_500)
    window.wait(lambda: window.page.evaluate("changes"))
    assert window.answers == [204, 204, 200]
    assert window.told == [{"started": 0, "completed": 0, "updates": []}]


def test_a_hidden_window_is_silent_and_asks_at_once_when_it_is_shown_again(
    site, windows, mentor, student
):
    booking = a_booking(site.session, mentor=mentor, student=student,
                        starts=utc_now() + timedelta(minutes=2))  # fmt: skip
    window = a_watched_window(site, windows, student).go()
    window.page.evaluate("hide(true)")

    window.page.clock.run_for(300_000)
    assert window.page.evaluate("asked") == []
    apply_action(
        site.session, booking_id=booking, action=Action.CANCEL, viewer=mentor, now=utc_now()
    )
    window.page.evaluate("hide(false)")

    window.shows("past", booking, "CANCELLED", is_delayed=False)
    assert window.answers == [200]


def test_without_the_server_a_window_says_so_keeps_what_it_shows_and_recovers_by_itself(
    browser, databases, windows, tmp_path
):
    with databases.fresh("sqlite") as url, a_site(url, tmp_path) as site:
        mentor, student = site.person("Maya", Role.MENTOR), site.person("Sam", Role.STUDENT)
        booking = a_booking(site.session, mentor=mentor, student=student, status=Status.ONGOING,
                            starts=utc_now() - timedelta(minutes=5))  # fmt: skip
        window = windows.of(site, student, clock=utc_now())
        connection = window.page.locator("#connection")
        with site.served():
            window.go()
            assert connection.is_hidden()
        shown = window.cards()

        window.page.clock.run_for(60_000)
        window.wait(connection.is_visible)
        assert "keeps trying" in connection.inner_text()
        assert any("session poll failed" in text for text in window.errors)
        assert window.cards() == shown == [[booking, "ONGOING", False]]
        apply_action(site.session, booking_id=booking, action=Action.COMPLETE, viewer=mentor,
                now=utc_now())  # fmt: skip
        with site.served():
            window.pass_time_until_answered()  # Each failure has doubled the wait.
            window.wait(connection.is_hidden)
            window.shows("past", booking, "COMPLETED", is_delayed=False)
        assert window.answers[0] == 200


def test_what_a_failed_press_says_covers_nothing_for_good_and_goes_with_the_next_answer(
    site, windows, mentor, student
):
    now = utc_now()
    running = a_booking(site.session, mentor=mentor, student=student, status=Status.ONGOING,
                        starts=now - timedelta(minutes=5))  # fmt: skip
    for day in range(1, 6):
        a_booking(site.session, mentor=mentor, student=student, status=Status.COMPLETED,
                  starts=now - timedelta(days=day))  # fmt: skip
    window = windows.of(site, mentor, viewport={"width": 360, "height": 740}).go()
    page = window.page
    failed = page.locator("#notice .is-error")
    page.context.set_offline(True)
    window.complete(running)
    page.evaluate("hide(false)")
    for message in (failed, page.locator("#connection")):
        window.wait(message.is_visible)
        expect(message).to_be_in_viewport()

    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    last = page.locator(".card").last.bounding_box()
    assert last["y"] + last["height"] <= failed.bounding_box()["y"]

    page.context.set_offline(False)
    window.look_again()
    window.wait(lambda: failed.count() == 0)
    assert window.cards("now") == [[running, "ONGOING", False]]


def test_an_answer_that_is_cut_off_tells_nothing_and_the_next_tells_it_once(
    site, windows, mentor, student
):
    booking = a_booking(site.session, mentor=mentor, student=student,
                        starts=utc_now() + timedelta(hours=1))  # fmt: skip
    window = windows.of(site, student)
    window.page.add_init_script(CUT_THE_FIRST_ANSWER)
    window.go()
    apply_action(
        site.session, booking_id=booking, action=Action.CANCEL, viewer=mentor, now=utc_now()
    )

    window.look_again()
    window.wait(window.page.locator("#connection").is_visible)
    assert window.told == []
    window.look_again()

    window.shows("past", booking, "CANCELLED", is_delayed=False)
    assert [update["newStatus"] for update in window.updates] == ["CANCELLED"]


def test_a_refused_poll_leaves_the_lists_alone_and_is_an_error_on_the_console(
    site, windows, mentor, student
):
    booking = a_booking(site.session, mentor=mentor, student=student,
                        starts=utc_now() + timedelta(hours=1))  # fmt: skip
    window = windows.of(site, student).go()
    seen = window.page.input_value("[name=seen]")
    window.page.evaluate("document.querySelector('[name=seen]').value = 'nonsense'")

    window.look_again()
    window.wait(window.page.locator("#connection").is_visible)
    assert any("the server answered 400" in text for text in window.errors)
    assert window.cards() == [[booking, "SCHEDULED", False]]
    assert window.page.inner_text("#notice") == ""

    window.page.evaluate("(seen) => document.querySelector('[name=seen]').value = seen", seen)
    window.look_again()
    window.wait(window.page.locator("#connection").is_hidden)
    assert window.page.inner_text("#changes") == "Reconnected."


def test_a_poll_of_somebody_whose_sign_in_has_ended_leads_to_the_sign_in_page(
    site, windows, student
):
    window = windows.of(site, student).go()
    site.session.execute(
        update(User).where(User.id == student.id).values(session_epoch=student.epoch + 1)
    )
    site.session.commit()

    window.page.evaluate("hide(false)")
    window.page.wait_for_url("**/login")

    assert window.answers == [401]
    assert window.page.inner_text("h1") == "Sign in"


def test_typed_text_and_open_questions_outlive_a_swap_of_the_lists(site, windows, mentor, student):
    first, second = (
        a_booking(site.session, mentor=mentor, student=student,
                  starts=utc_now() + timedelta(hours=hours)) for hours in (20, 40)
    )  # fmt: skip
    hers = windows.of(site, mentor).go()
    his = windows.of(site, student).go()
    hers.press(second, "Cancel")
    reason = hers.page.locator(f"#cancel-{second} input")
    reason.fill("My train does not ru")

    his.press(first, "Cancel")
    his.press(first, "Cancel this session")
    his.shows("past", first, "CANCELLED", is_delayed=False)
    hers.look_again()
    hers.shows("past", first, "CANCELLED", is_delayed=False)
    hers.page.keyboard.type("n.")

    assert reason.input_value() == "My train does not run."
    assert hers.page.locator("dialog:popover-open").count() == 1
    hers.press(second, "Cancel this session")
    hers.shows("past", second, "CANCELLED", is_delayed=False)
    assert "My train does not run." in hers.page.inner_text(f"#session-{second}")
    assert [update["sessionId"] for update in hers.updates] == [first, second]


def test_a_page_that_the_browser_goes_back_to_says_what_it_shows_and_not_what_it_showed(
    site, windows, mentor, student
):
    window = windows.of(site, student, clock=utc_now()).go()
    window.page.clock.run_for(1)  # htmx starts in a timer.
    a_booking(site.session, mentor=mentor, student=student, starts=utc_now() + timedelta(hours=1))
    window.look_again()
    a_booking(site.session, mentor=mentor, student=student, starts=utc_now() + timedelta(hours=3))
    window.go("/nowhere")
    window.page.go_back()

    assert len(window.cards()) == 2
    window.page.clock.run_for(1)
    window.look_again()
    assert window.answers == [200, 204]
    assert POLL in window.page.get_attribute("#sessions", "hx-post")
