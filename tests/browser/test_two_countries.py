"""A mentor in Berlin and a student in New York, from sign-up to a moved and a cancelled session.

Between the days on which the two countries change their clocks they are one hour closer. Each side
must read its own right time on every page. The days are those of the next twelve months (2027, when
this was written), calculated from the laws and not from the product's time zones.
"""

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from mentorship.models import User
from tests.support.mails import composed_mail

pytestmark = pytest.mark.browser

PASSWORD = "a long walk by the river"
SUNDAY, TUESDAY = 6, 1


def nth_sunday(year: int, month: int, number: int) -> date:
    """The first Sunday of a month is number 1, the last one -1."""
    days = [date(year, month, 1) + timedelta(days=day) for day in range(31)]
    return [day for day in days if day.month == month and day.weekday() == SUNDAY][
        number - 1 if number > 0 else number
    ]


def is_summer_in_berlin(day: date) -> bool:
    """Directive 2000/84/EC: from the last Sunday of March to the last one of October."""
    return nth_sunday(day.year, 3, -1) <= day < nth_sunday(day.year, 10, -1)


def is_summer_in_new_york(day: date) -> bool:
    """15 U.S.C. 260a: from the second Sunday of March to the first one of November."""
    return nth_sunday(day.year, 3, 2) <= day < nth_sunday(day.year, 11, 1)


def in_new_york(day: date) -> str:
    """The time in New York when it is 18:00 in Berlin."""
    hour = 18 - 6 - is_summer_in_berlin(day) + is_summer_in_new_york(day)
    return f"{hour}:00"


def changed_tuesdays() -> list[date]:
    """For each coming change of either clock the Tuesday before it and the one after."""
    today = utc_now().date()
    tuesdays = [
        today + timedelta(days=days)
        for days in range(2, 360)
        if (today + timedelta(days=days)).weekday() == TUESDAY
    ]
    found = [pair for pair in pairwise(tuesdays) if in_new_york(pair[0]) != in_new_york(pair[1])]
    return sorted({day for pair in found for day in pair})


def said(day: date) -> str:
    """A date as the pages write it."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def link_in_mail(site, email: str) -> str:
    """The path of the link in the last mail to this person."""
    mail = [each for each in composed_mail(site.session) if each.recipient == email][-1]
    return re.search(rf"{site.address}(/\S+)", mail.text)[1]


def sign_up(site, window, name: str, email: str, *, role: str) -> None:
    """Sign up and confirm by mail, with the time zone that the page finds in the browser."""
    page = window.go("/login").page
    page.get_by_role("link", name="Sign up").click()
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("textbox", name="E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("radio", name=f"a {role}").check()
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", name="Check your inbox")).to_be_visible()
    window.go(link_in_mail(site, email))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm and sign in").click()
    expect(page.get_by_text("Your address is confirmed.")).to_be_visible()


def publish_tuesday_evenings(window) -> None:
    """Publish slots from 18:00 to 20:00, hour by hour, as far ahead as a mentor can."""
    page: Page = window.page
    page.get_by_role("link", name="Availability").click()
    page.get_by_role("link", name="Change limits").click()
    page.get_by_label("Days ahead that students can book").fill("366")
    page.get_by_role("button", name="Save").click()
    with page.expect_navigation():
        page.get_by_role("link", name="Add weekly hours").click()
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    page.get_by_label("Tuesday").check()
    page.get_by_label("From").fill("18:00")
    page.get_by_label("To", exact=True).fill("20:00")
    page.get_by_label("Slot length in minutes").fill("60")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="What these hours will change")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Every Tuesday, 18:00")).to_be_visible()


def address_of(window, mentor: str) -> str:
    """The address of the mentor's page, found by name."""
    page: Page = window.page
    page.get_by_role("link", name="Mentors", exact=True).click()
    page.get_by_label("Name, topic or keyword").fill(mentor)
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=mentor).click()
    page.wait_for_url(re.compile(r"/mentors/\d+$"))
    return page.url


def free_hours(window, address: str, day: date) -> list[str]:
    """The free times on this day in the student's week view of a mentor."""
    page: Page = window.page
    page.goto(f"{address}?week={day}")
    of_day = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=said(day)))
    return [link.inner_text().split()[0] for link in of_day.first.get_by_role("link").all()]


def reads(window, day: date, clock: str) -> None:
    """Check that the open page shows this day and time, in the viewer's zone."""
    shown = window.page.locator(".cards, .when, .overview").first
    expect(shown).to_contain_text(f"{day:%a} {day.day} {day:%b}")  # The year only where it is far.
    expect(shown).to_contain_text(clock)


def test_each_side_reads_its_own_time_over_both_clock_changes(site, windows):
    admin = site.person("Ada", Role.ADMIN)
    number = admin.id
    mentor, student = f"Marta Berlin{number}", f"Nat York{number}"
    hers = windows.of(site, None, timezone_id="Europe/Berlin", locale="en-GB")
    his = windows.of(site, None, timezone_id="America/New_York", locale="en-GB")

    sign_up(site, hers, mentor, f"marta{number}@example.org", role="mentor")
    sign_up(site, his, student, f"nat{number}@example.org", role="student")
    zones = select(User.timezone).where(User.name.in_([mentor, student])).order_by(User.name)
    assert site.session.scalars(zones).all() == ["Europe/Berlin", "America/New_York"]

    publish_tuesday_evenings(hers)
    his.page.get_by_role("link", name="Mentors", exact=True).click()
    expect(his.page.get_by_text(mentor)).to_have_count(0)  # Not before an admin approves.
    approving = windows.of(site, admin).go("/people").page
    approving.get_by_role("listitem").filter(has_text=mentor).get_by_role(
        "button", name="Approve"
    ).click()

    address = address_of(his, mentor)
    days = changed_tuesdays()
    assert {in_new_york(day) for day in days} == {"12:00", "13:00"}
    assert len(days) >= 4  # Seven, but fewer in the weeks between two changes.
    for day in days:
        first = in_new_york(day)
        second = f"{int(first[:2]) + 1}:00"
        assert free_hours(his, address, day) == [first, second], day

    booked, moved = days[0], days[1]
    assert in_new_york(booked) != in_new_york(moved)
    free_hours(his, address, booked)
    his.page.get_by_role("link", name=in_new_york(booked)).click()
    reads(his, booked, in_new_york(booked))
    his.page.get_by_label("Topic").fill("A long way")
    his.page.get_by_role("button", name="Book this session").click()
    reads(his, booked, in_new_york(booked))
    hers.go()
    reads(hers, booked, "18:00")
    hers.page.get_by_role("link", name="A long way").click()
    reads(hers, booked, "18:00")

    his.page.get_by_role("link", name="Move to another time").click()
    his.page.get_by_label("Reason").fill("A flight")
    choice = his.page.get_by_role("radio").and_(
        his.page.get_by_label(re.compile(rf"{said(moved)}.*{in_new_york(moved)} "))
    )
    while choice.count() == 0:
        # A click waits for the next page to begin, not for all of it.
        with his.page.expect_navigation():
            his.page.get_by_role("button", name="Later times").click()
    choice.first.check()
    his.page.get_by_role("button", name="Move the session").click()
    reads(his, moved, in_new_york(moved))
    expect(his.page.get_by_text("A flight")).to_be_visible()
    hers.page.reload()
    reads(hers, moved, "18:00")
    hers.go()
    reads(hers, moved, "18:00")
    his.go()
    reads(his, moved, in_new_york(moved))
    assert free_hours(his, address, booked)[0] == in_new_york(booked)  # Free again at once.

    his.go()
    his.page.get_by_role("listitem").get_by_text("Cancel", exact=True).click()
    his.page.get_by_label("Reason").fill("Ill after all")
    his.page.get_by_role("button", name="Cancel this session").click()
    expect(his.page.locator("#list-past").get_by_text("Ill after all")).to_be_visible()
    hers.go()
    expect(hers.page.locator("#list-past").get_by_text("Ill after all")).to_be_visible()
    assert free_hours(his, address, moved)[0] == in_new_york(moved)
    assert his.errors == hers.errors == []


def test_the_clock_changes_of_2027_follow_the_laws():
    assert [
        in_new_york(date(2027, *day))
        for day in (
            (3, 9),
            (3, 16),
            (3, 23),
            (3, 30),
            (10, 26),
            (11, 2),
            (11, 9),
        )
    ] == ["12:00", "13:00", "13:00", "12:00", "12:00", "13:00", "12:00"]
