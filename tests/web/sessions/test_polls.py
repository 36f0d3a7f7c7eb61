"""The poll of an open dashboard: no content when nothing changed, otherwise each change."""

import re

import pytest
from sqlalchemy import update

from mentorship.extensions import db
from mentorship.models import MentorTimeSlot, SessionBooking, User
from mentorship.services.accounts.edit_details import edit_details
from mentorship.services.booking.mentor_profile import edit_profile
from tests.support.builders import a_booking, the_journal
from tests.support.databases import counted_statements

PATH = "/api/admin/update-session-status"
SEEN = re.compile(r'name="seen" value="([\d.]+)"')
ROOM = "https://meet.example.org/maya"


@pytest.fixture
def booking(session, cast, clock):
    """One session of the student's, soon enough that its meeting link is shown."""
    return a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")


@pytest.fixture
def poll(client_for, booking):
    """`poll(viewer)`: a function that asks what has changed since the viewer's page was drawn."""

    def opened(viewer):
        client = client_for(viewer)
        seen = SEEN.search(client.get("/dashboard").text)[1]

        def ask(**changes):
            sent = {"method": "POST", "data": {"seen": seen}} | changes
            sent["headers"] = {"HX-Request": "true", "Sec-Fetch-Site": "same-origin"} | changes.get(
                "headers", {}
            )
            return client.open(PATH, **sent)

        return ask

    return opened


def test_a_quiet_poll_takes_one_statement_and_has_the_headers_of_every_answer(
    app, poll, session, cast
):
    ask = poll(cast.student)
    with counted_statements(session.get_bind()) as statements:
        answer = ask()

    assert (answer.status_code, answer.data) == (204, b"")
    assert len(statements) == 1
    plain = app.test_client().get("/login").headers
    for name in ("Cache-Control", "Vary", "Content-Security-Policy", "X-Content-Type-Options"):
        assert answer.headers[name] == plain[name]


def test_a_quiet_poll_opens_no_session_of_sqlalchemy(app, poll, cast, monkeypatch):
    ask = poll(cast.student)
    has_session = []

    def note(_error):
        has_session.append(db.session.registry.has())

    # The last one is called first, before the session is removed.
    with_note = [*app.teardown_appcontext_funcs, note]
    monkeypatch.setattr(app, "teardown_appcontext_funcs", with_note)

    assert ask().status_code == 204
    assert set(has_session) == {False}


def rename(session, person, now):
    edit_details(
        session,
        viewer=person,
        name="Somebody Else",
        timezone=person.timezone,
        hour_cycle="",
        language="",
        now=now,
    )


def mentor_is_renamed(session, cast, booking, now):
    rename(session, cast.mentor, now)


def student_is_renamed(session, cast, booking, now):
    rename(session, cast.student, now)


def person_is_renamed_by_sql(session, cast, booking, now):
    people = (cast.mentor.id, cast.student.id)
    session.execute(update(User).where(User.id.in_(people)).values(name="Somebody Else"))
    session.commit()


@pytest.mark.parametrize(
    ("change", "viewer"),
    [
        (mentor_is_renamed, "student"),
        (mentor_is_renamed, "admin"),
        (student_is_renamed, "mentor"),
        (person_is_renamed_by_sql, "student"),
        (person_is_renamed_by_sql, "mentor"),
    ],
)
def test_a_poll_brings_a_changed_name(poll, session, cast, booking, clock, change, viewer):
    ask = poll(getattr(cast, viewer))
    assert ask().status_code == 204

    change(session, cast, booking, clock())

    answer = ask()
    assert answer.status_code == 200
    assert "Somebody Else" in answer.text


def mentor_sets_a_link(session, cast, booking, now):
    edit_profile(
        session, mentor_id=cast.mentor.id, headline="", bio="", topics="", meeting_url=ROOM
    )


def slot_gets_a_link(session, cast, booking, now):
    slot = session.get_one(SessionBooking, booking).time_slot_id
    session.execute(
        update(MentorTimeSlot).where(MentorTimeSlot.id == slot).values(meeting_url=ROOM)
    )
    session.commit()


@pytest.mark.parametrize("change", [mentor_sets_a_link, slot_gets_a_link])
def test_a_poll_brings_a_changed_meeting_link(poll, session, cast, booking, clock, change):
    ask = poll(cast.student)
    assert ask().status_code == 204

    change(session, cast, booking, clock())

    answer = ask()
    assert answer.status_code == 200
    assert f"/sessions/{booking}/join" in answer.text


def test_a_due_session_of_anybody_is_applied_first(poll, session, cast, booking):
    ask = poll(cast.student)
    a_booking(session, mentor=cast.other_mentor, student=cast.stranger, starts="09:49")

    assert ask().status_code == 204
    assert len(the_journal(session)) == 1


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"headers": {"Sec-Fetch-Site": "cross-site"}}, 403),
        ({"headers": {"Host": "evil.example"}}, 400),
        ({"headers": {"Authorization": "Bearer mentorship_x"}}, 401),
        ({"method": "PUT"}, 405),
        ({"data": {"seen": "1.2"}}, 400),
        ({"data": {"seen": "9" * 300}}, 400),
        ({"data": {"seen": "1.2.3", "past": "x"}}, 400),
        ({"query_string": "seen=9.9.9", "data": {}}, 200),
        ({"headers": {"Host": "LOCALHOST:8101"}}, 204),
    ],
)
def test_a_poll_is_judged_like_every_request(poll, cast, changes, status):
    assert poll(cast.student)(**changes).status_code == status
