"""GET /api/sessions: one's own sessions, an admin's all, by every filter."""

from datetime import timedelta

import pytest

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import SessionBooking
from tests.support.builders import a_booking, a_user, at


@pytest.fixture
def sessions(session, cast, clock):
    """Four sessions by name; the time is 09:50 of 2026-11-24."""
    student, mentor, other = cast.student, cast.mentor, cast.other_mentor

    def make(**state):
        return a_booking(session, **{"mentor": mentor, "student": student} | state)

    return {
        "past": make(starts="06:00", status=Status.COMPLETED, topic="Élan and parsers"),
        "late": make(starts="08:00", status=Status.ONGOING, is_delayed=True, topic="Proofs"),
        "elsewhere": make(starts=at("10:00", days=2), mentor=other, topic="Careers"),
        "strangers": make(starts="12:00", student=cast.stranger, topic="Proofs"),
    }


@pytest.fixture
def find(client_for, cast, sessions):
    """`find(viewer, "status=ONGOING")`: the names of what is found, in the order of the answer."""
    names = {number: name for name, number in sessions.items()}

    def get(viewer=cast.student, query=""):
        answer = client_for(viewer).get(f"/api/sessions?{query}")
        assert answer.status_code == 200
        assert answer.json["total"] == len(answer.json["sessions"])
        return [names[each["sessionId"]] for each in answer.json["sessions"]]

    return get


def test_people_get_their_own_and_admins_all_the_newest_first(find, cast):
    assert find(cast.student) == ["elsewhere", "late", "past"]
    assert find(cast.mentor) == ["strangers", "late", "past"]
    assert find(cast.stranger) == ["strangers"]
    assert find(cast.admin) == ["elsewhere", "strangers", "late", "past"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=ONGOING", ["late"]),
        ("status=SCHEDULED", ["elsewhere"]),
        ("from=2026-11-25", ["elsewhere"]),
        ("to=2026-11-24", ["late", "past"]),
        ("from=2026-11-24&to=2026-11-24", ["late", "past"]),
        ("from=2026-11-24T08:00:00Z&to=2026-11-24T08:00:01Z", ["late"]),
        ("q=proof", ["late"]),
        ("q=elan+PARSERS", ["past"]),
        ("q=otto", ["elsewhere"]),
        ("q=stella", []),
        ("q=%25", []),
        ("outcome=OPEN&status=COMPLETED", ["past"]),
        ("outcome=DISPUTED", []),
        ("outcome=TOOK_PLACE", []),
        ("page=1", ["elsewhere", "late", "past"]),
    ],
)
def test_every_argument_narrows_what_is_found(find, query, found):
    assert find(query=query) == found


def test_outcomes_are_found_by_state_and_by_word(find, client_for, cast, sessions):
    path = f"/api/sessions/{sessions['past']}/outcome"
    assert client_for(cast.student).post(path, json={"outcome": "TOOK_PLACE"}).status_code == 200
    assert find(query="outcome=CLAIMED") == ["past"]
    assert find(query="outcome=TOOK_PLACE") == ["past"]
    client_for(cast.mentor).post(path, json={"outcome": "NOBODY_CAME"})

    assert find(query="outcome=DISPUTED") == ["past"]
    assert find(query="outcome=TOOK_PLACE") == []


def test_people_are_found_by_their_numbers(find, cast):
    assert find(cast.admin, f"mentorId={cast.other_mentor.id}") == ["elsewhere"]
    assert find(cast.admin, f"studentId={cast.stranger.id}") == ["strangers"]
    assert find(cast.student, f"studentId={cast.stranger.id}") == []


@pytest.mark.parametrize(
    "query",
    [
        "status=LATE",
        "outcome=MAYBE",
        "from=yesterday",
        "to=2026-02-30",
        "mentorId=0",
        "studentId=x",
        "page=0",
        "from=2026-11-25&to=2026-11-23",
        "sort=topic",
        f"q={'x' * 1000}",
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(client_for, cast, clock, query):
    answer = client_for(cast.student).get(f"/api/sessions?{query}")

    assert answer.status_code == 400
    assert answer.json["error"].endswith(".")


def test_there_are_a_hundred_on_a_page(client_for, session, cast, clock):
    student = a_user(session, "Busy Bee", Role.STUDENT)
    for number in range(102):
        starts = at("06:00") - number * timedelta(hours=2)
        a_booking(
            session, mentor=cast.mentor, student=student, starts=starts, status=Status.COMPLETED
        )
    first, second, third = (
        client_for(student).get(f"/api/sessions?page={page}").json for page in (1, 2, 3)
    )

    assert [len(each["sessions"]) for each in (first, second, third)] == [100, 2, 0]
    assert {each["total"] for each in (first, second, third)} == {102}
    numbers = [each["sessionId"] for page in (first, second) for each in page["sessions"]]
    assert len(set(numbers)) == 102
    assert session.get(SessionBooking, numbers[0]).start_time == at("06:00")
