"""Two people watch one session in two windows: both see what the other or the clock does."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import SessionBooking
from tests.support.builders import a_booking, the_journal
from tests.support.databases import ENGINES

pytestmark = pytest.mark.browser
on_both_engines = pytest.mark.parametrize("site", ENGINES, indirect=True)

SOON = timedelta(seconds=2)
"""From now. The windows are open before, so that it does not matter how long that takes."""


@pytest.fixture
def mentor(site):
    """A mentor of this test's own."""
    return site.person("Maya", Role.MENTOR)


@pytest.fixture
def student(site):
    """A student of this test's own."""
    return site.person("Sam", Role.STUDENT)


@on_both_engines
def test_a_mentor_starts_a_session_and_the_next_poll_of_the_student_shows_and_tells_it_once(
    site, windows, mentor, student
):
    booking = a_booking(
        site.session, mentor=mentor, student=student, starts=utc_now() + timedelta(minutes=10)
    )
    hers = windows.of(site, mentor).go()
    his = windows.of(site, student, clock=utc_now()).go()
    his.shows("upcoming", booking, "SCHEDULED", is_delayed=False)

    hers.press(booking, "Start")
    hers.shows("upcoming", booking, "ONGOING", is_delayed=False)  # It stays for a while.
    assert hers.page.inner_text("#notice") == "“A topic” has started."
    hers.shows("now", booking, "ONGOING", is_delayed=False)
    assert his.told == []
    his.pass_time(2_200, answers=1)
    his.shows("now", booking, "ONGOING", is_delayed=False)
    his.pass_time(2_200, answers=1)

    assert his.answers == [200, 204]
    (entry,) = the_journal(site.session, booking)
    applied = entry.applied_at.isoformat().replace("+00:00", "Z")
    expected = {
        "sessionId": booking,
        "oldStatus": "SCHEDULED",
        "newStatus": "ONGOING",
        "isDelayed": False,
        "reason": "The session was started.",
        "timestamp": applied,
        "dueAt": None,
        "cause": "mentor",
    }
    for window in (hers, his):
        told = [detail for detail in window.told if detail["updates"]]
        assert told == [{"started": 1, "completed": 0, "updates": [expected]}]
        assert len([text for kind, text in window.console if kind == "info"]) == 1
        assert window.errors == []


@on_both_engines
def test_the_clock_passes_the_end_and_both_windows_show_the_session_completed_and_tell_it_once(
    site, windows, mentor, student
):
    both = [windows.of(site, viewer).go() for viewer in (mentor, student)]
    end = utc_now() + SOON
    booking = a_booking(
        site.session,
        mentor=mentor,
        student=student,
        status=Status.ONGOING,
        starts=end - timedelta(hours=1),
    )

    for window in both:
        window.look_again()
    for window in both:
        window.shows("past", booking, "COMPLETED", is_delayed=False)
        window.look_again()

    for window in both:
        (detail,) = [detail for detail in window.told if detail["updates"]]
        assert (detail["started"], detail["completed"]) == (0, 1)
        (update,) = detail["updates"]
        assert (update["sessionId"], update["newStatus"], update["cause"]) == (
            booking,
            "COMPLETED",
            "poll",
        )
        assert update["dueAt"] == end.isoformat().replace("+00:00", "Z")
        assert window.errors == []


@pytest.mark.parametrize("site", ["postgresql"], indirect=True)
def test_a_window_that_asks_while_somebody_else_changes_the_session_asks_again_soon(
    site, windows, mentor, student
):
    window = windows.of(site, student).go()
    booking = a_booking(
        site.session,
        mentor=mentor,
        student=student,
        status=Status.ONGOING,
        starts=utc_now() + SOON - timedelta(hours=1),
    )
    window.look_again()
    held = select(SessionBooking).where(SessionBooking.id == booking).with_for_update()
    with site.session.get_bind().begin() as other:
        other.execute(held)
        before = len(window.answers)
        window.wait(lambda: 204 in window.answers[before:])
        window.shows("now", booking, "ONGOING", is_delayed=False)

    window.shows("past", booking, "COMPLETED", is_delayed=False)


@on_both_engines
def test_a_session_that_nobody_starts_is_delayed_on_both_screens_until_the_student_completes_it(
    site, windows, mentor, student
):
    hers, his = (windows.of(site, viewer).go() for viewer in (mentor, student))
    booking = a_booking(site.session, mentor=mentor, student=student, starts=utc_now() + SOON)

    for window in (hers, his):
        window.look_again()
    for window in (hers, his):
        window.shows("attention", booking, "ONGOING", is_delayed=True)
        assert "Nobody has started it yet." in window.page.inner_text("#list-attention")
    hers.press(booking, "We have begun")
    hers.wait(lambda: "Started late, at" in hers.page.inner_text("#list-now"))
    his.complete(booking)
    his.shows("past", booking, "COMPLETED", is_delayed=True)
    hers.look_again()
    hers.shows("past", booking, "COMPLETED", is_delayed=True)

    for window in (hers, his):
        window.look_again()
        assert [(update["newStatus"], update["cause"]) for update in window.updates] == [
            ("ONGOING", "poll"),
            ("ONGOING", "mentor"),
            ("COMPLETED", "student"),
        ]
        assert all(update["isDelayed"] for update in window.updates)
        assert window.errors == []


@on_both_engines
def test_many_changes_at_once_are_each_announced_exactly_once(site, windows, mentor, student):
    window = windows.of(site, student).go()
    bookings = {
        a_booking(
            site.session,
            mentor=mentor,
            student=student,
            status=Status.ONGOING,
            topic="Ünicode " * 10,
            starts=utc_now() - timedelta(hours=2 * number),
        )
        for number in range(1, 26)
    }

    window.look_again()
    window.wait(lambda: len(window.updates) >= len(bookings))
    window.look_again()

    told = [update["sessionId"] for update in window.updates]
    assert sorted(told) == sorted(bookings)
    assert len(window.told) > 1
    assert sum(detail["completed"] for detail in window.told) == len(bookings)
    assert len([text for kind, text in window.console if kind == "info"]) == len(bookings)
    assert window.page.inner_text("#title-past .count") == "25"
