"""Week, day and session page poll like the lists: same route, cursor, header and event."""

import json
import re
from datetime import datetime, timedelta

import pytest

from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.domain.shared.zones import zone_of
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.followup import rate_session, set_recording, write_notes
from mentorship.services.sessions.late import say_late
from mentorship.services.sessions.outcomes import say_outcome
from tests.support.builders import a_booking, a_profile, a_seat, a_slot, at
from tests.support.databases import counted_statements

POLL = "/api/admin/update-session-status"
STATE = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)" autocomplete="off">')
VIEWS = {
    "list": "/dashboard",
    "week": "/dashboard/week?day=2026-11-26",
    "day": "/dashboard/day?day=2026-11-24",
    "session": "/sessions/{booking}",
}


@pytest.fixture
def booking(session, cast, clock):
    """One session of the student's, on the day of the tests."""
    return a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")


@pytest.fixture(params=VIEWS)
def page(request, client_for, cast, booking):
    """`page()` polls as the student's open page of this view does; it keeps what it was told."""
    client = client_for(cast.student)
    state = dict(STATE.findall(client.get(VIEWS[request.param].format(booking=booking)).text))
    assert state.get("view", "list") == request.param

    def poll(**changes):
        answer = client.post(POLL, data=state | changes, headers={"HX-Request": "true"})
        if answer.status_code == 200:
            state.update(STATE.findall(answer.text))
        return answer

    return poll


def test_a_quiet_poll_is_one_statement_and_a_change_is_shown_and_told_once(
    page, session, cast, booking
):
    with counted_statements(session.get_bind()) as statements:
        assert page().status_code == 204
    assert len(statements) == 1
    apply_action(
        session, booking_id=booking, action=Action.START, viewer=cast.mentor, now=at("9:50")
    )

    changed, quiet = page(), page()

    assert (changed.status_code, quiet.status_code) == (200, 204)
    assert "<html" not in changed.text
    assert f"/sessions/{booking}" in changed.text
    assert "Ongoing" in changed.text
    event = json.loads(changed.headers["HX-Trigger"])["session-status-updated"]
    assert [update["sessionId"] for update in event["updates"]] == [booking]


@pytest.mark.parametrize("page", ["list", "week", "day"], indirect=True)
def test_the_fragment_is_that_of_the_page(page, session, cast, booking):
    before = page(seen="0.0.0").text
    other = a_booking(session, mentor=cast.mentor, student=cast.student, starts="12:00")

    after = page().text

    assert f"/sessions/{other}" not in before
    assert f"/sessions/{other}" in after


@pytest.mark.parametrize(
    "wrong",
    [{"view": "month"}, {"view": ""}, {"view": "week", "day": "x"}, {"view": "day", "page": "0"}],
)
def test_a_page_that_there_is_not_is_refused(client_for, cast, clock, wrong):
    sent = {"seen": "0.9.9"} | wrong

    answer = client_for(cast.student).post(POLL, data=sent, headers={"HX-Request": "true"})

    assert answer.status_code == 400


@pytest.mark.parametrize("page", ["session"], indirect=True)
def test_the_page_of_a_session_is_told_of_this_session_alone(page, session, cast, booking):
    other = a_booking(session, mentor=cast.other_mentor, student=cast.student, starts="9:55")
    page()
    apply_action(
        session, booking_id=other, action=Action.START, viewer=cast.other_mentor, now=at("9:50")
    )

    answer = page()

    event = json.loads(answer.headers["HX-Trigger"])["session-status-updated"]
    assert event["updates"] == []


@pytest.mark.parametrize("asked", [{}, {"session": "x"}, {"session": "999999"}])
def test_the_page_of_a_session_that_is_not_ones_own_is_not_there(client_for, cast, booking, asked):
    sent = {"seen": "0.9.9", "view": "session"} | asked
    answer = client_for(cast.student).post(POLL, data=sent, headers={"HX-Request": "true"})
    assert answer.status_code == 404

    own = {"seen": "0.9.9", "view": "session", "session": str(booking)}
    stranger = client_for(cast.stranger).post(POLL, data=own, headers={"HX-Request": "true"})
    assert stranger.status_code == 404


def a_late_notice(session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:30")
    return booking, lambda: say_late(
        session, booking_id=booking, viewer=cast.student, minutes=7, note="By bus", now=at("9:50")
    )


def a_late_notice_taken_back(session, cast):
    booking, say = a_late_notice(session, cast)
    say()
    return booking, lambda: say_late(
        session, booking_id=booking, viewer=cast.student, minutes=0, note="", now=at("9:50")
    )


def over(session, cast):
    return a_booking(
        session, mentor=cast.mentor, student=cast.student, starts="8:00", status=Status.COMPLETED
    )


def an_outcome(session, cast):
    booking = over(session, cast)
    return booking, lambda: say_outcome(
        session,
        booking_id=booking,
        viewer=cast.student,
        word=OutcomeWord.NOBODY_CAME,
        reason=None,
        now=at("9:50"),
        silence=timedelta(days=3),
    )


def feedback(session, cast):
    booking = over(session, cast)
    return booking, lambda: rate_session(
        session, booking_id=booking, viewer=cast.student, rating=4, comment="Good"
    )


def a_recording(session, cast):
    booking = over(session, cast)
    return booking, lambda: set_recording(
        session, booking_id=booking, viewer=cast.mentor, url="https://a.org/b", now=at("9:50")
    )


def notes(session, cast):
    booking = over(session, cast)
    return booking, lambda: write_notes(
        session, booking_id=booking, viewer=cast.mentor, summary="A sum", private_notes=""
    )


@pytest.mark.parametrize("who", ["mentor", "student", "admin"])
@pytest.mark.parametrize(
    "addition", [a_late_notice, a_late_notice_taken_back, an_outcome, feedback, a_recording, notes]
)
def test_what_somebody_adds_to_a_session_is_drawn_once_in_each_window(
    client_for, session, cast, clock, addition, who
):
    booking, add = addition(session, cast)
    client = client_for(getattr(cast, who))
    state = dict(STATE.findall(client.get(f"/sessions/{booking}").text))

    def poll():
        answer = client.post(POLL, data=state, headers={"HX-Request": "true"})
        state.update(STATE.findall(answer.text))
        return answer.status_code

    session.rollback()
    assert poll() == 204
    add()

    assert [poll(), poll()] == [200, 204]
    add()  # The same again changes nothing.
    assert poll() == 204


def test_the_page_of_a_group_shows_its_mentor_what_another_student_says(
    client_for, session, cast, clock
):
    slot = a_slot(session, cast.mentor, starts="8:00", capacity=2)
    seats = [
        a_seat(session, slot, each, status=Status.COMPLETED, completed_at=at("9:00"))
        for each in (cast.student, cast.stranger)
    ]
    session.commit()
    client = client_for(cast.mentor)
    state = dict(STATE.findall(client.get(f"/sessions/{seats[0]}").text))

    say_outcome(
        session,
        booking_id=seats[1],
        viewer=cast.stranger,
        word=OutcomeWord.TECHNICAL_TROUBLE,
        reason=None,
        now=at("9:50"),
        silence=timedelta(days=3),
    )

    answer = client.post(POLL, data=state, headers={"HX-Request": "true"})
    assert "Says: Technical trouble" in answer.text
    assert 'id="part-outcome" hx-swap-oob="innerMorph"' in answer.text


ROOM = "https://meet.example.org/maya"


@pytest.mark.parametrize(
    ("starts", "moment", "appears"),
    [
        ("10:10", "9:55", "Join the meeting"),
        ("12:00", "10:00", "I will be late"),
        ("10:00", "10:00", "How did it go?"),
        ("9:00", "10:00", "Nobody started it."),
    ],
)
def test_the_page_of_a_session_polls_when_it_looks_different_by_time_alone(
    client_for, session, cast, clock, starts, moment, appears
):
    a_profile(session, cast.mentor, meeting_url=ROOM)
    is_delayed = starts == "9:00"
    booking = a_booking(
        session,
        mentor=cast.mentor,
        student=cast.student,
        starts=starts,
        status=Status.ONGOING if is_delayed else Status.SCHEDULED,
        is_delayed=is_delayed,
    )
    client = client_for(cast.student)
    page = client.get(f"/sessions/{booking}").text
    state = dict(STATE.findall(page))
    assert appears not in page
    (due_in,) = re.findall(r'data-due-in="(\d+)"', page)
    assert clock() + timedelta(milliseconds=int(due_in)) == at(moment).replace(tzinfo=None)

    def poll():
        return client.post(POLL, data=state, headers={"HX-Request": "true"})

    clock.move_to(at(moment) - timedelta(seconds=1))
    assert poll().status_code == 204
    clock.move_to(at(moment))
    assert appears in poll().text


@pytest.mark.parametrize("view", ["week", "day"])
def test_a_calendar_turns_to_the_new_day_at_midnight(client_for, session, cast, clock, view):
    client = client_for(cast.student)
    state = dict(STATE.findall(client.get(f"/dashboard/{view}").text))
    midnight = datetime.fromisoformat(state["until"])
    assert midnight.astimezone(zone_of(cast.student.timezone)).hour == 0

    clock.move_to(midnight - timedelta(seconds=1))
    assert client.post(POLL, data=state, headers={"HX-Request": "true"}).status_code == 204
    clock.move_to(midnight)
    assert client.post(POLL, data=state, headers={"HX-Request": "true"}).status_code == 200
