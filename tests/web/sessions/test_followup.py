"""Where a session meets, its recording, and what people say of it."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from mentorship.current import parts_of
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.sessions.meeting_links import clean_link
from mentorship.domain.shared.errors import InvalidInput
from mentorship.models import RecordingCall, SessionFeedback, SessionRecording
from mentorship.services.sessions.recording_webhook import WINDOW, forget_old_calls, sign
from tests.conftest import RECORDING_SECRET
from tests.support.builders import a_booking, a_profile, a_seat, a_slot, at
from tests.support.processes import at_once

STANDING, OWN = "https://meet.example.org/maya", "https://meet.example.org/only-this-one"
VIDEO = "https://video.example.org/watch?v=1&t=2"


@pytest.mark.parametrize("link", ["", STANDING, VIDEO, "http://127.0.0.1:8080/a", "HTTPS://b.org"])
def test_a_web_address_is_taken_as_it_is(link):
    assert clean_link(f" {link}\n", what="The link") == link


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//meet.example.org",
        "meet.example.org",
        "ftp://a.org",
        "https://",
        "https:///room",
        "https://bank.org@evil.org/",
        "https://a b.org",
        "https://a.org/\u202egnp",
        "https://a.org\\@b.org",
        "https://[::1",
        "https://a.org:99999/",
        "https://a.org/x\ny",
        "java\tscript:alert(1)",
        "https://a.org/" + "x" * 2000,
    ],
)
def test_anything_else_is_refused_with_a_sentence(link):
    with pytest.raises(InvalidInput, match="The link"):
        clean_link(link, what="The link")


def test_a_room_is_shown_to_its_people_from_15_minutes_before_until_the_session_is_over(
    client_for, session, cast, clock
):
    a_profile(session, cast.mentor, meeting_url=STANDING)
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:10")
    path = f"/sessions/{booking}"
    student, mentor, admin = (client_for(it) for it in (cast.student, cast.mentor, cast.admin))

    clock.move_to(at("09:54:59"))
    assert STANDING not in student.get(path).text
    assert student.get(f"{path}/join").location == path
    assert (
        "The meeting link will appear here on Tue 24 Nov 2026, 09:55 UTC." in student.get(path).text
    )
    clock.move_to(at("09:55"))
    assert f'href="{STANDING}"' in student.get(path).text
    assert f'href="{STANDING}"' in mentor.get(path).text
    assert STANDING not in admin.get(path).text
    assert student.get(f"{path}/join").location == STANDING
    assert admin.get(f"{path}/join").location == path
    mentor.post(f"/api/sessions/{booking}/start")
    assert f'href="{STANDING}"' in student.get(path).text
    mentor.post(f"/api/sessions/{booking}/complete")
    assert STANDING not in student.get(path).text


def test_a_session_of_its_own_room_keeps_it_when_it_moves_and_leaves_it_again(
    client_for, session, cast, clock
):
    a_profile(session, cast.mentor, meeting_url=STANDING, minimum_notice=0)
    slots = [a_slot(session, cast.mentor, starts=starts) for starts in ("14:00", "16:00")]
    booking = a_seat(session, slots[0], cast.student)
    mentor, student = client_for(cast.mentor), client_for(cast.student)

    assert mentor.post(f"/sessions/{booking}/room", data={"url": OWN}).status_code == 303
    mentor.post(f"/api/sessions/{booking}/reschedule", json={"slotId": slots[1]})
    clock.move_to(at("15:50"))
    assert f'href="{OWN}"' in student.get(f"/sessions/{booking}").text
    mentor.post(f"/sessions/{booking}/room", data={"url": ""})
    assert f'href="{STANDING}"' in student.get(f"/sessions/{booking}").text


@pytest.mark.parametrize("leaves", ["cancel", "reschedule"])
def test_the_next_student_of_a_slot_is_not_led_into_the_room_of_the_one_before(
    client_for, session, cast, clock, leaves
):
    a_profile(session, cast.mentor, meeting_url=STANDING, minimum_notice=0)
    slot, other = (a_slot(session, cast.mentor, starts=starts) for starts in ("14:00", "16:00"))
    booking = a_seat(session, slot, cast.student)
    mentor = client_for(cast.mentor)
    mentor.post(f"/sessions/{booking}/room", data={"url": OWN})

    fields = {"slotId": other} if leaves == "reschedule" else {}
    assert mentor.post(f"/api/sessions/{booking}/{leaves}", json=fields).status_code == 200
    following = a_seat(session, slot, cast.stranger)

    clock.move_to(at("13:50"))
    assert client_for(cast.stranger).get(f"/sessions/{following}/join").location == STANDING


def test_an_open_dashboard_is_told_of_a_new_room(client_for, session, cast, clock):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    student = client_for(cast.student)
    seen = re.search(r'name="seen" value="([\d.]+)"', student.get("/dashboard").text)[1]

    def poll():
        return student.post(
            "/api/admin/update-session-status", data={"seen": seen}, headers={"HX-Request": "true"}
        )

    assert poll().status_code == 204
    client_for(cast.mentor).post(f"/sessions/{booking}/room", data={"url": OWN})
    answer = poll()
    assert answer.status_code == 200
    assert f"/sessions/{booking}/join" in answer.text


def test_a_group_meets_in_one_room(client_for, session, cast, clock):
    slot = a_slot(session, cast.mentor, starts="10:00", capacity=3)
    first, second = (a_seat(session, slot, each) for each in (cast.student, cast.stranger))

    client_for(cast.mentor).post(f"/sessions/{first}/room", data={"url": OWN})

    assert f'href="{OWN}"' in client_for(cast.stranger).get(f"/sessions/{second}").text


def test_a_profile_keeps_its_room_and_a_wrong_one_is_refused_as_it_was_typed(
    client_for, cast, clock
):
    mentor = client_for(cast.mentor)

    assert mentor.post("/profile", data={"meetingUrl": STANDING}).status_code == 303
    assert f'value="{STANDING}"' in mentor.get("/profile").text
    wrong = mentor.post("/profile", data={"meetingUrl": "javascript:alert(1)"})
    assert (wrong.status_code, 'value="javascript:alert(1)"' in wrong.text) == (400, True)
    assert f'value="{STANDING}"' in mentor.get("/profile").text


@pytest.fixture
def over(session, cast, clock):
    """A completed session."""
    people = {"mentor": cast.mentor, "student": cast.student}
    return a_booking(session, **people, starts="08:00", status=Status.COMPLETED)


def test_a_recording_is_added_shown_changed_and_taken_away(client_for, session, cast, over):
    mentor, page = client_for(cast.mentor), f"/sessions/{over}"

    wrong = mentor.post(f"{page}/recording", data={"url": "javascript:alert(1)"})
    assert (wrong.status_code, "must be a web address like https://" in wrong.text) == (400, True)
    for url in (VIDEO, OWN):
        assert mentor.post(f"{page}/recording", data={"url": url}).status_code == 303
    shown = client_for(cast.student).get(page).text
    assert f'href="{OWN}"' in shown
    assert "Recording added on Tue 24 Nov 2026" in shown
    mentor.post(f"{page}/recording", data={"url": ""})
    assert "Watch the recording" not in client_for(cast.student).get(page).text


@pytest.mark.parametrize(
    ("who", "form", "fields"),
    [
        ("mentor", "recording", {"url": VIDEO}),
        ("student", "feedback", {"rating": "5"}),
        ("mentor", "notes", {"summary": "Well done."}),
    ],
)
def test_before_completion_nothing_is_added(client_for, session, cast, clock, who, form, fields):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="16:00")

    answer = client_for(getattr(cast, who)).post(f"/sessions/{booking}/{form}", data=fields)

    assert (answer.status_code, "once the session is completed" in answer.text) == (409, True)
    assert not session.scalars(select(SessionFeedback)).all()


def test_each_reads_of_feedback_and_notes_what_is_theirs(client_for, session, cast, over):
    page = f"/sessions/{over}"
    student, mentor, admin = (client_for(it) for it in (cast.student, cast.mentor, cast.admin))
    student.post(f"{page}/feedback", data={"rating": "2", "comment": "Too short"})
    student.post(f"{page}/feedback", data={"rating": "4", "comment": "Very <b>clear</b>"})
    mentor.post(f"{page}/notes", data={"summary": "Read on\r\nindexes", "privateNotes": "Shy"})

    assert "Read on\nindexes" in student.get(page).text
    assert 'value="4" required checked' in student.get(page).text
    assert "Very &lt;b&gt;clear&lt;/b&gt;" in mentor.get(page).text
    assert "4 of 5" in admin.get(page).text
    assert ["Shy" in each.get(page).text for each in (student, mentor, admin)] == [
        False,
        True,
        False,
    ]


def test_of_two_windows_neither_takes_back_what_the_other_wrote(client_for, cast, over):
    page, mentor = f"/sessions/{over}", client_for(cast.mentor)
    opened = {"shownSummary": "", "shownPrivateNotes": ""}

    def write(summary, notes, **shown):
        fields = opened | shown | {"summary": summary, "privateNotes": notes}
        return mentor.post(f"{page}/notes", data=fields)

    assert write("Of A\r\nand more", "").status_code == 303
    assert write("", "Of B").status_code == 303
    shown = mentor.get(page).text
    assert all(text in shown for text in ("Of A\nand more", "Of B"))

    refused = write("Also of B", "Of B", shownPrivateNotes="Of B")
    assert (refused.status_code, "was changed in another window" in refused.text) == (409, True)
    assert all(text in refused.text for text in ("Of A\nand more", "Also of B"))
    kept = "Of A\r\nand more"
    assert (
        write("Also of B", "Of B", shownSummary=kept, shownPrivateNotes="Of B").status_code == 303
    )
    assert "Of A" not in mentor.get(page).text


@pytest.mark.parametrize(
    "fields",
    [{}, {"rating": "0"}, {"rating": "6"}, {"rating": "x"}, {"rating": "3", "comment": "\x00"}],
)
def test_a_rating_that_does_not_fit_is_400_and_keeps_the_comment(
    client_for, session, cast, over, fields
):
    answer = client_for(cast.student).post(
        f"/sessions/{over}/feedback", data={"comment": "Kept"} | fields
    )

    assert answer.status_code == 400
    assert "Kept" in answer.text or "comment" in fields
    assert not session.scalars(select(SessionFeedback)).all()


@pytest.fixture
def call(client_for, over):
    """`call(...)`: the meeting system's signed call about that session, as it is or falsified."""

    def send(*, session_id=over, to=None, seconds=0, secret=RECORDING_SECRET, url=VIDEO, sent=None):
        body = b'{"sessionId": %d, "url": "%s"}' % (session_id, url.encode())
        timestamp = str(int((at("09:50") + timedelta(seconds=seconds)).timestamp()))
        return client_for(None).post(
            f"/api/sessions/{to or session_id}/recording",
            data=sent or body,
            content_type="application/json",
            headers={
                "X-Mentorship-Timestamp": timestamp,
                "X-Mentorship-Signature": f"sha256={sign(secret.encode(), timestamp, body)}",
            },
        )

    return send


def recordings(session):
    session.rollback()
    return session.scalars(select(SessionRecording.url)).all()


def test_a_signed_call_adds_a_recording_once(call, session, over):
    answer = call()

    assert (answer.status_code, answer.json) == (
        200,
        {
            "success": True,
            "message": "Recording added.",
            "sessionId": over,
            "url": VIDEO,
            "changed": True,
        },
    )
    assert call().status_code == 401
    assert call(seconds=1).json["changed"] is False
    assert recordings(session) == [VIDEO]


@pytest.mark.parametrize(
    "falsified",
    [
        {"seconds": -301},
        {"seconds": 301},
        {"secret": "another-secret-of-16"},
        {"sent": b'{"sessionId": 1, "url": "https://evil.example.org"}'},
    ],
)
def test_a_call_that_is_old_or_not_signed_rightly_is_401(call, session, falsified):
    assert call(**falsified).status_code == 401
    assert recordings(session) == []


@pytest.mark.parametrize(
    "headers", [{}, {"X-Mentorship-Timestamp": "ä", "X-Mentorship-Signature": "ä"}]
)
def test_a_call_without_proof_is_401(client_for, over, headers):
    answer = client_for(None).post(f"/api/sessions/{over}/recording", json={}, headers=headers)

    assert answer.status_code == 401


def test_a_signed_call_for_another_session_or_a_wrong_link_is_refused(call, session, cast, over):
    people = {"mentor": cast.mentor, "student": cast.student}
    open_one = a_booking(session, **people, starts="16:00")

    assert call(to=open_one).status_code == 400
    assert call(session_id=open_one).status_code == 409
    assert call(session_id=4711).status_code == 404
    assert call(url="javascript:alert(1)").status_code == 400
    assert recordings(session) == []


def test_of_equal_calls_at_once_one_is_taken(call, session):
    statuses = sorted(answer.status_code for answer in at_once(call, 4))

    assert statuses == [200, 401, 401, 401]


def test_calls_are_forgotten_once_their_age_alone_refuses_them(call, session):
    call(seconds=300)
    session.rollback()
    forget_old_calls(session, now=at("09:50") + 2 * WINDOW)
    assert len(session.scalars(select(RecordingCall)).all()) == 1

    session.rollback()
    forget_old_calls(session, now=at("09:50:01") + 2 * WINDOW)
    assert session.scalars(select(RecordingCall)).all() == []


def test_without_a_secret_the_route_is_switched_off(app, call, monkeypatch):
    monkeypatch.setattr(parts_of(app).settings, "recording_secret", None)

    assert call().status_code == 503
