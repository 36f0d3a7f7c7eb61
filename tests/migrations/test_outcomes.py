"""The data of past sessions becomes the actions of their transitions and the mentors' answers."""

import flask_migrate
from sqlalchemy import text

from mentorship.extensions import db
from mentorship.models import Role

ROWS = [
    ("SCHEDULED", "ONGOING", "worker", "2026-11-24 10:00", "delay"),
    ("ONGOING", "ONGOING", "mentor", None, "arrive"),
    ("ONGOING", "COMPLETED", "student", None, "complete"),
    ("SCHEDULED", "ONGOING", "mentor", None, "start"),
    ("ONGOING", "COMPLETED", "poll", "2026-11-24 11:00", "auto-complete"),
    ("SCHEDULED", "CANCELLED", "student", None, "cancel"),
]


def a_past_session(connection, mentor, student, *, slot, status, started=None, reason=None):
    """One session as it was stored before this migration."""
    start, end = f"2026-11-24 {9 + slot}:00", f"2026-11-24 {10 + slot}:00"
    connection.execute(
        text(
            "INSERT INTO mentor_time_slots (id, mentor_id, start_time, end_time) "
            "VALUES (:id, :mentor, :start, :end)"
        ),
        {"id": slot, "mentor": mentor, "start": start, "end": end},
    )
    connection.execute(
        text(
            "INSERT INTO session_bookings (id, student_id, time_slot_id, mentor_id, start_time, "
            "end_time, status, started_at, completed_at, cancelled_at, cancel_reason) "
            "VALUES (:id, :student, :id, :mentor, :start, :end, :status, :started, :completed, "
            ":cancelled, :reason)"
        ),
        {
            "id": slot,
            "student": student,
            "mentor": mentor,
            "start": start,
            "end": end,
            "status": status,
            "started": started,
            "reason": reason,
            "completed": end if status == "COMPLETED" else None,
            "cancelled": start if status == "CANCELLED" else None,
        },
    )


def journal(connection, booking, rows):
    """Journal rows as they were stored before this migration."""
    for old, new, cause, due_at, _action in rows:
        connection.execute(
            text(
                "INSERT INTO status_changes (booking_id, old_status, new_status, is_delayed, "
                "cause, due_at, applied_at) VALUES (:booking, :old, :new, false, :cause, :due, "
                "'2026-11-24 12:00')"
            ),
            {"booking": booking, "old": old, "new": new, "cause": cause, "due": due_at},
        )


def test_past_transitions_get_their_action_and_a_mentors_start_is_the_mentors_word(empty_app):
    flask_migrate.upgrade(revision="0023")
    with db.engine.begin() as connection:
        mentor, student = (
            connection.execute(
                text(
                    "INSERT INTO users (email, name, role, created_at) "
                    "VALUES (:email, :role, :role, '2026-11-24 09:00') RETURNING id"
                ),
                {"email": f"{role.value.lower()}@example.org", "role": role.value},
            ).scalar_one()
            for role in (Role.MENTOR, Role.STUDENT)
        )
        people = (mentor, student)
        a_past_session(connection, *people, slot=1, status="COMPLETED", started="2026-11-24 10:05")
        a_past_session(connection, *people, slot=2, status="COMPLETED")
        a_past_session(connection, *people, slot=3, status="CANCELLED", reason="Ill.")
        journal(connection, 1, ROWS[:3])
        journal(connection, 2, ROWS[3:5])
        journal(connection, 3, ROWS[5:])

    flask_migrate.upgrade()
    with db.engine.connect() as connection:
        found = connection.execute(
            text("SELECT action, reason FROM status_changes ORDER BY id")
        ).all()
        words = connection.execute(
            text("SELECT id, mentor_says, student_says FROM session_bookings ORDER BY id")
        ).all()
    assert [row.action for row in found] == [action for *_rest, action in ROWS]
    assert [row.reason for row in found] == [None] * 5 + ["Ill."]
    assert [tuple(row) for row in words] == [
        (1, "TOOK_PLACE", None),
        (2, None, None),
        (3, None, None),
    ]

    flask_migrate.downgrade(revision="0023")
    with db.engine.connect() as connection:
        kept = connection.execute(text("SELECT count(*) FROM status_changes")).scalar_one()
    assert kept == len(ROWS)
    flask_migrate.upgrade()
