"""Calls of before stay as calls about transitions, and are there again after the way back."""

import flask_migrate
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from mentorship.domain.webhooks.events import EventKind
from mentorship.extensions import db
from mentorship.models import WebhookCall, WebhookEndpoint

BEFORE = "0028"
THEN = "'2026-11-24 09:00:00.000000'"

OLD_ROWS = [
    (
        "INSERT INTO users (email, name, is_student, is_mentor, created_at) VALUES "
        f"('sam@example.org', 'Sam', true, false, {THEN}), "
        f"('maya@example.org', 'Maya', false, true, {THEN})"
    ),
    (
        "INSERT INTO mentor_time_slots (mentor_id, start_time, end_time) VALUES "
        "(2, '2026-11-24 10:00:00.000000', '2026-11-24 11:00:00.000000')"
    ),
    (
        "INSERT INTO session_bookings (student_id, time_slot_id, mentor_id, start_time, end_time, "
        "status, started_at) VALUES (1, 1, 2, '2026-11-24 10:00:00.000000', "
        f"'2026-11-24 11:00:00.000000', 'ONGOING', {THEN})"
    ),
    (
        "INSERT INTO status_changes (booking_id, old_status, new_status, action, is_delayed, "
        f"cause, applied_at) VALUES (1, 'SCHEDULED', 'ONGOING', 'start', false, 'mentor', {THEN})"
    ),
    (
        "INSERT INTO webhook_endpoints (url, salt, is_active, created_at) VALUES "
        f"('https://hooks.example.org/a', 'salt', true, {THEN}), "
        f"('https://hooks.example.org/b', 'salt', true, {THEN})"
    ),
    (
        "INSERT INTO webhook_calls (endpoint_id, change_id, created_at, next_try_at, attempts, "
        f"outcome, ended_at, answer, problem) VALUES "
        f"(1, 1, {THEN}, {THEN}, 3, NULL, NULL, 503, NULL), "
        f"(2, 1, {THEN}, {THEN}, 12, 'given-up', {THEN}, NULL, 'tls')"
    ),
]


def stored_calls(connection, columns):
    rows = connection.execute(text(f"SELECT {columns} FROM webhook_calls ORDER BY id"))
    return [tuple(row) for row in rows]


def test_calls_and_endpoints_go_over_and_back(empty_app):
    flask_migrate.upgrade(revision=BEFORE)
    with db.engine.begin() as connection:
        for row in OLD_ROWS:
            connection.execute(text(row))

    flask_migrate.upgrade()
    with Session(db.engine) as session:
        endpoints = session.scalars(select(WebhookEndpoint).order_by(WebhookEndpoint.id)).all()
        assert [each.kinds for each in endpoints] == [{EventKind.TRANSITION}] * 2
        calls = session.scalars(select(WebhookCall).order_by(WebhookCall.id)).all()
        assert [(call.kind, call.booking_id, call.change_id) for call in calls] == [
            (EventKind.TRANSITION, 1, 1)
        ] * 2
        assert [(call.attempts, call.answer) for call in calls] == [(3, 503), (12, None)]
        endpoints[1].kinds = frozenset({EventKind.BOOKED, EventKind.OUTCOME})
        then = calls[0].created_at
        for kind, endpoint, change in (
            (EventKind.BOOKED, 2, None),
            (EventKind.OUTCOME, 2, 1),
            (EventKind.OUTCOME, 2, None),
        ):
            session.add(
                WebhookCall(
                    endpoint_id=endpoint,
                    kind=kind,
                    booking_id=1,
                    change_id=change,
                    created_at=then,
                    next_try_at=then,
                )
            )
        session.commit()

    flask_migrate.downgrade(revision=BEFORE)
    with db.engine.begin() as connection:
        columns = "endpoint_id, change_id, attempts, outcome, answer, problem"
        assert stored_calls(connection, columns) == [
            (1, 1, 3, None, 503, None),
            (2, 1, 12, "given-up", None, "tls"),
        ]
        active = connection.execute(text("SELECT is_active FROM webhook_endpoints ORDER BY id"))
        assert [bool(row.is_active) for row in active] == [True, False]
        added = connection.execute(
            text(
                "INSERT INTO status_changes (booking_id, old_status, new_status, action, "
                "is_delayed, cause, applied_at) VALUES (1, 'ONGOING', 'COMPLETED', 'complete', "
                f"false, 'mentor', {THEN}) RETURNING id"
            )
        ).scalar_one()
        given = connection.execute(
            text(
                "INSERT INTO webhook_calls (endpoint_id, change_id, created_at, next_try_at) "
                f"VALUES (1, {added}, {THEN}, {THEN}) RETURNING id"
            )
        ).scalar_one()
    assert given > 5

    flask_migrate.upgrade()
    with db.engine.connect() as connection:
        assert stored_calls(connection, "kind, booking_id") == [("transition", 1)] * 3
