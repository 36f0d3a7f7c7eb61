"""A mentor who corrects the time zone: do the weekly hours move along, or stay?"""

import re
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from mentorship.models import AvailabilityRule, MentorTimeSlot, User
from mentorship.services.availability.apply import apply_change
from mentorship.services.availability.changes import SaveRule
from tests.support.builders import a_seat, at
from tests.support.hours import evenings

BERLIN = {"name": "Maya Mentor", "timezone": "Europe/Berlin", "hour_cycle": "h23", "language": "en"}
NOW = at("09:00")


@pytest.fixture
def rule(cast, session, clock):
    """Wednesdays from 18:00 to 20:00 in UTC, where everybody is; returns its id."""
    session.rollback()
    return apply_change(session, mentor=cast.mentor, change=SaveRule(evenings()), now=NOW).id


def zones(session, mentor):
    """Those of the mentor's account and of the rules."""
    session.rollback()
    session.expire_all()
    rules = select(AvailabilityRule.timezone).where(AvailabilityRule.mentor_id == mentor.id)
    return session.get_one(User, mentor.id).timezone, session.scalars(rules).all()


def hours(session, mentor, zone="Europe/Berlin"):
    """When free times begin on the clocks of a zone."""
    session.rollback()
    starts = session.scalars(
        select(MentorTimeSlot.start_time).where(
            MentorTimeSlot.mentor_id == mentor.id, ~MentorTimeSlot.is_withdrawn
        )
    )
    return {f"{start.astimezone(ZoneInfo(zone)):%H:%M}" for start in starts}


def test_a_mentor_with_hours_is_asked_first(rule, cast, session, client_for):
    answer = client_for(cast.mentor).post("/account", data=BERLIN | {"name": "Maya M."})

    assert answer.status_code == 200
    assert zones(session, cast.mentor) == ("UTC", ["UTC"])
    assert "Your weekly hours are in UTC" in answer.text
    assert 'name="hours" value="move"' in answer.text
    assert 'name="hours" value="stay"' in answer.text
    assert 'value="Maya M."' in answer.text
    assert "<option selected>Europe/Berlin</option>" in answer.text


def test_hours_that_move_keep_their_time_on_the_clock(rule, cast, session, client_for):
    answer = client_for(cast.mentor).post("/account", data=BERLIN | {"hours": "move"})

    assert answer.status_code == 303
    assert zones(session, cast.mentor) == ("Europe/Berlin", ["Europe/Berlin"])
    assert hours(session, cast.mentor) == {"18:00", "19:00"}


def test_hours_that_stay_keep_their_instants(rule, cast, session, client_for):
    client_for(cast.mentor).post("/account", data=BERLIN | {"hours": "stay"})

    assert zones(session, cast.mentor) == ("Europe/Berlin", ["UTC"])
    assert hours(session, cast.mentor) == {"19:00", "20:00"}


def test_booked_sessions_stay_when_hours_move_and_are_told(rule, cast, session, client_for):
    slots = session.scalars(select(MentorTimeSlot).order_by(MentorTimeSlot.start_time)).all()
    late = slots[1]  # Of a Wednesday the last, which is 20:00 in Berlin.
    a_seat(session, late.id, cast.student)
    client = client_for(cast.mentor)
    client.post("/account", data=BERLIN | {"hours": "move"})

    assert "1 booked session kept" in client.get("/account").text
    session.rollback()
    session.expire_all()
    assert not session.get_one(MentorTimeSlot, late.id).is_withdrawn


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_nobody_is_asked_where_there_is_nothing_to_ask(rule, cast, session, client_for):
    same = BERLIN | {"timezone": "UTC"}
    assert client_for(cast.mentor).post("/account", data=same).status_code == 303
    assert client_for(cast.student).post("/account", data=BERLIN).status_code == 303
    assert client_for(cast.other_mentor).post("/account", data=BERLIN).status_code == 303
    wrong = client_for(cast.mentor).post("/account", data=BERLIN | {"hours": "perhaps"})
    assert wrong.status_code == 400


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_rule_in_a_zone_of_its_own_does_not_move_along(rule, cast, session, client_for):
    apply_change(
        session, mentor=cast.mentor, change=SaveRule(evenings(timezone="Asia/Tokyo")), now=NOW
    )
    client_for(cast.mentor).post("/account", data=BERLIN | {"hours": "move"})

    assert zones(session, cast.mentor) == ("Europe/Berlin", ["Europe/Berlin", "Asia/Tokyo"])


FORM = {
    "weekdays": ["WE"],
    "opens": "18:00",
    "closes": "20:00",
    "slotMinutes": "60",
    "capacity": "1",
    "everyWeeks": "1",
    "firstDay": "2026-11-01",
}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_rules_zone_is_changed_on_its_page(rule, cast, session, client_for):
    client = client_for(cast.mentor)
    page = client.get(f"/availability/rules/{rule}").text
    assert re.search(r'<select name="timezone".*<option selected>UTC</option>', page, re.DOTALL)

    moved = FORM | {"timezone": "Europe/Kiev", "step": "preview"}
    seen = client.post(f"/availability/rules/{rule}", data=moved).text
    assert "Times in Europe/Kyiv (EET)" in seen
    assert "<option selected>Europe/Kyiv</option>" in seen
    assert zones(session, cast.mentor) == ("UTC", ["UTC"])
    client.post(f"/availability/rules/{rule}", data=moved | {"step": "save"})
    assert zones(session, cast.mentor) == ("UTC", ["Europe/Kyiv"])
    assert hours(session, cast.mentor, "Europe/Kyiv") == {"18:00", "19:00"}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_rules_zone_is_given_and_changed_by_json_and_stays_where_it_is_not_named(
    rule, cast, session, client_for
):
    client = client_for(cast.mentor)
    fields = {
        "weekdays": ["WE"],
        "opens": "18:00",
        "closes": "20:00",
        "slotMinutes": 60,
        "firstDay": "2026-11-01",
    }
    berlin = fields | {"timezone": "Europe/Berlin"}
    assert client.put(f"/api/availability/rules/{rule}", json=berlin).status_code == 200
    assert zones(session, cast.mentor)[1] == ["Europe/Berlin"]
    assert client.put(f"/api/availability/rules/{rule}", json=fields).status_code == 200
    assert zones(session, cast.mentor)[1] == ["Europe/Berlin"]
    tokyo = fields | {"timezone": "Asia/Tokyo", "weekdays": ["FR"]}
    assert client.post("/api/availability/rules", json=tokyo).status_code == 200
    assert zones(session, cast.mentor)[1] == ["Europe/Berlin", "Asia/Tokyo"]
    for name in ("localtime", "Factory", "Mars/Base", "x" * 200):
        refused = client.put(f"/api/availability/rules/{rule}", json=fields | {"timezone": name})
        assert refused.status_code == 400
