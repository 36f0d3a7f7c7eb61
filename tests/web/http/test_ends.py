"""The end of a session is written in its own zone, and on its own day, wherever it is written."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from mentorship.database import begin_write
from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import User
from tests.support.builders import a_booking, a_profile, a_seat, a_slot

CHANGE = datetime.fromisoformat("2027-03-28T00:30Z")
"""In Berlin from 1:30 to 3:30, because the clocks skip an hour. (In autumn freezegun's do not know
which of two equal hours it is; the words themselves are in tests/adapters.)
"""
CHANGES = "1:30 AM CET - 3:30 AM CEST"
NIGHT = datetime.fromisoformat("2027-03-28T21:30Z")
OVERNIGHT = "11:30 PM - Mon 29 Mar, 12:30 AM"
AMERICAN = {"Accept-Language": "en-US"}


@pytest.fixture
def places(session, cast, clock):
    """Everybody is in Berlin; a booked session and a free slot at each of the two times."""
    clock.move_to("2027-03-26T12:00Z")
    session.rollback()
    begin_write(session)
    session.execute(update(User).values(timezone="Europe/Berlin"))
    session.commit()
    a_profile(session, cast.mentor)
    a_profile(session, cast.other_mentor)
    ids = {}
    for name, start in (("change", CHANGE), ("night", NIGHT)):
        booked = a_slot(session, cast.mentor, starts=start)
        ids[name] = {
            "session": a_seat(session, booked, cast.student, topic="Talks"),
            "slot": booked,
            "free": a_slot(session, cast.other_mentor, starts=start),
        }
    return ids


def text_of(client, path):
    answer = client.get(path, headers=AMERICAN)
    assert answer.status_code == 200, path
    plain = re.sub(r"<[^>]+>", "", answer.text).replace("\xa0", " ").replace("\N{EN DASH}", "-")
    return re.sub(r"\s+", " ", plain)


PAGES = [
    ("student", "/dashboard"),
    ("mentor", "/dashboard"),
    ("admin", "/dashboard"),
    ("student", "/dashboard/week?day=2027-03-28"),
    ("student", "/dashboard/day?day=2027-03-28"),
    ("student", "/sessions/{session}"),
    ("student", "/sessions/{session}/move"),
    ("mentor", "/availability"),
    ("stranger", "/mentors"),
    ("stranger", "/mentors/{other}?week=2027-03-28"),
    ("stranger", "/slots/{free}/book"),
    ("mentor", "/availability/slots/{slot}/remove"),
]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("who", "page"), PAGES)
def test_a_page_writes_each_end_in_its_own_zone_and_day(who, page, places, cast, client_for):
    client = client_for(getattr(cast, who))
    for name, written in (("change", CHANGES), ("night", OVERNIGHT)):
        path = page.format(**places[name], other=cast.other_mentor.id)
        assert written in text_of(client, path), path


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_session_under_way_says_until_when_in_the_zone_of_its_end(
    cast, session, clock, client_for
):
    session.execute(update(User).values(timezone="Europe/Berlin"))
    session.commit()
    a_booking(
        session, mentor=cast.mentor, student=cast.student, starts=CHANGE, status=Status.ONGOING
    )
    clock.move_to(CHANGE + timedelta(minutes=5))

    assert "until 3:30 AM CEST" in text_of(client_for(cast.student), "/dashboard")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_happened_is_told_in_the_zone_of_its_own_instant(cast, session, clock, client_for):
    session.execute(update(User).values(timezone="Europe/Berlin"))
    session.commit()
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts=CHANGE)
    for moment in (CHANGE, CHANGE + timedelta(hours=1)):
        clock.move_to(moment)
        action = "start" if moment == CHANGE else "complete"
        done = client_for(cast.mentor).post(f"/api/sessions/{booking}/{action}")
        assert done.status_code == 200
    page = text_of(client_for(cast.student), f"/sessions/{booking}")

    assert "Sun 28 Mar 2027" in page
    assert "1:30:00 AM CET" in page
    assert "Times in Europe/Berlin (CEST)" in page  # That of all times without a zone.
    assert "3:30:00 AM Completed by" in page


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_error_about_a_slot_is_in_the_hours_of_the_reader(places, cast, session, client_for):
    fields = {"day": "2027-03-28", "opens": "01:00", "closes": "04:00", "capacity": "1"}
    answers = [
        client_for(cast.mentor).post("/availability/slots/new", data=fields, headers=AMERICAN),
        client_for(cast.mentor).post(
            "/availability/slots/new", data=fields | {"opens": "02:30"}, headers=AMERICAN
        ),
    ]
    overlap, skipped = (
        answer.text.replace("\xa0", " ").replace("\N{EN DASH}", "-") for answer in answers
    )

    assert [answer.status_code for answer in answers] == [400, 400]
    assert f"Your slot on Sun 28 Mar 2027, {CHANGES} overlaps this time" in overlap
    assert "The clocks skip 2:30 AM on that day" in skipped
