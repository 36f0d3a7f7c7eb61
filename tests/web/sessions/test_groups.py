"""The pages of a group: its mentor acts on the meeting, or takes one student out of it."""

import re

import pytest
from sqlalchemy import select

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.webhooks.events import EventKind
from mentorship.models import BookingMove, WebhookCall
from tests.support.builders import (
    a_booking,
    a_profile,
    a_seat,
    a_slot,
    a_user,
    a_webhook,
    the_booking,
)
from tests.support.databases import counted_statements
from tests.web.sessions.week_pages import parts

HTML = {"Accept": "text/html"}


@pytest.fixture
def group(session, cast, clock):
    """Three students at 10:00 in a slot for four; the time is 09:50."""
    slot = a_slot(session, cast.mentor, starts="10:00", capacity=4)
    third = a_user(session, "Thea Third", Role.STUDENT)
    return [
        a_seat(session, slot, each, topic="Proofs") for each in (cast.student, cast.stranger, third)
    ]


def statuses(session, group):
    return [the_booking(session, each).status.name[0] for each in group]


def test_the_dashboard_of_the_mentor_has_one_card_that_names_all(client_for, cast, group):
    page = client_for(cast.mentor).get("/dashboard").text

    assert page.count('<li class="card"') == 1
    for booking, name in zip(group, ("Sam Student", "Stella Stranger", "Thea Third"), strict=True):
        assert f'href="/sessions/{booking}">{name}</a>' in page
    assert "for all 3 students" in page


def test_the_dashboard_of_a_student_names_nobody_else(client_for, cast, group):
    page = client_for(cast.student).get("/dashboard").text

    assert f'id="session-{group[0]}"' in page
    assert "with Maya Mentor" in page
    assert "Thea Third" not in page
    assert "students" not in page


@pytest.mark.parametrize(("fields", "left"), [({}, "CCC"), ({"onlyThisStudent": True}, "SCS")])
def test_a_mentor_cancels_the_meeting_or_takes_one_out(
    client_for, cast, group, session, fields, left
):
    answer = client_for(cast.mentor).post(
        f"/api/sessions/{group[1]}/cancel", json={"reason": "Ill."} | fields
    )

    assert (answer.status_code, answer.json["newStatus"]) == (200, "CANCELLED")
    assert answer.json["sessionId"] == group[1]
    assert answer.json["message"] == (
        "The student is no longer in this session." if fields else "The session is cancelled."
    )
    assert "".join(statuses(session, group)) == left
    assert the_booking(session, group[1]).status is Status.CANCELLED


def test_the_forms_of_the_session_page_do_either(client_for, cast, group, session):
    mentor = client_for(cast.mentor)
    page = mentor.get(f"/sessions/{group[1]}").text
    assert 'name="onlyThisStudent" value="true"' in page
    assert "Remove Stella Stranger from this session" in page
    assert "for all 3 students" in page

    mentor.post(
        f"/api/sessions/{group[1]}/cancel",
        data={"onlyThisStudent": "true", "reason": ""},
        headers=HTML,
    )
    assert statuses(session, group) == ["S", "C", "S"]
    mentor.post(f"/api/sessions/{group[0]}/cancel", data={"reason": ""}, headers=HTML)
    assert statuses(session, group) == ["C", "C", "C"]


def test_a_students_page_offers_to_cancel_their_own_part_alone(client_for, cast, group):
    page = client_for(cast.student).get(f"/sessions/{group[0]}").text

    assert "onlyThisStudent" not in page
    assert "for all" not in page


def test_a_group_of_one_is_like_any_session(client_for, cast, session, clock):
    slot = a_slot(session, cast.mentor, starts="10:00", capacity=4)
    booking = a_seat(session, slot, cast.student)
    mentor = client_for(cast.mentor)

    listed, own_page = mentor.get("/dashboard").text, mentor.get(f"/sessions/{booking}").text
    assert "with Sam Student" in listed
    assert "Sam Student (student)" in own_page
    for page in (listed, own_page):
        assert "onlyThisStudent" not in page
        assert "for all" not in page


@pytest.mark.parametrize("view", ["week", "day"])
def test_week_and_day_have_one_row_for_the_meeting(client_for, cast, group, view):
    mentor = client_for(cast.mentor).get(f"/dashboard/{view}")
    admin = client_for(cast.admin).get(f"/dashboard/{view}")
    student = client_for(cast.student).get(f"/dashboard/{view}")

    for page in (mentor, admin, student):
        assert [topic for _day, topics in parts(page) for topic in topics] == ["Proofs"]
    assert "Sam Student, Stella Stranger, Thea Third" in mentor.text
    assert "Maya Mentor, Sam Student, Stella Stranger, Thea Third" in admin.text
    assert "Thea Third" not in student.text
    assert f"/sessions/{group[0]}" in student.text


@pytest.mark.parametrize("view", ["week", "day"])
def test_week_and_day_take_one_statement_more_for_groups(client_for, cast, session, clock, view):
    mentor, path = client_for(cast.mentor), f"/dashboard/{view}"

    def statements():
        session.rollback()
        mentor.get(path)
        with counted_statements(session.get_bind()) as found:
            mentor.get(path)
        return len(found)

    a_booking(session, mentor=cast.mentor, student=cast.student, starts="16:00")
    counts = [statements()]
    for hour in (10, 12):
        slot = a_slot(session, cast.mentor, starts=f"{hour}:00", capacity=3)
        for each in (cast.student, cast.stranger):
            a_seat(session, slot, each)
        counts.append(statements())

    assert counts == [counts[0], counts[0] + 1, counts[0] + 1]


def test_the_mentor_reads_by_name_which_students_of_the_group_will_be_late(client_for, cast, group):
    mentor, stella = client_for(cast.mentor), client_for(cast.stranger)
    for viewer, booking, minutes in ((cast.stranger, group[1], 7), (cast.mentor, group[2], 3)):
        client_for(viewer).post(f"/api/sessions/{booking}/late", json={"minutes": minutes})

    pages = [mentor.get(page).text for page in ("/dashboard", f"/sessions/{group[0]}")]
    for page in (*pages, client_for(cast.admin).get("/dashboard?scope=all").text):
        assert page.count("Stella Stranger will be about 7 minutes late.") == 1
        assert "Sam Student will be" not in page
    assert all(page.count("You said that you will be about 3 minutes late.") == 1 for page in pages)
    assert "You said that you will be about 7 minutes late." in stella.get("/dashboard").text
    others = client_for(cast.student).get("/dashboard").text
    assert "Maya Mentor will be about 3 minutes late." in others
    assert "Stella" not in others


@pytest.mark.parametrize("who", ["mentor", "admin"])
def test_the_page_of_a_session_names_each_student_of_its_group_once(client_for, cast, group, who):
    page = client_for(getattr(cast, who)).get(f"/sessions/{group[1]}").text

    assert "Also in this group" not in page
    assert page.count(">Thea Third</a>") == 1


def test_the_page_of_a_part_that_ended_early_leads_to_the_others(client_for, cast, group):
    client_for(cast.mentor).post(f"/api/sessions/{group[0]}/start")
    client_for(cast.student).post(f"/api/sessions/{group[0]}/complete")

    page = client_for(cast.mentor).get(f"/sessions/{group[0]}").text
    assert "Also in this group" in page
    assert page.count(">Thea Third</a>") == 1


@pytest.fixture
def times(session, cast):
    """Other times of the mentor: for four at 12:00, for two at 13:00, for one at 14:00."""
    a_profile(session, cast.mentor)
    return [
        a_slot(session, cast.mentor, starts=starts, capacity=capacity)
        for starts, capacity in (("12:00", 4), ("13:00", 2), ("14:00", 1))
    ]


def offered(page):
    return [int(each) for each in re.findall(r'name="slotId" value="(\d+)"', page)]


def test_a_mentor_moves_the_meeting_or_one_student(client_for, cast, group, times, session):
    mentor, path = client_for(cast.mentor), f"/sessions/{group[1]}/move"

    whole, one = mentor.get(path).text, mentor.get(f"{path}?onlyThisStudent=true").text
    assert (offered(whole), offered(one)) == (times[:1], times)
    assert "Sam Student, Stella Stranger, Thea Third with Maya Mentor" in whole
    assert "Only Stella Stranger moves." in one
    mentor.post(path, data={"slotId": times[2], "onlyThisStudent": "true"}, headers=HTML)
    mentor.post(f"/sessions/{group[0]}/move", data={"slotId": times[0]}, headers=HTML)

    where = [the_booking(session, each).time_slot_id for each in group]
    assert where == [times[0], times[2], times[0]]


def test_a_refused_move_of_one_student_shows_the_form_for_one_student(
    client_for, cast, group, times
):
    answer = client_for(cast.mentor).post(
        f"/sessions/{group[1]}/move",
        data={"slotId": "", "onlyThisStudent": "true"},
        headers=HTML,
    )

    assert answer.status_code == 400
    assert offered(answer.text) == times


def test_students_move_themselves_alone_and_read_of_no_group(
    client_for, cast, group, times, session
):
    student = client_for(cast.student)
    page = student.get(f"/sessions/{group[0]}/move").text
    assert "group" not in page.split("<main")[1]
    assert "Thea Third" not in page

    answer = client_for(cast.mentor).post(
        f"/api/sessions/{group[0]}/reschedule",
        json={"slotId": times[1], "onlyThisStudent": True},
    )
    assert (answer.status_code, answer.json["sessionId"]) == (200, group[0])
    where = [the_booking(session, each).time_slot_id for each in group]
    assert where[0] == times[1]
    assert where[1] == where[2] != times[1]


def test_moves_of_a_meeting_are_one_webhook_event_for_each_booking(
    client_for, cast, group, times, session
):
    a_webhook(session, "https://hooks.example.org/a", kinds=[EventKind.MOVED])

    client_for(cast.mentor).post(f"/api/sessions/{group[0]}/reschedule", json={"slotId": times[0]})

    session.rollback()
    calls = session.scalars(
        select(BookingMove.booking_id).join(WebhookCall, WebhookCall.move_id == BookingMove.id)
    )
    assert sorted(calls) == group
