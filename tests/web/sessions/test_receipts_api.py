"""GET /api/sessions/<id>: a session, and why it is what it is."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from mentorship.database import begin_write
from mentorship.domain.accounts.api_tokens import TokenScope
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Party, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.models import (
    Cause,
    MailOutcome,
    OutboxMessage,
    OutcomeChange,
    SessionBooking,
)
from mentorship.services.accounts.api_tokens import create_token
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from tests.support.builders import a_booking, a_profile, a_seat, a_slot, a_user, at

ENTRY = {
    "kind", "oldStatus", "newStatus", "isDelayed", "reason", "cause", "actor", "dueAt", "appliedAt",
}  # fmt: skip


@pytest.fixture
def booking(session, cast, clock):
    """A session of the student with her mentor, booked yesterday; the time is 09:50."""
    slot = a_slot(session, cast.mentor, starts="10:00")
    return a_seat(session, slot, cast.student, topic="Parsers", booked_at=at("08:00", days=-1))


@pytest.fixture
def receipt(client_for, cast, booking):
    """`receipt()`: the student's, or somebody else's."""

    def get(viewer=cast.student):
        answer = client_for(viewer).get(f"/api/sessions/{booking}")
        assert answer.status_code == 200
        return answer.json

    return get


def write(session, *statements):
    session.rollback()
    begin_write(session)
    for statement in statements:
        session.execute(statement)
    session.commit()


def kinds(answer):
    return [entry["kind"] for entry in answer["history"]]


def test_a_session_answers_exactly_what_the_contract_says(receipt, cast, booking):
    answer = receipt()

    assert answer == {
        "success": True,
        "session": {
            "sessionId": booking,
            "status": "SCHEDULED",
            "isDelayed": False,
            "topic": "Parsers",
            "mentor": {"id": cast.mentor.id, "name": "Maya Mentor"},
            "students": [{"id": cast.student.id, "name": "Sam Student"}],
            "startTime": "2026-11-24T10:00:00Z",
            "endTime": "2026-11-24T11:00:00Z",
            "startedAt": None,
            "completedAt": None,
            "minutesBooked": 60,
            "minutesDelivered": None,
            "outcome": {
                "state": "OPEN",
                "value": None,
                "mentorSays": None,
                "studentSays": None,
                "settlesAt": None,
                "decidedBy": None,
            },
        },
        "history": [
            {
                "kind": "booked",
                "oldStatus": None,
                "newStatus": "SCHEDULED",
                "isDelayed": False,
                "reason": "Booked by Sam Student (student)",
                "cause": "student",
                "actor": "Sam Student",
                "dueAt": None,
                "appliedAt": "2026-11-23T08:00:00Z",
            },
        ],
    }


def test_what_the_clock_made_due_is_applied_before_the_answer(receipt, clock):
    clock.move_to(at("10:00:00") + timedelta(milliseconds=400))

    answer = receipt()

    assert (answer["session"]["status"], answer["session"]["isDelayed"]) == ("ONGOING", True)
    assert answer["history"][-1] == {
        "kind": "delay",
        "oldStatus": "SCHEDULED",
        "newStatus": "ONGOING",
        "isDelayed": True,
        "reason": "The start time passed and nobody had started the session.",
        "cause": "poll",
        "actor": None,
        "dueAt": "2026-11-24T10:00:00Z",
        "appliedAt": "2026-11-24T10:00:00.400000Z",
    }


def test_presses_moves_and_cancellations_stand_with_who_and_why(
    receipt, client_for, session, cast, booking, clock
):
    mentor = client_for(cast.mentor)
    a_profile(session, cast.mentor, minimum_notice=0)
    other = a_slot(session, cast.mentor, starts="14:00")
    clock.move_to(at("09:51"))
    mentor.post(f"/api/sessions/{booking}/reschedule", json={"slotId": other, "reason": "A train"})
    clock.move_to(at("09:52"))
    mentor.post(f"/api/sessions/{booking}/cancel", json={"reason": "Down with the flu"})

    answer = receipt()

    assert kinds(answer) == ["booked", "moved", "cancel"]
    moved, cancelled = answer["history"][1:]
    assert set(moved) == set(cancelled) == ENTRY
    assert moved["reason"] == (
        "Moved by Maya Mentor (mentor): from Tue 24 Nov 2026, 10:00 UTC "
        "to Tue 24 Nov 2026, 14:00 UTC (A train)"
    )
    assert (cancelled["reason"], cancelled["actor"], cancelled["cause"]) == (
        "Down with the flu",
        "Maya Mentor",
        "mentor",
    )
    assert cancelled["appliedAt"] == "2026-11-24T09:52:00Z"


def test_minutes_are_delivered_from_the_beginning_to_the_completion(
    receipt, client_for, cast, booking, clock
):
    mentor = client_for(cast.mentor)
    clock.move_to(at("10:12:30"))
    mentor.get("/dashboard")
    mentor.post(f"/api/sessions/{booking}/arrive")
    clock.move_to(at("11:00"))
    mentor.post(f"/api/sessions/{booking}/complete")

    answer = receipt()

    assert answer["session"]["minutesDelivered"] == 47
    assert answer["session"]["outcome"]["mentorSays"] == "TOOK_PLACE"
    assert answer["session"]["outcome"]["state"] == "CLAIMED"
    assert answer["session"]["outcome"]["settlesAt"] == "2026-11-27T11:00:00Z"
    assert kinds(answer) == ["booked", "delay", "arrive", "complete"]


def said(booking, side, viewer, word, when, reason=None):
    """The statements that store what somebody says."""
    columns = {
        Party.MENTOR: {"mentor_says": word, "mentor_said_at": when},
        Party.STUDENT: {"student_says": word, "student_said_at": when},
        Party.ADMIN: {"decided_outcome": word, "decided_at": when, "decided_by": viewer.id},
    }[side]
    return (
        update(SessionBooking).where(SessionBooking.id == booking).values(**columns),
        insert(OutcomeChange).values(
            booking_id=booking,
            side=side,
            outcome=word,
            reason=reason,
            actor_id=viewer.id,
            said_at=when,
        ),
    )


def test_what_each_side_said_and_an_admin_decided_stands_in_the_line_of_time(
    receipt, session, cast, booking, clock
):
    clock.move_to(at("12:10"))
    receipt()
    took_place, absent = OutcomeWord.TOOK_PLACE, OutcomeWord.MENTOR_ABSENT
    write(
        session,
        *said(booking, Party.MENTOR, cast.mentor, took_place, at("12:11")),
        *said(booking, Party.STUDENT, cast.student, absent, at("12:12"), "I waited an hour."),
    )
    disputed = receipt()
    write(session, *said(booking, Party.ADMIN, cast.admin, absent, at("12:13"), "I asked both."))
    decided = receipt()

    assert disputed["session"]["outcome"] == {
        "state": "DISPUTED",
        "value": None,
        "mentorSays": "TOOK_PLACE",
        "studentSays": "MENTOR_ABSENT",
        "settlesAt": None,
        "decidedBy": None,
    }
    assert decided["session"]["outcome"] == {
        "state": "SETTLED",
        "value": "MENTOR_ABSENT",
        "mentorSays": "TOOK_PLACE",
        "studentSays": "MENTOR_ABSENT",
        "settlesAt": None,
        "decidedBy": "Ada Admin",
    }
    lines = [entry for entry in decided["history"] if entry["kind"] == "outcome"]
    assert [(entry["cause"], entry["actor"], entry["reason"]) for entry in lines] == [
        ("mentor", "Maya Mentor", "Maya Mentor says: It took place"),
        ("student", "Sam Student", "Sam Student says: The mentor did not come (I waited an hour.)"),
        ("admin", "Ada Admin", "Ada Admin decided: The mentor did not come (I asked both.)"),
    ]


def test_the_moment_at_which_silence_settled_an_outcome_is_a_line_of_its_own(
    receipt, session, cast, booking, clock
):
    word = OutcomeWord.STUDENT_ABSENT
    clock.move_to(at("11:30"))
    write(session, *said(booking, Party.MENTOR, cast.mentor, word, at("10:30")))
    settles = at("11:00", days=3)
    clock.move_to(settles - timedelta(microseconds=1))
    before = receipt()
    clock.move_to(settles)
    after = receipt()
    decision = said(
        booking, Party.ADMIN, cast.admin, OutcomeWord.NOBODY_CAME, settles + timedelta(1)
    )
    write(session, *decision)
    clock.move_to(settles + timedelta(2))
    overruled = receipt()

    assert [each["session"]["outcome"]["state"] for each in (before, after)] == [
        "CLAIMED",
        "SETTLED",
    ]
    assert kinds(before).count("outcome") == 1
    assert after["history"][-1]["appliedAt"] == "2026-11-27T11:00:00Z"
    assert after["history"][-1]["actor"] is None
    assert "said nothing in time: The student did not come" in after["history"][-1]["reason"]
    assert [entry["appliedAt"] for entry in overruled["history"] if entry["kind"] == "outcome"] == [
        "2026-11-24T10:30:00Z",
        "2026-11-27T11:00:00Z",
        "2026-11-28T11:00:00Z",
    ]


def test_people_read_what_mail_was_sent_and_admins_also_how_it_fared(
    receipt, client_for, session, cast, booking, clock
):
    client_for(cast.mentor).post(f"/api/sessions/{booking}/start")
    client_for(cast.mentor).post(f"/api/sessions/{booking}/complete")
    assert "mail" not in kinds(receipt())
    reader = OutboxMessage.reader_id
    write(
        session,
        update(OutboxMessage)
        .where(OutboxMessage.kind == "completed", reader == cast.student.id)
        .values(outcome=MailOutcome.SENT, ended_at=at("09:55"), attempts=2),
        update(OutboxMessage)
        .where(OutboxMessage.kind == "completed", reader == cast.mentor.id)
        .values(
            outcome=MailOutcome.SET_ASIDE,
            ended_at=at("09:56"),
            attempts=12,
            problem="recipient",
            error="550 secret words",
        ),
    )
    clock.move_to(at("10:30"))

    for viewer in (cast.student, cast.mentor):
        mail = [entry for entry in receipt(viewer)["history"] if entry["kind"] == "mail"]
        assert [(entry["reason"], entry["appliedAt"]) for entry in mail] == [
            ("Mail to Sam Student: A session is completed", "2026-11-24T09:55:00Z")
        ]
    admins = [entry for entry in receipt(cast.admin)["history"] if entry["kind"] == "mail"]
    assert [entry["reason"] for entry in admins] == [
        "Mail to Sam Student: A session is started (waiting to be sent)",
        "Mail to Sam Student: A session is completed (sent, 2 attempts)",
        (
            "Mail to Maya Mentor: A session is completed (could not be sent, 12 attempts: "
            "The server does not accept the recipient's address.)"
        ),
    ]
    assert "550 secret words" not in str(admins)


def test_a_group_has_all_its_students_for_the_mentor_and_none_but_oneself_for_a_student(
    client_for, session, cast, clock
):
    gone = a_user(session, "Gina Gone", Role.STUDENT)
    slot = a_slot(session, cast.mentor, starts="14:00", capacity=3)
    a_seat(session, slot, gone, status=Status.CANCELLED, cancelled_at=at("08:00"))
    seats = [a_seat(session, slot, each) for each in (cast.student, cast.stranger)]

    def students(viewer, seat):
        answer = client_for(viewer).get(f"/api/sessions/{seat}").json
        return [each["name"] for each in answer["session"]["students"]]

    everybody = ["Sam Student", "Stella Stranger"]
    assert students(cast.mentor, seats[0]) == students(cast.admin, seats[1]) == everybody
    assert students(cast.student, seats[0]) == ["Sam Student"]
    assert "Stella" not in client_for(cast.student).get(f"/api/sessions/{seats[0]}").text


def test_strangers_get_404_and_nobody_401_and_neither_leaves_a_trace(
    client_for, session, cast, booking, clock
):
    clock.move_to(at("10:00"))  # So that whoever gets through to a sweep leaves a trace.

    for viewer, status in ((cast.stranger, 404), (cast.other_mentor, 404), (None, 401)):
        answer = client_for(viewer).get(f"/api/sessions/{booking}")
        assert (answer.status_code, answer.json["success"]) == (status, False)
    session.rollback()
    assert session.get_one(SessionBooking, booking, populate_existing=True).status == "SCHEDULED"


@pytest.mark.parametrize("session_id", ["0", "10" + 19 * "0", "text", "4711", "-1", "1.5"])
def test_ids_that_do_not_fit_are_404(client_for, cast, session_id):
    answer = client_for(cast.admin).get(f"/api/sessions/{session_id}")

    assert (answer.status_code, answer.json["success"]) == (404, False)


def test_a_token_that_may_only_read_reads_it(app, session, cast, booking, clock):
    secret = create_token(
        session, viewer=cast.student, name="p", scope=TokenScope.READ, now=at("09:00")
    ).secret
    answer = app.test_client().get(
        f"/api/sessions/{booking}", headers={"Authorization": f"Bearer {secret}"}
    )

    assert answer.status_code == 200


def test_the_page_shows_the_same_line_of_time_and_the_minutes_of_the_pair(
    client_for, session, cast, booking, clock
):
    a_booking(
        session,
        mentor=cast.mentor,
        student=cast.student,
        starts="07:00",
        topic="Not it",
        status=Status.CANCELLED,
    )
    a_booking(session, mentor=cast.other_mentor, student=cast.student, starts="06:00")
    update_session_statuses(
        session,
        now=at("10:00:00") + timedelta(milliseconds=400),
        cause=Cause.WORKER,
        returning=no_updates,
    )
    clock.move_to(at("10:20"))
    mentor = client_for(cast.mentor)
    mentor.post(f"/api/sessions/{booking}/arrive")
    clock.move_to(at("11:00"))
    mentor.post(f"/api/sessions/{booking}/complete")

    page = " ".join(client_for(cast.student).get(f"/sessions/{booking}").text.split())

    assert "<h1 id=" in page
    assert "Marked delayed: due 10:00:00, applied 10:00:00.4 by the worker" in page
    assert "(0.4 s after it was due)" in page
    for title, minutes in (("Time booked", 60), ("Time delivered", 40), ("Time owed", 20)):
        assert f"<dt>{title}</dt><dd>{minutes} min</dd>" in page
    assert (
        "Maya Mentor and Sam Student so far: 1 session, 60 min booked, 40 min delivered, "
        "20 min owed." in page
    )
