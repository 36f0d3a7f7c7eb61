"""Windows on all four live pages show by themselves what happens elsewhere.

The windows' clocks stand until a test moves them, so that only the page's own waits count and not
how fast the machine is. `make proof` measures the times (tests/proof/test_live.py).
"""

import re
from datetime import timedelta

import pytest

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.followup import write_notes
from mentorship.services.sessions.late import say_late
from mentorship.services.sessions.outcomes import say_outcome
from tests.support.builders import a_booking, a_seat, a_slot

pytestmark = pytest.mark.browser

PAGES = ("/dashboard", "/dashboard/week", "/dashboard/day", "/sessions/{booking}")
SOON_MS = 2_200
"""The longest wait while a session is near."""


@pytest.fixture
def mentor(site):
    """A mentor of this test's own."""
    return site.person("Maya", Role.MENTOR)


@pytest.fixture
def student(site):
    """A student of this test's own."""
    return site.person("Sam", Role.STUDENT)


@pytest.fixture
def opened(site, windows):
    """`opened(person, path)`: a window on this page whose clock stands, with its first answer."""

    def open_window(person, path, *, script=None):
        window = windows.of(site, person, clock=utc_now())
        if script is not None:
            window.page.route(re.compile(r"/app\..*js"), script)
        window.go(path)
        window.page.clock.run_for(1)  # htmx starts in a timer.
        if script is None:
            window.look_again()
        return window

    return open_window


def running(site, mentor, student):
    """A session that is under way."""
    return a_booking(
        site.session,
        mentor=mentor,
        student=student,
        status=Status.ONGOING,
        starts=utc_now() - timedelta(minutes=5),
    )


def over(site, mentor, student):
    """A session that was completed."""
    return a_booking(
        site.session,
        mentor=mentor,
        student=student,
        status=Status.COMPLETED,
        starts=utc_now() - timedelta(hours=2),
    )


def complete(site, mentor, booking):
    """The mentor's press, elsewhere."""
    apply_action(
        site.session, booking_id=booking, action=Action.COMPLETE, viewer=mentor, now=utc_now()
    )


def badges(window):
    """How the page says the sessions stand."""
    return window.page.locator("#sessions .badge").all_inner_texts()


def shows_and_tells_once(window, booking):
    """Whether the press has arrived, exactly once."""
    window.look_again()
    told = [update["sessionId"] for update in window.updates]
    return badges(window) == ["Completed"] and told == [booking]


def test_two_windows_on_each_page_show_and_tell_a_press_once_within_the_shortest_wait(
    site, opened, mentor, student
):
    booking = running(site, mentor, student)
    all_windows = [
        opened(person, path.format(booking=booking))
        for path in PAGES
        for person in (mentor, student)
    ]
    assert all(badges(window) == ["Ongoing"] for window in all_windows)

    complete(site, mentor, booking)
    for window in all_windows:
        window.pass_time(SOON_MS, answers=1)

    for window in all_windows:
        window.wait(lambda window=window: badges(window) == ["Completed"])
        assert shows_and_tells_once(window, booking)
        assert window.errors == []


def without_waits(route):
    """The page's own script without its waits: the wrong version."""
    answer = route.fetch()
    asks = "nextPoll = setTimeout(askNow"
    assert asks in answer.text()
    route.fulfill(response=answer, body=answer.text().replace(asks, "nextPoll = Math.min(askNow"))


def test_a_page_that_only_polls_each_minute_is_noticed(site, opened, mentor, student):
    booking = running(site, mentor, student)
    window = opened(student, "/dashboard", script=without_waits)
    complete(site, mentor, booking)

    for _ in range(10):
        window.page.clock.run_for(SOON_MS)

    window.wait_until_settled()
    assert window.answers == []
    assert badges(window) == ["Ongoing"]


class TestThePageOfASession:
    """It shows what others add, keeps what somebody types, and follows the time."""

    def test_what_others_say_and_add_appears_and_a_form_that_was_begun_stays(
        self, site, opened, mentor, student
    ):
        booking = over(site, mentor, student)
        hers = opened(mentor, f"/sessions/{booking}").page
        his = opened(student, f"/sessions/{booking}")
        remark = his.page.locator("#form-outcome input[name=reason]")
        remark.fill("We met.")
        hers.locator("#form-notes textarea[name=privateNotes]").fill("Ask for the deploy")

        say_outcome(
            site.session,
            booking_id=booking,
            viewer=mentor,
            word=OutcomeWord.TOOK_PLACE,
            reason="All fine.",
            now=utc_now(),
            silence=timedelta(days=3),
        )
        write_notes(
            site.session,
            booking_id=booking,
            viewer=mentor,
            summary="Indexes and plans",
            private_notes="From another window",
        )
        his.look_again()

        his.wait(lambda: "All fine." in his.page.locator("#outcome").inner_text())
        assert remark.input_value() == "We met."
        assert "Indexes and plans" in his.page.locator("#part-followup").inner_text()
        assert "It took place" in his.page.locator("#receipt").inner_text()
        hers.evaluate("hide(true); hide(false)")
        hers.locator("#receipt").get_by_text("All fine.").wait_for()
        # What was begun before is judged by what the form showed then.
        assert hers.input_value("#form-notes textarea[name=privateNotes]") == "Ask for the deploy"
        assert hers.input_value("#form-notes [name=shownPrivateNotes]") == ""

    def test_a_form_that_was_begun_stays_even_where_the_session_no_longer_has_it(
        self, site, opened, mentor, student
    ):
        now = utc_now()
        booking = a_booking(
            site.session, mentor=mentor, student=student, starts=now + timedelta(minutes=10)
        )
        window = opened(student, f"/sessions/{booking}")
        window.page.locator("#late summary").click()
        note = window.page.locator("#form-late input[name=note]")
        note.fill("The train")

        apply_action(
            site.session, booking_id=booking, action=Action.START, viewer=mentor, now=utc_now()
        )
        window.look_again()

        window.wait(lambda: badges(window) == ["Ongoing"])
        assert note.input_value() == "The train"

    def test_a_late_notice_appears_and_its_form_goes_once_the_group_has_begun(
        self, site, opened, mentor, student
    ):
        slot = a_slot(site.session, mentor, starts=utc_now() + timedelta(minutes=30), capacity=2)
        booking = a_seat(site.session, slot, student)
        other = a_seat(site.session, slot, site.person("Ada", Role.STUDENT))
        window = opened(mentor, f"/sessions/{other}")

        say_late(
            site.session,
            booking_id=booking,
            viewer=student,
            minutes=7,
            note="By bus",
            now=utc_now(),
        )
        window.look_again()
        window.wait(lambda: "By bus" in window.page.inner_text("#sessions"))
        apply_action(
            site.session, booking_id=booking, action=Action.START, viewer=mentor, now=utc_now()
        )
        window.look_again()

        window.wait(lambda: badges(window) == ["Ongoing"])
        assert window.page.locator("#late").count() == 0


@pytest.mark.parametrize("script", ["app", "htmx"])
def test_a_page_without_one_of_its_scripts_says_after_a_while_that_it_does_not_update(
    site, windows, mentor, student, script
):
    booking = running(site, mentor, student)
    window = windows.of(site, student)
    window.page.route(re.compile(rf"/{script}\..*js"), lambda route: route.abort())
    said = window.page.locator("#not-live")

    window.go(f"/sessions/{booking}")
    window.page.wait_for_load_state()

    assert window.page.evaluate(AFTER_TEN_SECONDS) == ["hidden", "visible"]
    assert "does not update" in said.inner_text()
    window.page.unroute_all()
    window.go(f"/sessions/{booking}")
    window.wait(lambda: said.count() == 0)


AFTER_TEN_SECONDS = """() => {
  const note = document.getElementById("not-live");
  const [appearing] = note.getAnimations();
  appearing.currentTime = 9_900;
  const before = getComputedStyle(note).visibility;
  appearing.finish();
  return [before, getComputedStyle(note).visibility];
}"""
