"""Somebody with several roles: in each session the part that they have in it decides."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import update

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.calendars import Alarm
from mentorship.domain.sessions.lifecycle import Action
from mentorship.models import User
from mentorship.services.calendars.feeds import create_feed
from mentorship.services.sessions.actions import apply_action
from tests.support.builders import a_booking, a_profile, a_slot, a_user, at
from tests.web.sessions.week_pages import parts

POLL, HTMX = "/api/admin/update-session-status", {"HX-Request": "true"}
S, M, A = Role.STUDENT, Role.MENTOR, Role.ADMIN


@pytest.fixture
def tess(session):
    """A mentor who also learns from others."""
    return a_user(session, "Tess Two", S, M)


@pytest.fixture
def ida(session):
    """An admin who also learns and mentors."""
    return a_user(session, "Ida All", S, M, A)


CARD = re.compile(
    r'<li class="card".*?<h3[^>]*><a[^>]*>(?P<topic>.*?)</a>'
    r'.*?<p class="with">(?P<who>.*?)</p>(?P<rest>.*?)</li>',
    re.DOTALL,
)
ACTION = re.compile(r'action="/api/sessions/\d+/(\w+)"')


def cards(page):
    """Topic, other person and actions of each card, by list."""
    lists = re.findall(r'id="list-(\w+)"(.*?)</section>', page.text, re.DOTALL)
    return {
        name: [
            (
                card["topic"],
                " ".join(card["who"].split()),
                list(dict.fromkeys(ACTION.findall(card["rest"]))),
            )
            for card in CARD.finditer(text)
        ]
        for name, text in lists
    }


def seen(page):
    return re.search(r'name="seen" value="([^"]+)"', page.text)[1]


def both_parts(session, cast, person):
    """A session that this person gives at 10:00, and one that they are given at 12:00."""
    given = a_booking(
        session,
        mentor=person,
        student=cast.student,
        starts="10:00",
        topic="Given",
        is_exclusive=True,
    )
    taken = a_booking(
        session,
        mentor=cast.mentor,
        student=person,
        starts="12:00",
        topic="Taken",
        is_exclusive=True,
    )
    return given, taken


def test_the_lists_hold_the_sessions_of_both_parts_with_what_each_allows(
    client_for, session, cast, tess
):
    both_parts(session, cast, tess)
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="11:00", topic="Others'")

    shown = cards(client_for(tess).get("/dashboard"))

    assert shown["upcoming"] == [
        ("Given", "with Sam Student, your student", ["start", "cancel"]),
        ("Taken", "with Maya Mentor, your mentor", []),
    ]


def test_who_has_one_part_only_reads_the_name_alone(client_for, session, cast):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00", topic="It")

    for viewer, other in ((cast.student, "Maya Mentor"), (cast.mentor, "Sam Student")):
        [(_topic, who, _actions)] = cards(client_for(viewer).get("/dashboard"))["upcoming"]
        assert who == f"with {other}"


def test_each_part_is_refused_what_only_the_other_may_do(client_for, session, cast, ida):
    given, taken = both_parts(session, cast, ida)
    client = client_for(ida)

    assert client.post(f"/api/sessions/{given}/start").status_code == 200
    refused = client.post(f"/api/sessions/{taken}/start")
    assert (refused.status_code, refused.json["error"]) == (
        403,
        "Only the mentor of this session can do that.",
    )
    assert "/start" not in client.get(f"/sessions/{taken}").text
    others = a_booking(session, mentor=cast.mentor, student=cast.student, starts="15:00")
    assert client.post(f"/api/sessions/{others}/start").status_code == 200


def test_pages_of_a_list_go_on_over_both_parts(client_for, session, cast, tess):
    starts = [at("12:00", days=1) + number * timedelta(hours=1) for number in range(45)]
    for number, start in enumerate(starts):
        people = (tess, cast.student) if number % 3 == 0 else (cast.mentor, tess)
        a_booking(session, mentor=people[0], student=people[1], starts=start, topic=f"No {number}")
    client = client_for(tess)

    found = [
        [topic for topic, *_others in cards(client.get(f"/dashboard?upcoming={page}"))["upcoming"]]
        for page in (1, 2, 3)
    ]

    assert found == [
        [f"No {number}" for number in numbers]
        for numbers in (range(20), range(20, 40), range(40, 45))
    ]


@pytest.mark.parametrize("which", [0, 1], ids=["given", "taken"])
def test_an_open_page_follows_both_parts(client_for, session, cast, tess, which):
    booking = both_parts(session, cast, tess)[which]
    client = client_for(tess)
    asked = {"seen": seen(client.get("/dashboard"))}
    assert client.post(POLL, data=asked, headers=HTMX).status_code == 204

    a_booking(session, mentor=cast.mentor, student=cast.student, starts="18:00")
    assert client.post(POLL, data=asked, headers=HTMX).status_code == 204

    mentor = (tess, cast.mentor)[which]
    apply_action(session, booking_id=booking, action=Action.START, viewer=mentor, now=at("09:50"))
    answer = client.post(POLL, data=asked, headers=HTMX)

    assert answer.status_code == 200
    assert f'"sessionId": {booking}' in answer.headers["HX-Trigger"]


def test_week_day_and_feed_name_the_other_person_of_each_session(client_for, session, cast, tess):
    both_parts(session, cast, tess)
    client = client_for(tess)

    for address in ("/dashboard/week", "/dashboard/day"):
        page = client.get(address).text
        who = re.findall(r'class="entry.*?class="with">(.*?)</span>', page, re.DOTALL)
        assert who == ["Sam Student", "Maya Mentor"]
    token = create_feed(session, viewer=tess, alarm=Alarm.NONE, now=at("09:00"))
    feed = client_for(None).get(f"/calendar/{token}.ics").text
    assert feed.index("With Sam Student.") < feed.index("With Maya Mentor.")


def test_an_admin_who_takes_part_sees_their_own_first_and_all_on_demand(
    client_for, session, cast, ida
):
    both_parts(session, cast, ida)
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="14:00", topic="Others'")
    client = client_for(ida)

    own, everything = client.get("/dashboard"), client.get("/dashboard?scope=all")

    assert [topic for topic, *_more in cards(own)["upcoming"]] == ["Given", "Taken"]
    assert cards(everything)["upcoming"] == [
        ("Given", "with Sam Student, your student", ["start", "cancel"]),
        ("Taken", "with Maya Mentor, your mentor", []),
        ("Others&#39;", "Maya Mentor with Sam Student", ["start", "cancel"]),
    ]
    assert "<h1>Your sessions</h1>" in own.text
    assert "<h1>All sessions</h1>" in everything.text
    assert 'href="/dashboard?scope=all">All sessions</a>' in own.text
    assert 'href="/dashboard">Your sessions</a>' in everything.text
    assert 'href="/dashboard/week?scope=all"' in everything.text
    week = dict(parts(client.get("/dashboard/week?scope=all")))
    assert sum(map(len, week.values())) == 3
    assert sum(map(len, dict(parts(client.get("/dashboard/week"))).values())) == 2
    assert sum(map(len, dict(parts(client.get("/dashboard/day?scope=all"))).values())) == 3


def test_an_open_page_with_all_sessions_polls_for_all(client_for, session, cast, ida):
    client = client_for(ida)
    page = client.get("/dashboard?scope=all")
    assert '<input type="hidden" name="scope" value="all"' in page.text
    asked = {"seen": seen(page), "scope": "all"}
    own = {"seen": seen(client.get("/dashboard"))}

    a_booking(session, mentor=cast.mentor, student=cast.student, starts="14:00", topic="Others'")

    assert client.post(POLL, data=own, headers=HTMX).status_code == 204
    answer = client.post(POLL, data=asked, headers=HTMX)
    assert answer.status_code == 200
    assert "Others&#39;" in answer.text


@pytest.mark.parametrize("asks", ["student", "mentor"])
def test_nobody_but_an_admin_sees_all(client_for, session, cast, asks):
    a_booking(session, mentor=cast.other_mentor, student=cast.stranger, topic="Secret")
    client = client_for(getattr(cast, asks))

    for address in ("/dashboard", "/dashboard/week", "/dashboard/day"):
        page = client.get(f"{address}?scope=all")
        assert "Secret" not in page.text
        assert "All sessions" not in page.text
    answer = client.post(POLL, data={"scope": "all"}, headers=HTMX)
    assert "Secret" not in answer.text
    assert client.get("/dashboard?scope=everything").status_code == 400


def test_the_bar_has_what_each_role_brings(client_for, session, cast, ida, tess):
    def bar(viewer):
        page = client_for(viewer).get("/account").text
        nav = page[page.index('<nav class="parts"') : page.index("</nav>")]
        return {unescape(it) for it in re.findall(r'<a href="[^"]+"[^>]*>([^<]+)', nav)}

    assert {"Mentors", "Availability", "Profile"} < bar(tess)
    assert "People" not in bar(tess)
    assert bar(cast.student) | bar(cast.mentor) | bar(cast.admin) == bar(ida)
    assert "student, mentor, admin" in client_for(ida).get("/account").text
    assert "student, mentor" in client_for(ida).get("/people").text


def test_mentors_who_learn_see_themselves_but_cannot_book_themselves(
    client_for, session, cast, tess
):
    a_profile(session, tess)
    a_profile(session, cast.mentor)
    own = a_slot(session, tess, starts="14:00")
    other = a_slot(session, cast.mentor, starts="16:00")
    client = client_for(tess)

    directory = client.get("/mentors").text
    assert f"/slots/{other}/book" in directory
    assert f"/slots/{own}/book" not in directory
    assert "This is you, as students see you." in directory
    page = client.get(f"/mentors/{tess.id}").text
    assert "14:00" in page
    assert "/book" not in page
    assert client.get(f"/api/mentors/{tess.id}/slots").json["slots"] == []
    refused = client.post("/api/bookings", json={"slotId": own, "topic": "Me"})
    assert (refused.status_code, refused.json["nextFree"]) == (409, [])
    assert "You cannot book a session with yourself." in refused.json["error"]
    form = client.get(f"/slots/{own}/book").text
    assert "You cannot book a session with yourself." in form
    assert "has no free times" not in form


def test_the_availability_page_says_which_times_are_not_offered_and_refuses_a_new_one_there(
    client_for, session, cast, tess
):
    a_profile(session, tess)
    a_slot(session, tess, starts="12:30")
    a_slot(session, tess, starts="16:00")
    a_booking(session, mentor=cast.mentor, student=tess, starts="12:00", is_exclusive=True)
    client = client_for(tess)

    page = client.get("/availability").text
    assert page.count("not offered: you have another session then") == 1

    form = {"day": "2026-11-24", "opens": "11:30", "closes": "12:30", "capacity": "1"}
    refused = client.post("/availability/slots/new", data=form)
    assert refused.status_code == 400
    assert "You have a session with Maya Mentor on" in refused.text


def test_other_roles_sign_a_person_out(client_for, session, tess):
    client = client_for(tess)
    assert client.get("/dashboard").status_code == 200

    session.execute(update(User).where(User.id == tess.id).values(is_student=False))
    session.commit()

    assert client.get("/account").status_code == 302
    assert client.post(POLL, headers=HTMX).status_code == 401
    assert client_for(replace(tess, roles=frozenset({M}))).get("/account").status_code == 200
