"""Time zones that people have or give: names that only a machine knew, and old ones."""

import pytest
from sqlalchemy import String, select, type_coerce, update

from mentorship.models import AvailabilityRule, User
from tests.support.builders import a_booking
from tests.support.hours import some_hours

STORED = type_coerce(User.timezone, String)


@pytest.fixture(params=["localtime", "Factory", "posix/Europe/Berlin", "Mars/Olympus_Mons"])
def unknown(request, cast, session, clock):
    """Everybody and all weekly hours are in a zone that is not known any more."""
    some_hours(session, cast.mentor)
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="15:00")
    session.execute(update(User).values(timezone=request.param))
    session.execute(update(AvailabilityRule).values(timezone=request.param))
    session.commit()
    return request.param


PAGES = {
    "student": ("/dashboard", "/dashboard/week", "/dashboard/day", "/sessions/1", "/account",
                "/sessions/1/move", "/mentors", "/mentors/2", "/waiting-list", "/account/calendar"),
    "mentor": ("/dashboard", "/dashboard/week", "/sessions/1", "/availability", "/account",
               "/availability/rules/1", "/availability/rules/1/remove", "/availability/slots/new",
               "/availability/days-off/new", "/api/availability"),
    "admin": ("/dashboard", "/dashboard/day", "/people", "/mail", "/webhooks"),
}  # fmt: skip


def test_people_in_a_zone_that_is_not_known_can_open_every_page(unknown, cast, client_for):
    found = {path: client_for(getattr(cast, who)).get(path) for who in PAGES for path in PAGES[who]}

    assert {path: one.status_code for path, one in found.items() if one.status_code != 200} == {}
    for path in ("/dashboard", "/dashboard/week", "/availability", "/mentors", "/sessions/1"):
        assert "Times in UTC (UTC)" in found[path].text
    account = found["/account"].text
    assert f"Your time zone, {unknown}, no longer exists" in account
    assert "Times are in UTC until you choose another one" in account


def test_a_zone_that_is_known_is_not_complained_about(cast, session, client_for):
    assert "no longer exists" not in client_for(cast.student).get("/account").text


@pytest.mark.parametrize("name", ["localtime", "Factory", "right/Europe/Berlin"])
def test_a_zone_that_only_a_machine_knew_is_refused_wherever_it_is_given(
    name, cast, session, client_for
):
    fields = {
        "name": "Nell",
        "email": "nell@example.org",
        "password": "correct horse battery",
        "role": "student",
        "timezone": name,
    }
    answers = [
        client_for(None).post("/signup", data=fields),
        client_for(cast.student).post("/account", data={"name": "Sam", "timezone": name}),
    ]

    assert [answer.status_code for answer in answers] == [400, 400]
    assert all("is not a time zone like Europe/Berlin" in answer.text for answer in answers)


@pytest.mark.parametrize("who", ["student", "mentor"])
@pytest.mark.parametrize("given", [{}, {"timezone": ""}, {"timezone": " ", "hours": "move"}])
def test_an_account_that_is_saved_without_a_zone_keeps_its_own(
    who, given, cast, session, client_for
):
    person = getattr(cast, who)
    session.execute(update(User).values(timezone="America/Vancouver"))
    session.commit()

    answer = client_for(person).post("/account", data={"name": "Kim", **given})

    assert answer.status_code == 400
    assert "Please choose your time zone." in answer.text
    assert session.scalar(select(STORED).where(User.id == person.id)) == "America/Vancouver"


def test_an_old_name_is_stored_as_todays(cast, session, client_for):
    student = client_for(cast.student)
    for old, today in (("Europe/Kiev", "Europe/Kyiv"), ("Asia/Calcutta", "Asia/Kolkata")):
        assert student.post("/account", data={"name": "Sam", "timezone": old}).status_code == 303
        session.rollback()
        stored = session.scalar(select(STORED).where(User.id == cast.student.id))
        assert stored == today


def test_an_old_name_that_is_stored_reads_as_todays(cast, session, client_for):
    session.execute(update(User).values(timezone="Europe/Kiev"))
    session.commit()

    page = client_for(cast.student).get("/account").text
    assert "<option selected>Europe/Kyiv</option>" in page
    assert "Europe/Kyiv (EET)" in client_for(cast.student).get("/dashboard").text
