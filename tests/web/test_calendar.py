"""The week and the day: whose sessions, on which day of the viewer's wall, at which hours."""

import re
from datetime import datetime

import pytest

from mentorship.domain.lifecycle import Status
from mentorship.domain.people import Role
from tests.support.builders import a_booking, a_user


@pytest.fixture
def lena(session):
    """A student in Berlin."""
    return a_user(session, "Lena", Role.STUDENT, timezone="Europe/Berlin")


def parts(page):
    """Each day or hour in order: its heading, and the topics under it."""
    found = []
    for part in re.split(r"<h3>", page.text)[1:]:
        heading, _, rest = part.partition("</h3>")
        found.append((re.sub(r"<[^>]*>", "", heading), re.findall(r"<span>([^<]+)</span>", rest)))
    return found


def test_a_week_shows_each_session_on_the_day_of_the_viewers_wall(
    client_for, session, cast, clock, lena
):
    late, early, next_week = "2026-11-24T23:30Z", "2026-11-23T00:00Z", "2026-11-29T23:00Z"
    for topic, start in (("Late", late), ("Early", early), ("Next", next_week)):
        a_booking(session, mentor=cast.mentor, student=lena, topic=topic,
                  starts=datetime.fromisoformat(start))  # fmt: skip
    a_booking(session, mentor=cast.mentor, student=cast.student, topic="Another's")
    a_booking(session, mentor=cast.mentor, student=lena, topic="Off", status=Status.CANCELLED)

    this = dict(parts(client_for(lena).get("/dashboard/week")))
    following = dict(parts(client_for(lena).get("/dashboard/week?day=2026-12-06")))

    assert [day for day, topics in this.items() if topics] == ["Mon 23 Nov 2026", "Wed 25 Nov 2026"]
    assert this["Wed 25 Nov 2026"] == ["Late"]
    assert following["Mon 30 Nov 2026"] == ["Next"]
    assert len(this) == len(following) == 7


def test_what_goes_on_over_midnight_is_on_both_days_and_in_both_weeks(
    client_for, session, cast, clock, lena
):
    start = datetime.fromisoformat("2026-11-22T22:30Z")
    a_booking(session, mentor=cast.mentor, student=lena, topic="Over midnight", starts=start)
    client = client_for(lena)

    before, after = (
        dict(parts(client.get(f"/dashboard/day?day=2026-11-{day}"))) for day in (22, 23)
    )
    weeks = [dict(parts(client.get(f"/dashboard/week?day=2026-11-{day}"))) for day in (22, 23)]

    assert before == {"23:00": ["Over midnight"]}
    assert after == {"00:00": ["Over midnight"]}
    assert weeks[0]["Sun 22 Nov 2026"] == weeks[1]["Mon 23 Nov 2026"] == ["Over midnight"]


def test_a_mentor_reads_the_student_and_an_admin_both(client_for, session, cast, clock):
    a_booking(session, mentor=cast.mentor, student=cast.student)
    for viewer, who in (
        (cast.mentor, "Sam Student"),
        (cast.student, "Maya Mentor"),
        (cast.admin, "Maya Mentor, Sam Student"),
    ):
        for path in ("/dashboard/week", "/dashboard/day"):
            assert f'<span class="with">{who}</span>' in client_for(viewer).get(path).text


def test_a_day_shows_the_doubled_hour_twice_and_leaves_out_the_one_that_is_skipped(
    client_for, session, cast, lena
):
    # The clock is the real one: freezegun forgets which of two equal hours a time is in.
    for topic, start in (
        ("Summer", "2027-10-31T00:15Z"),
        ("Winter", "2027-10-31T01:15Z"),
        ("Before", "2027-03-28T00:30Z"),
        ("After", "2027-03-28T01:30Z"),
    ):
        a_booking(session, mentor=cast.mentor, student=lena, topic=topic,
                  starts=datetime.fromisoformat(start))  # fmt: skip

    autumn = parts(client_for(lena).get("/dashboard/day?day=2027-10-31"))
    spring = parts(client_for(lena).get("/dashboard/day?day=2027-03-28"))

    # Whatever the season of the test is, its own zone needs no name and the other has one.
    assert [(hour[:5], topics) for hour, topics in autumn] == [
        ("02:00", ["Summer"]), ("02:00", ["Winter"]), ("03:00", [])
    ]  # fmt: skip
    assert [hour[5:] for hour, _ in autumn] in ([" CEST", "", ""], ["", " CET", " CET"])
    assert [(hour[:5], topics) for hour, topics in spring] == [
        ("01:00", ["Before"]), ("03:00", ["After"]), ("04:00", [])
    ]  # fmt: skip


def test_an_empty_day_says_so_and_leads_on(client_for, cast, clock):
    page = client_for(cast.student).get("/dashboard/day?day=2026-12-01").text

    assert "No session on this day." in page
    for link in ("day?day=2026-11-30", "day?day=2026-12-02", '/dashboard/day"'):
        assert link in page


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "0001-01-01", "9999-12-31", ""])
def test_what_is_no_day_or_years_away_is_refused_with_a_sentence(client_for, cast, clock, day):
    for path in ("/dashboard/week", "/dashboard/day"):
        answer = client_for(cast.student).get(f"{path}?day={day}", headers={"Accept": "text/html"})
        assert answer.status_code == 400
        assert "day" in answer.text
