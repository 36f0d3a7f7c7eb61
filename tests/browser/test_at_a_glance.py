"""How a dashboard shows time, and how it announces changes."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.services.sessions.actions import apply_action
from tests.support.builders import a_booking, a_profile

pytestmark = pytest.mark.browser

SAID = """
  window.said = [];
  new MutationObserver(() => {
    const text = document.querySelector(".notices").innerText.trim();
    if (text && text !== said.at(-1)) said.push(text);
  }).observe(document.querySelector(".notices"), { subtree: true, childList: true });
"""

COUNT_SLIDES = """() => {
  window.slides = 0;
  const animate = Element.prototype.animate;
  Element.prototype.animate = function (...how) { slides += 1; return animate.apply(this, how); };
}"""


@pytest.fixture
def people(site):
    """A mentor and a student of this test's own."""
    return {"mentor": site.person("Maya", Role.MENTOR), "student": site.person("Sam", Role.STUDENT)}


def left(window, booking):
    """The session's text about how much time is left."""
    return window.page.inner_text(f"#session-{booking} .left")


def test_time_left_lateness_and_the_countdown_to_the_next_session_go_on(site, windows, people):
    now = utc_now()
    late = a_booking(
        site.session,
        **people,
        status=Status.ONGOING,
        is_delayed=True,
        starts=now - timedelta(minutes=45),
    )
    very_late = a_booking(
        site.session,
        **people,
        status=Status.ONGOING,
        is_delayed=True,
        lasts=timedelta(hours=4),
        starts=now - timedelta(minutes=155, seconds=30),
    )
    over = a_booking(
        site.session,
        **people,
        status=Status.ONGOING,
        is_delayed=True,
        starts=now - timedelta(days=3),
    )
    ends = a_booking(
        site.session,
        **people,
        status=Status.ONGOING,
        is_delayed=True,
        starts=now - timedelta(minutes=57),
    )
    running = a_booking(
        site.session, **people, status=Status.ONGOING, starts=now - timedelta(minutes=20)
    )
    soon = a_booking(site.session, **people, starts=now + timedelta(minutes=50))
    later = a_booking(site.session, **people, starts=now + timedelta(days=3))
    # A machine whose clock is wrong counts by the server's.
    window = windows.of(site, people["student"], clock=now + timedelta(hours=5)).go()

    assert left(window, late) in ("45 minutes late", "46 minutes late")
    assert left(window, very_late) == "2 hours 36 minutes late"
    assert left(window, running) == "40 minutes left"
    assert left(window, soon) == "in 50 minutes"
    # Nobody counts how long ago a session was that is over.
    counting = window.page.locator(f"#session-{ends} .left")
    assert counting.is_visible()
    assert window.page.locator(f"#session-{over} .left").count() == 0
    assert not window.page.locator(f"#session-{later} .left").is_visible()
    window.page.clock.run_for(5 * 60_000)
    assert left(window, running) == "35 minutes left"
    assert not counting.is_visible()
    assert left(window, soon) == "in 45 minutes"


def test_without_scripts_the_times_stand_in_words(site, windows, people):
    start = utc_now() - timedelta(minutes=20)
    running = a_booking(site.session, **people, status=Status.ONGOING, starts=start)
    window = windows.of(site, people["student"], java_script_enabled=False).go()

    assert left(window, running) == f"until {start + timedelta(hours=1):%H:%M}"


def test_the_way_into_the_meeting_appears_a_quarter_of_an_hour_before_the_start(
    site, windows, people
):
    a_profile(site.session, people["mentor"], meeting_url="https://meet.example.org/maya")
    now = utc_now()
    booking = a_booking(site.session, **people, starts=now + timedelta(minutes=20))
    window = windows.of(site, people["student"], clock=now).go()
    join = window.page.locator(f"#session-{booking}").get_by_role("link", name="Join")

    assert not join.is_visible()
    window.page.clock.run_for(6 * 60_000)
    assert join.is_visible()
    assert "meet.example.org" not in window.page.content()
    admins = windows.of(site, site.person("Ada", Role.ADMIN)).go().page
    assert admins.locator(f"#session-{booking} a[data-from]").count() == 0


def test_what_is_over_is_not_counted_on_without_the_server(site, windows, people):
    now = utc_now()
    soon = a_booking(site.session, **people, starts=now + timedelta(minutes=3))
    running = a_booking(
        site.session, **people, status=Status.ONGOING, starts=now - timedelta(minutes=57)
    )
    window = windows.of(site, people["student"], clock=now).go()
    assert (left(window, soon), left(window, running)) == ("in 3 minutes", "3 minutes left")

    window.page.context.set_offline(True)
    window.page.clock.run_for(5 * 60_000)

    assert (left(window, soon), left(window, running)) == ("", "")


def test_whoever_was_started_early_may_join_at_once(site, windows, people):
    a_profile(site.session, people["mentor"], meeting_url="https://meet.example.org/maya")
    now = utc_now()
    booking = a_booking(site.session, **people, starts=now + timedelta(hours=2))
    apply_action(
        site.session, booking_id=booking, action=Action.START, viewer=people["mentor"], now=now
    )
    page = windows.of(site, people["student"]).go().page
    join = page.locator(f"#session-{booking}").get_by_role("link", name="Join")

    expect(join).to_be_visible()
    answer = page.request.get(site.address + join.get_attribute("href"), max_redirects=0)

    assert answer.headers["location"] == "https://meet.example.org/maya"


def test_the_clock_decides_whether_a_start_is_asked_about_and_a_cancellation_offered(
    site, windows, people
):
    now = utc_now()
    soon = a_booking(site.session, **people, starts=now + timedelta(minutes=20))
    later = a_booking(site.session, **people, starts=now + timedelta(hours=4, minutes=5))
    mentors, students = (
        windows.of(site, people[who], clock=now).go() for who in ("mentor", "student")
    )
    starts = mentors.page.locator(f"#session-{soon}").get_by_role("button", name="Start")
    cancel = students.page.locator(f"#session-{later}").get_by_role("button", name="Cancel")
    assert starts.get_attribute("popovertarget") == f"start-{soon}"
    assert cancel.is_visible()

    mentors.page.clock.run_for(6 * 60_000)
    students.page.clock.run_for(6 * 60_000)

    assert starts.get_attribute("popovertarget") is None
    assert not cancel.is_visible()
    assert (
        mentors.page.locator(f"#session-{later}").get_by_role("button", name="Cancel").is_visible()
    )


def test_the_title_counts_what_needs_attention(site, windows, people):
    late = a_booking(
        site.session,
        **people,
        status=Status.ONGOING,
        is_delayed=True,
        starts=utc_now() - timedelta(minutes=45),
    )
    window = windows.of(site, people["mentor"]).go()
    assert window.page.title() == "(1) Your sessions · Mentorship"

    window.complete(late)
    window.shows("past", late, "COMPLETED", is_delayed=True)

    assert window.page.title() == "Your sessions · Mentorship"


def test_what_somebody_else_did_is_said_once_and_ones_own_press_is_answered_once(
    site, windows, people
):
    first, second = (
        a_booking(site.session, **people, topic=topic, starts=utc_now() + timedelta(minutes=5 * n))
        for n, topic in ((1, "Trees"), (2, "Graphs"))
    )
    window = windows.of(site, people["mentor"]).go()
    window.page.evaluate(SAID)
    assert window.page.locator("[role=status], [aria-live]").count() == 1

    window.look_again()
    apply_action(
        site.session,
        booking_id=first,
        action=Action.CANCEL,
        viewer=people["student"],
        now=utc_now(),
    )
    window.look_again()
    window.look_again()
    window.press(second, "Start")
    window.shows("now", second, "ONGOING", is_delayed=False)
    window.look_again()

    heard = "Trees: The session was cancelled."
    assert window.page.evaluate("said") == [heard, f"“Graphs” has started.\n\n{heard}"]


def test_a_change_after_a_refused_press_is_said(site, windows, people):
    booking = a_booking(
        site.session, **people, topic="Trees", starts=utc_now() + timedelta(hours=9)
    )
    window = windows.of(site, people["student"]).go()
    reason = window.page.locator(f"#cancel-{booking} input")
    window.press(booking, "Cancel")
    reason.evaluate("(field) => field.removeAttribute('maxlength')")
    reason.fill("x" * 301)
    window.press(booking, "Cancel this session")
    expect(window.page.locator("#notice")).to_contain_text("longer than 300")

    apply_action(
        site.session,
        booking_id=booking,
        action=Action.START,
        viewer=people["mentor"],
        now=utc_now(),
    )
    window.look_again()

    expect(window.page.locator("#changes")).to_have_text("Trees: The session was started.")


def test_the_next_key_goes_on_from_the_session_whose_button_was_pressed(site, windows, people):
    booking = a_booking(
        site.session, **people, status=Status.ONGOING, starts=utc_now() - timedelta(minutes=5)
    )
    window = windows.of(site, people["mentor"]).go()

    window.page.get_by_role("button", name="Complete").press("Enter")
    window.page.get_by_role("button", name="Mark as complete").press("Tab")
    window.page.get_by_role("button", name="Mark as complete").press("Enter")
    window.shows("past", booking, "COMPLETED", is_delayed=False)

    assert (
        window.page.evaluate("document.activeElement.closest('.card').id") == f"session-{booking}"
    )


def test_a_question_closes_with_escape_and_gives_the_focus_back(site, windows, people):
    booking = a_booking(site.session, **people, starts=utc_now() + timedelta(hours=9))
    page = windows.of(site, people["mentor"]).go().page
    cancel = page.get_by_role("button", name="Cancel")

    cancel.press("Enter")
    page.keyboard.type("Down with")
    assert page.get_by_label("Reason").input_value() == "Down with"
    page.keyboard.press("Escape")

    assert page.locator(f"#cancel-{booking}").is_hidden()
    assert page.evaluate("document.activeElement.textContent") == "Cancel"


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_change_slides_into_place_unless_the_person_wants_less_motion(
    site, windows, people, motion
):
    for hours in (1, 3):
        a_booking(site.session, **people, starts=utc_now() + timedelta(hours=hours))
    window = windows.of(site, people["mentor"], reduced_motion=motion).go()
    window.page.evaluate(COUNT_SLIDES)

    first = a_booking(
        site.session, **people, starts=utc_now() - timedelta(minutes=5), status=Status.ONGOING
    )
    window.look_again()
    window.shows("now", first, "ONGOING", is_delayed=False)

    assert window.page.evaluate("slides") == (0 if motion == "reduce" else 3)
