"""A group in the windows of its mentor and of its students."""

from datetime import timedelta

import pytest

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.services.sessions.actions import apply_action
from tests.support.builders import a_seat, a_slot, the_booking

pytestmark = pytest.mark.browser


def test_a_mentor_starts_one_card_and_each_student_sees_their_own_part_begin(site, windows):
    mentor = site.person("Maya", Role.MENTOR)
    students = [site.person(name, Role.STUDENT) for name in ("Sam", "Lin", "Noor")]
    starts = utc_now() + timedelta(minutes=5)
    slot = a_slot(site.session, mentor, starts=starts, capacity=4)
    group = [a_seat(site.session, slot, each, topic="Proofs") for each in students]

    theirs = windows.of(site, mentor).go().page
    own = windows.of(site, students[1]).go().page
    cards = theirs.locator("#sessions .card")
    assert cards.count() == 1
    assert theirs.locator("#list-upcoming .count").text_content() == "1"
    assert [link.split()[0] for link in cards.locator(".with a").all_text_contents()] == [
        "Sam",
        "Lin",
        "Noor",
    ]
    assert own.locator("#sessions .card").get_attribute("id") == f"session-{group[1]}"
    assert "Sam" not in own.locator("#sessions").inner_text()

    cards.get_by_role("button", name="Start").click()
    theirs.locator(f"#session-{group[0]}[data-status=ONGOING]").wait_for()
    assert cards.count() == 1
    assert theirs.locator("#changes").text_content() == ""  # Nobody is told what they did.
    assert {the_booking(site.session, each).status.name for each in group} == {"ONGOING"}
    own.reload()
    own.locator(f"#list-now #session-{group[1]}").wait_for()


def test_what_happens_to_the_meeting_is_announced_once(site, windows):
    mentor = site.person("Maya", Role.MENTOR)
    students = [site.person(name, Role.STUDENT) for name in ("Sam", "Lin", "Noor", "Bo")]
    slot = a_slot(site.session, mentor, starts=utc_now() + timedelta(minutes=5), capacity=4)
    group = [a_seat(site.session, slot, each, topic="Proofs") for each in students]
    admin = site.person("Ada", Role.ADMIN)
    page = windows.of(site, mentor).go().page

    apply_action(
        site.session, booking_id=group[1], action=Action.START, viewer=admin, now=utc_now()
    )
    page.evaluate("htmx.trigger('#sessions', 'poll-now')")
    page.locator(f"#list-now #session-{group[0]}.is-fresh").wait_for()

    assert page.locator("#changes").text_content() == "Proofs: The session was started."


def test_one_press_answers_for_all_students_who_have_no_answer_yet(site, windows):
    mentor = site.person("Maya", Role.MENTOR)
    students = [site.person(name, Role.STUDENT) for name in ("Sam", "Lin", "Noor")]
    slot = a_slot(site.session, mentor, starts=utc_now() - timedelta(hours=2), capacity=4)
    late = {"status": Status.ONGOING, "is_delayed": True}
    group = [a_seat(site.session, slot, each, topic="Proofs", **late) for each in students]
    page = windows.of(site, mentor).go().page

    lin = page.locator(f"#attendee-{group[1]}")
    lin.get_by_role("button", name="Did not come").click()
    lin.locator("[aria-pressed=true]").wait_for()
    page.get_by_role("button", name="All the others came").click()
    page.locator("#list-asked").wait_for(state="detached")

    said = [the_booking(site.session, each).mentor_says for each in group]
    assert said == ["TOOK_PLACE", "STUDENT_ABSENT", "TOOK_PLACE"]
