"""The week and the day: whose sessions, on which day of the viewer's wall, at which hours."""

from datetime import datetime

import pytest

from mentorship.domain.lifecycle import Status
from mentorship.domain.people import Role
from tests.support.builders import a_booking, a_user
from tests.web.hours import parts


@pytest.fixture
def lena(session):
    """A student in Berlin."""
    return a_user(session, "Lena", Role.STUDENT, timezone="Europe/Berlin")


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
