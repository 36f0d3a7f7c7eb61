"""The week and the day: whose sessions, on which day of the viewer's wall, at which hours."""

import re
from datetime import datetime, timedelta
from html import unescape

import pytest

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Status
from mentorship.queries.sessions.week_view import MOST_OF_A_DAY
from tests.support.builders import a_booking, a_user, at
from tests.web.sessions.week_pages import parts

MINUTE = timedelta(minutes=1)


@pytest.fixture
def lena(session):
    """A student in Berlin."""
    return a_user(session, "Lena", Role.STUDENT, timezone="Europe/Berlin")


def test_a_week_shows_each_session_on_the_day_of_the_viewers_wall(
    client_for, session, cast, clock, lena
):
    late, early, next_week = "2026-11-24T23:30Z", "2026-11-23T00:00Z", "2026-11-29T23:00Z"
    for topic, start in (("Late", late), ("Early", early), ("Next", next_week)):
        a_booking(
            session,
            mentor=cast.mentor,
            student=lena,
            topic=topic,
            starts=datetime.fromisoformat(start),
        )
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


def test_a_late_session_that_has_begun_looks_like_any_other_that_is_under_way(
    client_for, session, cast, clock
):
    late = {"status": Status.ONGOING, "is_delayed": True}
    people = {"mentor": cast.mentor, "student": cast.student}
    waits = a_booking(session, **people, starts="08:00", **late)
    begun = a_booking(session, **people, starts="09:00", arrived=True, **late)

    for path in ("/dashboard/week", "/dashboard/day"):
        page = client_for(cast.student).get(path).text
        classes = dict(re.findall(r'class="entry ([\w-]+)" href="/sessions/(\d+)"', page))
        assert classes == {"is-attention": str(waits), "is-now": str(begun)}


def test_an_empty_day_says_so_and_leads_on(client_for, cast, clock):
    page = client_for(cast.student).get("/dashboard/day?day=2026-12-01").text

    assert "No sessions on this day." in page
    for link in ("day?day=2026-11-30", "day?day=2026-12-02", '/dashboard/day"'):
        assert link in page


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "0001-01-01", "9999-12-31", ""])
def test_what_is_no_day_or_years_away_is_refused_with_a_sentence(client_for, cast, clock, day):
    for path in ("/dashboard/week", "/dashboard/day"):
        answer = client_for(cast.student).get(f"{path}?day={day}", headers={"Accept": "text/html"})
        assert answer.status_code == 400
        assert "day" in answer.text


def many(session, cast, start, number):
    """So many sessions, a minute apart."""
    first = datetime.fromisoformat(start)
    for minute in range(number):
        a_booking(
            session,
            mentor=cast.mentor,
            student=cast.student,
            starts=first + minute * MINUTE,
            topic=f"{start[8:10]}-{minute}",
        )


def listed(page):
    return [topic for _heading, topics in parts(page) for topic in topics]


@pytest.mark.parametrize("who", ["student", "mentor", "admin"])
def test_each_day_of_a_week_is_cut_by_itself_and_says_how_many_are_left_out(
    client_for, session, cast, clock, who
):
    client = client_for(getattr(cast, who))
    many(session, cast, "2026-11-23T08:00Z", 230)
    many(session, cast, "2026-11-27T08:00Z", 6)

    answer = client.get("/dashboard/week")
    week = dict(parts(answer))

    assert len(week["Mon 23 Nov 2026"]) == MOST_OF_A_DAY
    assert week["Fri 27 Nov 2026"] == [f"27-{n}" for n in range(6)]
    assert re.findall(r'<a href="([^"]*)">(\d+) more sessions', answer.text) == [
        ("/dashboard/day?day=2026-11-23", str(230 - MOST_OF_A_DAY))
    ]
    assert answer.text.count("No sessions") == 5


def test_a_long_day_is_paged_and_says_how_many_follow(client_for, session, cast, clock):
    client = client_for(cast.admin)
    many(session, cast, "2026-11-27T08:00Z", 230)
    path, seen, says = "/dashboard/day?day=2026-11-27", [], []
    while path:
        answer = client.get(path)
        seen += listed(answer)
        following = re.search(r'<a href="([^"]*)" rel="next">(\d+) more', answer.text)
        path = following and unescape(following[1])
        says += [following[2]] if following else []

    assert seen == [f"27-{n}" for n in range(230)]
    assert says == ["130", "30"]
    assert listed(client.get("/dashboard/day?day=2026-11-27&page=99")) == seen[200:]
    assert client.get("/dashboard/day?page=x").status_code == 400


def line_of_now(page):
    """The hour (UTC) in which the line stands, its text, the topics above and below it there."""
    for part in re.split(r"<h3>", page.text)[1:]:
        heading, _, rest = part.partition("</h3>")
        if "line-of-now" in rest:
            above, line, below = re.split(r'(<li class="line-of-now".*?</li>)', rest, flags=re.S)
            topics = [re.findall(r"<span>([^<]+)</span>", each) for each in (above, below)]
            text = " ".join(re.sub(r"<[^>]*>", " ", line).split())
            hour = re.search(r'datetime="([^"]*)"', heading)[1]
            return hour, text, *topics
    return None


@pytest.mark.parametrize(
    ("zone", "hour", "says"),
    [
        ("UTC", "09:00", "Now 09:50"),
        ("Europe/Berlin", "09:00", "Now 10:50"),
        ("Asia/Kathmandu", "09:15", "Now 15:35"),
        ("America/St_Johns", "09:30", "Now 06:20"),
        ("Australia/Lord_Howe", "09:00", "Now 20:50"),
    ],
)
def test_the_line_of_now_stands_at_its_minute_in_the_viewers_zone(
    client_for, session, cast, clock, zone, hour, says
):
    viewer = a_user(session, "Vera", Role.STUDENT, timezone=zone)
    for topic, start in (("Begun", "09:49"), ("To come", "09:51"), ("Later", "11:55")):
        a_booking(session, mentor=cast.mentor, student=viewer, topic=topic, starts=start)

    found = line_of_now(client_for(viewer).get("/dashboard/day"))

    assert found[:2] == (f"2026-11-24T{hour}:00Z", says)
    assert "Begun" in found[2]
    assert "To come" in found[3]


@pytest.mark.parametrize(
    ("now", "hour", "says"),
    [
        ("2026-10-25T00:30Z", "2026-10-25T00:00:00Z", "Now 02:30"),
        ("2026-10-25T01:30Z", "2026-10-25T01:00:00Z", "Now 02:30"),
        ("2026-03-29T00:59Z", "2026-03-29T00:00:00Z", "Now 01:59"),
        ("2026-03-29T01:00Z", "2026-03-29T01:00:00Z", "Now 03:00"),
    ],
)
def test_over_a_change_of_the_clocks_the_line_stands_in_the_right_hour(
    client_for, session, cast, clock, lena, now, hour, says
):
    now = datetime.fromisoformat(now)
    clock.move_to(now)
    for hours in (-0.5, 5):
        a_booking(
            session,
            mentor=cast.mentor,
            student=lena,
            starts=now + timedelta(hours=hours),
            lasts=MINUTE,
        )

    found = line_of_now(client_for(lena).get("/dashboard/day"))

    assert found[:2] == (hour, says)


def test_the_line_is_there_also_before_the_first_session_and_on_no_other_day(
    client_for, session, cast, clock
):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="14:00")
    a_booking(session, mentor=cast.mentor, student=cast.student, starts=at("14:00", days=1))
    client = client_for(cast.student)

    today, tomorrow = (client.get(f"/dashboard/day?day=2026-11-{day}") for day in (24, 25))

    assert line_of_now(today) == ("2026-11-24T09:00:00Z", "Now 09:50", [], [])
    assert '<svg width="1" height="50"' in today.text
    assert line_of_now(tomorrow) is None
