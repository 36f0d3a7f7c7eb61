"""Groups whose students had an entry each in the mentor's calendar keep them; others get one."""

import flask_migrate
from sqlalchemy import text

from mentorship.extensions import db

BEFORE = "0031"
OLD_ROWS = [
    (
        "INSERT INTO users (email, name, is_student, is_mentor, created_at) VALUES "
        "('sam@example.org', 'Sam', true, false, '2026-11-24 09:00:00.000000'), "
        "('maya@example.org', 'Maya', false, true, '2026-11-24 09:00:00.000000')"
    ),
    *(
        "INSERT INTO mentor_time_slots (mentor_id, start_time, end_time, capacity) VALUES "
        f"(2, '2026-11-2{day} 10:00:00.000000', '2026-11-2{day} 11:00:00.000000', {capacity})"
        for day, capacity in ((4, 3), (5, 3), (6, 3), (7, 1), (8, 1))
    ),
    *(
        "INSERT INTO session_bookings (student_id, time_slot_id, mentor_id, start_time, end_time, "
        f"slot_capacity, status, cancelled_at) VALUES (1, {slot}, 2, "
        f"'2026-11-2{slot + 3} 10:00:00.000000', '2026-11-2{slot + 3} 11:00:00.000000', "
        f"{capacity}, {state})"
        for slot, capacity, state in (
            (1, 3, "'SCHEDULED', NULL"),
            (2, 3, "'CANCELLED', '2026-11-24 09:00:00.000000'"),
            (4, 1, "'SCHEDULED', NULL"),
        )
    ),
]


def test_a_group_with_students_keeps_its_entries_and_there_is_a_way_back(empty_app):
    flask_migrate.upgrade(revision=BEFORE)
    with db.engine.begin() as connection:
        for row in OLD_ROWS:
            connection.execute(text(row))

    flask_migrate.upgrade()
    with db.engine.connect() as connection:
        found = connection.execute(text("SELECT is_one_entry FROM mentor_time_slots ORDER BY id"))
        assert [bool(each) for (each,) in found] == [False, True, True, False, False]

    flask_migrate.downgrade(revision=BEFORE)
    flask_migrate.upgrade()
    with db.engine.connect() as connection:
        kept = connection.execute(text("SELECT count(*) FROM session_bookings")).scalar()
        assert kept == 3
