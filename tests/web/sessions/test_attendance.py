"""The mentor of a group answers for all its students: one list, one button for all who are left."""

import pytest
from sqlalchemy import func, select

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.models import OutcomeChange
from tests.support.builders import a_booking, a_seat, a_slot, a_user, at, the_booking, the_journal
from tests.support.databases import counted_statements
from tests.support.dumps import dump

LATE = {"status": Status.ONGOING, "is_delayed": True}
ALL = {"outcome": "TOOK_PLACE", "forAll": True}


@pytest.fixture
def group(session, cast, clock):
    """Three students from 08:00 to 09:00 who were delayed; the time is 09:50."""
    return make_group(session, cast)


def make_group(session, cast, starts="08:00", **state):
    slot = a_slot(session, cast.mentor, starts=starts, capacity=4)
    third = a_user(session, f"Thea Third {starts}", Role.STUDENT)
    return [
        a_seat(session, slot, each, topic="Proofs", **(state or LATE))
        for each in (cast.student, cast.stranger, third)
    ]


@pytest.fixture
def mentor(client_for, cast):
    return client_for(cast.mentor)


def words(session, group):
    return [the_booking(session, each).mentor_says for each in group]


def outcome(client, booking, **fields):
    return client.post(f"/api/sessions/{booking}/outcome", json=fields)


def the_list(page, booking):
    """The attendance list of a meeting on the dashboard, or nothing."""
    _, found, rest = page.partition(f'id="asked-{booking}"')
    return rest.partition("</ul>")[0] if found else ""


def test_all_came_is_said_of_each_student_and_completes_the_meeting_once(session, group, mentor):
    answer = outcome(mentor, group[1], **ALL)

    assert (answer.status_code, answer.json["sessionId"], answer.json["changed"]) == (
        200,
        group[1],
        True,
    )
    assert answer.json["message"] == (
        "Your answer is saved for all students who had none: “It took place”."
    )
    assert answer.json["newStatus"] == "COMPLETED"
    assert answer.json["outcome"]["mentorSays"] == "TOOK_PLACE"
    assert words(session, group) == ["TOOK_PLACE"] * 3
    for each in group:
        assert [row.action for row in the_journal(session, each)] == [Action.COMPLETE]

    again = outcome(mentor, group[1], **ALL)
    assert (again.status_code, again.json["changed"]) == (200, False)
    assert again.json["message"] == "You have answered for all students already."
    assert session.scalar(select(func.count()).select_from(OutcomeChange)) == 3


@pytest.mark.parametrize("asked", [0, 2])
def test_what_the_mentor_has_said_of_one_student_stays(session, group, mentor, asked):
    outcome(mentor, group[0], outcome="STUDENT_ABSENT", reason="Ill.")

    answer = outcome(mentor, group[asked], **ALL)

    assert words(session, group) == ["STUDENT_ABSENT", "TOOK_PLACE", "TOOK_PLACE"]
    assert answer.json["changed"] is True
    assert answer.json["outcome"]["mentorSays"] == ("TOOK_PLACE" if asked else "STUDENT_ABSENT")


def test_settled_and_cancelled_sessions_are_left_out(
    session, group, mentor, client_for, cast, clock
):
    admin = client_for(cast.admin)
    outcome(admin, group[0], outcome="NOBODY_CAME", reason="Both told me.")
    before = the_booking(session, group[0]).mentor_says

    assert outcome(mentor, group[0], **ALL).json["outcome"]["value"] == "NOBODY_CAME"
    assert before is None
    assert words(session, group) == [None, "TOOK_PLACE", "TOOK_PLACE"]

    early = make_group(session, cast, "10:00", status=Status.SCHEDULED)
    mentor.post(f"/api/sessions/{early[0]}/cancel", json={"onlyThisStudent": True, "reason": "x"})
    clock.move_to(at("11:30"))
    outcome(mentor, early[1], **ALL)
    assert words(session, early) == [None, "TOOK_PLACE", "TOOK_PLACE"]
    refused = outcome(mentor, early[0], **ALL)
    assert (refused.status_code, refused.json["status"]) == (409, "CANCELLED")
    assert refused.json["error"].startswith("This session was cancelled")


def test_before_the_start_it_is_a_conflict_that_writes_nothing(session, cast, clock, mentor):
    early = make_group(session, cast, "10:00", status=Status.SCHEDULED)
    before = dump(session.get_bind())

    answer = outcome(mentor, early[2], **ALL)

    assert answer.status_code == 409
    assert answer.json["error"].startswith("You can say how it went once the start time")
    assert dump(session.get_bind()) == before


@pytest.mark.parametrize(
    ("who", "status"),
    [("student", 403), ("admin", 403), ("other_mentor", 404)],
)
def test_only_the_mentor_answers_for_all(session, group, client_for, cast, who, status):
    client = client_for(getattr(cast, who))
    before = dump(session.get_bind())

    answer = outcome(client, group[0], reason="x", **ALL)

    assert answer.status_code == status
    if status == 403:
        assert answer.json["error"] == "Only the mentor of this session can do that."
    assert dump(session.get_bind()) == before


def test_wrong_fields_and_unknown_sessions(session, group, mentor):
    before = dump(session.get_bind())

    assert outcome(mentor, group[0], outcome="FINE", forAll=True).status_code == 400
    assert outcome(mentor, group[0], outcome="TOOK_PLACE", forAll="x").status_code == 400
    assert outcome(mentor, 4711, **ALL).status_code == 404
    assert dump(session.get_bind()) == before


def test_other_meetings_of_the_mentor_are_not_touched(session, cast, group, mentor):
    other = make_group(session, cast, "06:00")
    single = a_booking(session, mentor=cast.mentor, student=cast.student, starts="05:00", **LATE)

    outcome(mentor, group[0], **ALL)

    assert words(session, [*other, single]) == [None] * 4
    outcome(mentor, single, **ALL)
    assert words(session, [*other, single]) == [None] * 3 + ["TOOK_PLACE"]


def test_the_dashboard_asks_once_for_the_meeting(session, cast, group, mentor, client_for):
    others = [
        a_booking(session, mentor=cast.mentor, student=cast.student, starts=starts, **LATE)
        for starts in ("06:00", "05:00")
    ]
    page = mentor.get("/dashboard").text

    assert page.count('id="asked-topic-') == 3
    found = the_list(page, group[0])
    assert found.count('id="attendee-name-') == 3
    assert "All came" in found
    assert 'name="forAll" value="true"' in found
    assert found.count('value="STUDENT_ABSENT"') == 3
    assert 'value="NOBODY_CAME"' in found
    assert "forAll" not in the_list(page, others[0])

    mentor.post(f"/api/sessions/{group[0]}/outcome", data={"outcome": "STUDENT_ABSENT"})
    page = mentor.get("/dashboard").text
    found = the_list(page, group[1])
    assert "All the others came" in found
    assert 'value="NOBODY_CAME"' not in found
    assert found.count('id="attendee-name-') == 3
    assert found.count('aria-pressed="true"') == 1

    mentor.post(
        f"/api/sessions/{group[1]}/outcome", data={"outcome": "TOOK_PLACE", "forAll": "true"}
    )
    assert words(session, group) == ["STUDENT_ABSENT", "TOOK_PLACE", "TOOK_PLACE"]
    page = mentor.get("/dashboard").text
    assert page.count('id="asked-topic-') == 2
    assert "attendee-" not in page


def test_students_are_asked_about_their_own_part_alone(group, client_for, cast):
    student = client_for(cast.student)

    for page in (student.get("/dashboard").text, student.get(f"/sessions/{group[0]}").text):
        assert "forAll" not in page
        assert "Thea Third" not in page
        assert "Maya Mentor did not come" in page


def test_the_session_page_has_the_list_and_the_single_answer(group, mentor, client_for, cast):
    outcome(client_for(cast.stranger), group[1], outcome="MENTOR_ABSENT")
    outcome(mentor, group[2], outcome="NOBODY_CAME")

    page = mentor.get(f"/sessions/{group[0]}").text
    rows = page.split('<li id="attendee-')[1:]
    assert len(rows) == 3
    assert "All the others came" in page
    assert "Says: The mentor did not come" in rows[1]
    assert "You say: Nobody came" in rows[2].partition("</li>")[0]
    assert "Another answer, or one with a remark" in page
    assert "attendee-" not in client_for(cast.admin).get(f"/sessions/{group[0]}").text


def test_a_session_of_two_people_has_no_list(session, cast, clock, mentor):
    slot = a_slot(session, cast.mentor, starts="08:00", capacity=4)
    booking = a_seat(session, slot, cast.student, **LATE)

    for page in (mentor.get("/dashboard").text, mentor.get(f"/sessions/{booking}").text):
        assert "attendee-" not in page
        assert "forAll" not in page
        assert "Sam Student did not come" in page


def test_groups_cost_the_dashboard_one_statement_however_many_are_asked(
    session, cast, mentor, clock
):
    def statements():
        session.rollback()
        mentor.get("/dashboard")
        with counted_statements(session.get_bind()) as found:
            mentor.get("/dashboard")
        return len(found)

    make_group(session, cast, "08:00")
    one = statements()
    make_group(session, cast, "06:00")
    assert statements() == one
