"""Finding a mentor and a free time, on pages and over JSON."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import User
from mentorship.services.booking.mentor_profile import edit_profile
from tests.support.builders import a_booking, a_profile, a_seat, a_slot, a_user, at
from tests.support.databases import counted_statements


@pytest.fixture
def hours(session, cast, clock):
    """A mentor with a profile and two times today; the clock stands at 09:50."""
    a_profile(session, cast.mentor, headline="Calm under deadline", bio="**Hello** <script>x")
    return [a_slot(session, cast.mentor, starts=starts) for starts in ("14:00", "16:00")]


def shown(page):
    """The days of a week view that have times, each with its times."""
    days = re.findall(r"<h3>(\w+ \d+ \w+ \d+)</h3>(.*?)(?=<h3>|</ol>)", page.text, re.DOTALL)
    return {
        day: re.findall(r">(\d\d:\d\d)(?: CES?T)? \u2013 (\d\d:\d\d)</time>", inside)
        for day, inside in days
        if "</time>" in inside
    }


def test_the_directory_leads_to_the_next_times_and_says_the_zone(client_for, cast, hours):
    page = client_for(cast.student).get("/mentors")

    assert page.status_code == 200
    assert "Maya Mentor" in page.text
    assert "Calm under deadline" in page.text
    assert "Times in UTC" in page.text
    assert [f'href="/slots/{slot}/book"' in page.text for slot in hours] == [True, True]
    assert (
        "No mentor matches your search." in client_for(cast.student).get("/mentors?q=nobody").text
    )


def test_an_empty_directory_says_what_comes_next(client_for, cast, clock):
    assert "Mentors appear here once" in client_for(cast.student).get("/mentors").text


@pytest.mark.parametrize("query", ["page=0", "page=x", "q=a%00b", "topic=" + "x" * 101])
def test_what_does_not_fit_is_refused_in_words(client_for, cast, hours, query):
    for path in ("/mentors", "/api/mentors"):
        answer = client_for(cast.student).get(f"{path}?{query}")
        assert (answer.status_code, "field" in answer.text.lower()) == (400, True)


def test_a_mentors_page_shows_the_profile_without_its_scripts_and_the_week(client_for, cast, hours):
    page = client_for(cast.student).get(f"/mentors/{cast.mentor.id}")

    assert "<strong>Hello</strong> &lt;script&gt;x" in page.text
    assert shown(page) == {"Tue 24 Nov 2026": [("14:00", "15:00"), ("16:00", "17:00")]}


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        # 28 March 2027 is the day of change in Berlin; New York changed two weeks before.
        (
            "Europe/Berlin",
            {
                "Fri 26 Mar 2027": [("18:00", "19:00")],
                "Sun 28 Mar 2027": [("01:30", "03:30"), ("18:00", "19:00")],
            },
        ),
        (
            "America/New_York",
            {
                "Fri 26 Mar 2027": [("13:00", "14:00")],
                "Sat 27 Mar 2027": [("20:30", "21:30")],
                "Sun 28 Mar 2027": [("12:00", "13:00")],
            },
        ),
        (
            "Asia/Tokyo",
            {
                "Sat 27 Mar 2027": [("02:00", "03:00")],
                "Sun 28 Mar 2027": [("09:30", "10:30")],
            },
        ),
    ],
)
def test_a_week_is_that_of_the_viewers_wall_also_where_clocks_change(
    client_for, session, cast, clock, zone, expected
):
    a_profile(session, cast.mentor, horizon_days=366)
    for start in ((26, 17), (28, 0, 30), (28, 16)):
        a_slot(session, cast.mentor, starts=datetime(2027, 3, *start, tzinfo=UTC))
    viewer = a_user(session, "Wanda Wall", Role.STUDENT, timezone=zone)

    page = client_for(viewer).get(f"/mentors/{cast.mentor.id}?week=2027-03-25")

    assert shown(page) == expected
    assert f"Times in {zone}" in page.text


def test_an_empty_week_leads_to_the_next_free_time(client_for, session, cast, clock):
    a_profile(session, cast.mentor)
    a_slot(session, cast.mentor, starts=at("10:00", days=16))

    page = client_for(cast.student).get(f"/mentors/{cast.mentor.id}")

    assert "There are no times to book in this week." in page.text
    assert f"/mentors/{cast.mentor.id}?week=2026-12-10" in page.text
    assert "waiting list" not in page.text


def test_a_full_week_offers_its_waiting_list_and_the_form_works(client_for, session, cast, hours):
    for slot, student in zip(hours, (cast.stranger, cast.stranger), strict=True):
        a_seat(session, slot, student)
    client = client_for(cast.student)

    page = client.get(f"/mentors/{cast.mentor.id}")
    assert "All times in this week are taken." in page.text
    action = re.search(r'action="(/api/mentors/\d+/waiting-list)"', page.text)[1]
    week = re.search(r'name="week" value="([\d-]+)"', page.text)[1]
    answer = client.post(action, data={"week": week}, headers={"Accept": "text/html"})
    assert (answer.status_code, answer.location) == (303, "/waiting-list")


def test_a_week_is_not_called_taken_for_what_could_not_be_booked_anyway(
    client_for, session, cast, clock
):
    a_profile(session, cast.mentor, minimum_notice=24 * 60)
    a_slot(session, cast.mentor, starts=at("18:00"))  # Too soon.
    ahead = a_slot(session, cast.mentor, starts=at("10:00", days=2))
    a_seat(session, a_slot(session, cast.other_mentor, starts=at("10:00", days=2)), cast.student)
    client = client_for(cast.student)  # Who is busy then.

    assert (
        "There are no times to book in this week." in client.get(f"/mentors/{cast.mentor.id}").text
    )
    a_seat(session, ahead, cast.stranger)
    assert "All times in this week are taken." in client.get(f"/mentors/{cast.mentor.id}").text


@pytest.mark.parametrize("week", ["never", "2026-13-01", "9999-12-31", "0001-01-01"])
def test_a_week_that_is_none_is_refused(client_for, cast, hours, week):
    answer = client_for(cast.student).get(f"/mentors/{cast.mentor.id}?week={week}")

    assert answer.status_code == 400


def test_who_is_no_student_sees_the_times_and_is_led_nowhere(client_for, cast, hours):
    page = client_for(cast.admin).get(f"/mentors/{cast.mentor.id}")

    assert shown(page) == {"Tue 24 Nov 2026": [("14:00", "15:00"), ("16:00", "17:00")]}
    assert "/slots/" not in page.text


def test_who_is_no_mentor_has_no_page(client_for, cast, hours):
    for path in ("/mentors/{}", "/api/mentors/{}/slots"):
        for person in (cast.student.id, cast.other_mentor.id, 999):
            assert client_for(cast.student).get(path.format(person)).status_code == 404


def test_json_finds_mentors_and_their_times(client_for, cast, hours):
    client = client_for(cast.student)

    assert client.get("/api/mentors").json == {
        "success": True,
        "page": 1,
        "hasNext": False,
        "mentors": [
            {
                "id": cast.mentor.id,
                "name": "Maya Mentor",
                "headline": "Calm under deadline",
                "topics": [],
                "punctuality": None,
                "nextFree": [
                    {
                        "slotId": hours[0],
                        "seatsLeft": 1,
                        "changeableUntil": "2026-11-24T10:00:00Z",
                        "startTime": "2026-11-24T14:00:00Z",
                        "endTime": "2026-11-24T15:00:00Z",
                    },
                    {
                        "slotId": hours[1],
                        "seatsLeft": 1,
                        "changeableUntil": "2026-11-24T12:00:00Z",
                        "startTime": "2026-11-24T16:00:00Z",
                        "endTime": "2026-11-24T17:00:00Z",
                    },
                ],
            }
        ],
    }
    slots = client.get(
        f"/api/mentors/{cast.mentor.id}/slots?from=2026-11-24T15:00:00%2B01:00"
        "&to=2026-11-24T16:00:00Z"
    )
    assert [slot["slotId"] for slot in slots.json["slots"]] == [hours[0]]
    assert len(client.get(f"/api/mentors/{cast.mentor.id}/slots").json["slots"]) == 2


@pytest.mark.parametrize(
    "query",
    [
        "from=now",
        "from=2026-11-24T09:00",
        "from=0001-01-01T00:00:00Z",
        "to=2026-11-24T09:50:00Z",
        "to=2027-11-24T09:50:00Z",
        "from=9999-12-31T23:59:59-14:00",
    ],
)
def test_a_span_that_is_none_is_refused(client_for, cast, hours, query):
    answer = client_for(cast.student).get(f"/api/mentors/{cast.mentor.id}/slots?{query}")

    assert (answer.status_code, answer.json["success"]) == (400, False)


def test_a_mentor_writes_a_profile_and_a_refusal_keeps_what_was_typed(
    client_for, session, cast, clock
):
    client = client_for(cast.mentor)
    form = {"headline": "New here", "bio": "*Hi*", "topics": "SQL, Tests"}

    assert client.post("/profile", data=form).location == "/profile"
    page = client.get("/profile").text
    assert "Your profile is saved." in page
    assert 'value="New here"' in page
    assert "<em>Hi</em>" in page
    refused = client.post("/profile", data=form | {"headline": "x" * 200, "bio": "kept"})
    assert refused.status_code == 400
    assert ">kept</textarea>" in refused.text
    assert "New here" in client.get("/profile").text


def test_a_mentor_is_led_to_the_own_page_once_students_have_one(client_for, session, cast, clock):
    """And is told meanwhile, where they prepare it, that an admin comes first."""
    client = client_for(cast.mentor)
    way = f'href="/mentors/{cast.mentor.id}"'

    def wait(*, is_pending):
        session.rollback()
        session.execute(update(User).values(is_approval_pending=is_pending))
        session.commit()

    wait(is_pending=True)
    client.post("/profile", data={"headline": "New here", "bio": "", "topics": ""})
    profile, availability = client.get("/profile").text, client.get("/availability").text
    assert way not in profile
    for page in (profile, availability):
        assert "An admin must approve your account before students can find you." in page
    assert "students can book them once you are approved." in availability

    wait(is_pending=False)
    assert way in client.get("/profile").text
    assert way in client.post("/profile", data={"headline": "x" * 200}).text
    assert client.get(f"/mentors/{cast.mentor.id}").status_code == 200
    for path in ("/profile", "/availability"):
        assert "An admin must approve" not in client.get(path).text
    assert way not in client_for(cast.other_mentor).get("/profile").text  # Who has no profile.


def test_a_page_takes_a_handful_of_statements(client_for, app, session, cast, hours):
    client = client_for(cast.student)
    for day in range(1, 5):
        a_slot(session, cast.mentor, starts=at("10:00") + timedelta(days=day))

    def count(path):
        with counted_statements(session.get_bind().__class__) as statements:
            client.get(path)
        return len(statements)

    # Who asks, the topics to choose from, the mentors, their topics, next times, last sessions.
    assert count("/mentors") == 6
    # Who asks, the mentor, the topics, the limits, the times, the last sessions.
    assert count(f"/mentors/{cast.mentor.id}") == 6


def test_students_read_how_punctual_a_mentor_is_before_they_book(client_for, session, cast, hours):
    student = client_for(cast.student)
    for number in range(10):
        a_booking(
            session,
            mentor=cast.mentor,
            student=cast.stranger,
            status=Status.COMPLETED,
            starts=at("08:00", days=-number - 1),
            topic="Past",
            arrived=True,
        )
        if number == 8:
            for page in ("/mentors", f"/mentors/{cast.mentor.id}"):
                assert "On time in" not in student.get(page).text

    for page in ("/mentors", f"/mentors/{cast.mentor.id}"):
        assert "On time in 10 of 10 sessions" in student.get(page).text
    [card] = student.get("/api/mentors").json["mentors"]
    assert card["punctuality"] == {
        "sessions": 10,
        "onTime": 10,
        "medianDelayMinutes": 0,
        "cancelled": 0,
        "medianNoticeHours": None,
    }


def test_a_new_topic_can_be_chosen_at_once(client_for, session, cast, hours):
    student = client_for(cast.student)
    assert "<option>Cooking</option>" not in student.get("/mentors").text
    session.rollback()
    edit_profile(session, mentor_id=cast.mentor.id, headline="", bio="", topics="Cooking")

    assert "<option>Cooking</option>" in student.get("/mentors").text


def test_the_list_of_topics_says_how_many_are_not_in_it(client_for, session, cast, clock):
    client = client_for(cast.student)
    for number, mentor in enumerate((cast.mentor, cast.other_mentor)):
        topics = ", ".join(f"Topic {each}" for each in range(12 * number, 12 * number + 12))
        session.rollback()
        edit_profile(session, mentor_id=mentor.id, headline="", bio="", topics=topics)
    assert "more topic" not in client.get("/mentors").text

    third = a_user(session, "Tilda Third", Role.MENTOR)
    topics = ", ".join(f"Topic {each}" for each in range(24, 36))
    edit_profile(session, mentor_id=third.id, headline="", bio="", topics=topics)

    page = client.get("/mentors").text
    assert page.count("<option>Topic") == 30
    assert "<option disabled>6 more topics: search for their names</option>" in page
