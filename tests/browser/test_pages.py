"""The content and behaviour of pages, with and without scripts."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.services.accounts.passwords import set_password
from mentorship.services.accounts.signed_links import make_token
from mentorship.services.sessions.actions import apply_action
from tests.browser.pages import LONG_NAME, TOPICS, a_crowd
from tests.support.builders import LINKS, a_booking

pytestmark = pytest.mark.browser

PASSWORD = "a long enough password"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def mentor(site):
    """A mentor of this test's own, with a long name."""
    return site.person(LONG_NAME, Role.MENTOR, timezone="Asia/Kathmandu")


@pytest.fixture
def student(site):
    """A student of this test's own."""
    return site.person("Sam <b>Student</b>", Role.STUDENT, timezone="America/New_York")


@pytest.fixture
def crowd(site):
    """People with something on each page, and more than one page of past sessions."""
    return a_crowd(site)


def test_a_delayed_session_is_in_sight_at_once_on_a_phone(site, windows, mentor, student):
    for hours in range(1, 6):
        a_booking(
            site.session, mentor=mentor, student=student, starts=utc_now() + timedelta(hours=hours)
        )
    late = a_booking(
        site.session,
        mentor=mentor,
        student=student,
        status=Status.ONGOING,
        is_delayed=True,
        starts=utc_now() - timedelta(days=2),
    )
    window = windows.of(site, mentor, viewport={"width": 360, "height": 740}).go()

    box = window.page.locator(f"#session-{late}").bounding_box()
    assert box["y"] + box["height"] < 740


def test_times_stand_in_the_viewers_zone_with_the_zone_beside_them(site, windows, mentor, student):
    booking = a_booking(
        site.session, mentor=mentor, student=student, status=Status.COMPLETED, starts="10:00"
    )

    for viewer, times, zone in (
        (mentor, ("15:45", "16:45"), "UTC+05:45"),
        (student, ("05:00", "06:00"), "EST"),
    ):
        page = windows.of(site, viewer).go().page
        times_of_row = page.inner_text(f"#session-{booking} .when")
        day = page.locator(
            ".day", has=page.locator(f"xpath=following-sibling::*[@id='session-{booking}']")
        )
        assert re.findall(r"\d\d:\d\d", times_of_row) == list(times)
        assert day.last.inner_text().startswith("Tue 24 Nov")
        assert zone in page.inner_text(".heading .zone")


def test_peoples_texts_are_shown_as_they_were_written(site, windows, crowd):
    window = windows.of(site, crowd.mentor).go()

    assert window.page.locator("h3", has_text=TOPICS[0]).count() > 0
    assert window.page.locator("main b b, main script").count() == 0
    assert "with Sam <b>Student</b>" in window.page.inner_text("#list-now")


def test_a_visit_from_sign_in_to_sign_out_leaves_the_console_clean(site, windows):
    person = site.person("Vera", Role.MENTOR, timezone="Europe/Berlin")
    set_password(site.session, viewer=person, password=PASSWORD, links=LINKS, now=utc_now())
    student = site.person("Sam", Role.STUDENT)
    a_booking(site.session, mentor=person, student=student, starts=utc_now() + 5 * MINUTE)
    window = windows.of(site, None).go("/dashboard?past=1")
    page = window.page

    assert "/login?next=" in page.url
    page.fill("[name=email]", person.email.upper())
    page.fill("[name=password]", PASSWORD)
    page.click("button")
    page.wait_for_url("**/dashboard?past=1")
    window.look_again()
    page.get_by_text("Start", exact=True).click()
    page.get_by_role("button", name="Undo").wait_for()
    page.get_by_role("button", name="Vera").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login")
    assert window.errors == []
    window.go("/dashboard")
    assert "/login?next=" in page.url


def test_a_wrong_password_is_said_beside_the_form_and_the_address_is_kept(site, windows):
    page = windows.of(site, None).go("/login?next=/dashboard%3Fpast=2").page

    page.fill("[name=email]", "nobody@example.org")
    page.fill("[name=password]", "wrong")
    page.click("button")

    expect(page.get_by_role("alert")).to_have_text("The e-mail address or password is wrong.")
    expect(page.locator("[name=email]")).to_have_value("nobody@example.org")
    expect(page.locator("[name=next]")).to_have_value("/dashboard?past=2")


def test_a_new_password_is_set_by_a_link_and_then_signs_in(site, windows):
    person = site.person("Petra", Role.STUDENT)
    token = make_token(
        secret_key=site.app.config["SECRET_KEY"], user_id=person.id, epoch=person.epoch
    )
    page = windows.of(site, None, timezone_id="Europe/Kiev").go(f"/reset/{token}").page

    assert page.input_value("[name=timezone]") == "Europe/Kyiv"
    page.fill("[name=password]", PASSWORD)
    page.click("button")
    page.wait_for_url("**/login")
    page.fill("[name=email]", person.email)
    page.fill("[name=password]", PASSWORD)
    page.click("button")
    page.wait_for_url("**/dashboard")

    expect(page.locator("#list-upcoming")).to_contain_text("No session is booked.")


def at_once(route):
    """The style sheet without its guard against second presses."""
    answer = route.fetch()
    route.fulfill(response=answer, body=answer.text().replace("animation: guard 2s", ""))


def test_every_button_works_without_scripts(site, windows, mentor, student):
    people = {"mentor": mentor, "student": student}
    soon, later, early = (
        a_booking(site.session, **people, starts=utc_now() + minutes * MINUTE)
        for minutes in (5, 120, 240)
    )
    late = a_booking(
        site.session,
        **people,
        status=Status.ONGOING,
        is_delayed=True,
        starts=utc_now() - 60 * MINUTE,
    )
    running = a_booking(
        site.session, **people, status=Status.ONGOING, starts=utc_now() - 5 * MINUTE
    )
    window = windows.of(site, mentor, java_script_enabled=False)
    page = window.page
    # The pointer is not kept waiting after each press (tests/browser/test_second_press.py).
    page.route("**/lists*.css", at_once)
    window.go()

    def says(message):
        expect(page.locator("#notice")).to_have_text(message)

    window.press(soon, "Start")
    says("“A topic” has started.")
    assert page.url == f"{site.address}/dashboard"
    window.press(soon, "Undo")
    says("The change to “A topic” was undone.")
    window.complete(running)
    says("“A topic” is complete.")
    window.press(late, "We have begun")
    says("“A topic” is marked as begun.")
    window.press(early, "Start")
    window.press(early, "Start anyway")
    says("“A topic” has started.")
    window.press(later, "Cancel")
    page.fill(f"#cancel-{later} input", "Down with the flu.")
    window.press(later, "Cancel this session")
    says("“A topic” is cancelled.")
    expect(page.locator(f"#session-{later}")).to_contain_text("Down with the flu.")
    expect(page.locator("noscript")).to_contain_text("JavaScript is off", use_inner_text=True)


def test_what_cannot_be_done_any_more_is_said_in_a_sentence_and_the_lists_follow(
    site, windows, mentor, student
):
    booking = a_booking(site.session, mentor=mentor, student=student, starts=utc_now() + 5 * MINUTE)
    window = windows.of(site, mentor).go()
    apply_action(
        site.session, booking_id=booking, action=Action.CANCEL, viewer=student, now=utc_now()
    )

    window.press(booking, "Start")

    window.shows("past", booking, "CANCELLED", is_delayed=False)
    assert window.page.inner_text("#notice") == "This session is already cancelled."
    assert any("session action refused" in text for text in window.errors)
    assert [update["newStatus"] for update in window.updates] == ["CANCELLED"]


def test_a_list_is_paged_and_stays_on_its_page_when_it_is_refreshed(site, windows, crowd):
    window = windows.of(site, crowd.mentor).go()
    page = window.page

    page.click("#list-past >> text=Next")
    page.wait_for_url("**/dashboard?past=2#list-past")
    page.click("#list-past >> text=Next")
    page.wait_for_url("**/dashboard?past=3#list-past")
    expect(page.locator("#list-past")).to_contain_text("Page 3 of 3")
    shown = window.cards("past")
    assert len(shown) == 45 + 3 - 40
    ongoing = window.cards("now")[0][0]
    window.press(ongoing, "Complete")
    window.wait(lambda: window.page.inner_text("#title-past .count") == "49")

    assert "Page 3 of 3" in page.inner_text("#list-past")
    assert window.cards("past")[1:] == shown


def test_the_browsers_time_zone_is_chosen_at_sign_up_and_may_be_changed(site, windows):
    today = {"Europe/Berlin": "Europe/Berlin", "Asia/Calcutta": "Asia/Kolkata"}
    for timezone, name in today.items():
        window = windows.of(site, None, timezone_id=timezone).go("/signup")
        assert window.page.input_value("[name=timezone]") == name

    without = windows.of(site, None, java_script_enabled=False).go("/signup")
    assert without.page.input_value("[name=timezone]") == ""
    without.page.fill("[name=name]", "Nell")
    without.page.fill("[name=email]", "nell.without.scripts@example.org")
    without.page.fill("[name=password]", PASSWORD)
    without.page.check("[value=student]")
    without.page.select_option("[name=timezone]", "America/New_York")
    without.page.click("button")
    expect(without.page.locator("main")).to_contain_text("nell.without.scripts@example.org")
