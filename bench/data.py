"""Rows for the measurements: deterministic, in a realistic mix, stored in bulk."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from sqlalchemy.engine import make_url

from mentorship.adapters.passwords import hash_password

PASSWORD = "a-password-for-measuring"
VIEWER = "viewer@example.org"
BUSY_MENTOR = "busy@example.org"
ADMIN = "admin@example.org"

HISTORY = timedelta(days=730)
WINDOW = timedelta(hours=1)

Row = tuple[int | str | None, ...]

COLUMNS = {
    "users": ("id", "email", "name", "role", "password_hash", "timezone", "created_at"),
    "mentor_time_slots": ("id", "mentor_id", "start_time", "end_time", "is_exclusive"),
    "session_bookings": (
        "id", "student_id", "time_slot_id", "mentor_id", "start_time", "end_time", "topic",
        "status", "is_delayed", "started_at", "completed_at", "cancelled_at",
        "slot_is_exclusive",
    ),
    "status_changes": (
        "booking_id", "old_status", "new_status", "is_delayed", "cause", "due_at", "applied_at",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What to store: `size` bookings, of which each window holds some that fall due in its hour.

    Nothing is due before `base` plus a day, where the windows begin, one after the other.
    """

    base: datetime
    size: int
    windows: tuple[int, ...] = ()

    @property
    def mentors(self) -> int:
        """The busy mentor is number 1; the others share the rest."""
        return max(4, self.size // 500)

    @property
    def students(self) -> int:
        """The viewer of the polls comes after these."""
        return max(8, self.size // 50)

    @property
    def viewer(self) -> int:
        """The id of the student who has 20 bookings."""
        return self.mentors + self.students + 1

    def window_end(self, number: int) -> datetime:
        """The instant at which all of a window's bookings are due, and none of the next one's."""
        return self.base + timedelta(days=1) + (number + 1) * WINDOW - timedelta(seconds=1)


def fill(url: str, plan: Plan) -> None:
    """Store people, slots, bookings and their journal in an empty, migrated database."""
    bookings = list(_bookings(plan))
    store = _store_sqlite if url.startswith("sqlite") else _store_postgresql
    store(
        url,
        {
            "users": lambda: _users(plan),
            "mentor_time_slots": lambda: ((*row[2:6], row[-1]) for row in bookings),
            "session_bookings": lambda: iter(bookings),
            "status_changes": lambda: _journal(bookings),
        },
    )


def _users(plan: Plan) -> Iterator[Row]:
    created = _text(plan.base - HISTORY)
    password = hash_password(PASSWORD)
    for number in range(1, plan.viewer + 2):
        role = "MENTOR" if number <= plan.mentors else "STUDENT"
        email, secret = f"person{number}@example.org", None
        if number == 1:
            email, secret = BUSY_MENTOR, password
        elif number == plan.viewer:
            email, secret = VIEWER, password
        elif number > plan.viewer:
            email, secret, role = ADMIN, password, "ADMIN"
        yield (number, email, f"Person {number}", role, secret, "Europe/Berlin", created)


def _bookings(plan: Plan) -> Iterator[Row]:
    """In the order of time: the past, the windows, and a tenth that comes after them."""
    viewers, due = 20, sum(plan.windows)
    later = max(1, plan.size // 10)
    past = plan.size - later - due - viewers
    number = 0

    def booking(start: datetime, state: str, *, student: int | None = None) -> Row:
        nonlocal number
        number += 1
        mentor = 1 + number % plan.mentors
        if number % max(1, plan.size // 2000) == 0:
            mentor = 1
        end = start + timedelta(minutes=50)
        status, is_delayed, started, completed, cancelled = {
            "scheduled": ("SCHEDULED", 0, None, None, None),
            "ongoing": ("ONGOING", 0, start, None, None),
            "delayed": ("ONGOING", 1, None, None, None),
            "completed": ("COMPLETED", 0, start, end, None),
            "completed late": ("COMPLETED", 1, start + timedelta(minutes=9), end, None),
            "cancelled": ("CANCELLED", 0, None, None, start - timedelta(days=1)),
        }[state]
        return (
            number,
            student or plan.mentors + 1 + (number * 7919) % plan.students,
            number,
            mentor,
            _text(start),
            _text(end),
            "Reading a flame graph",
            status,
            is_delayed,
            started and _text(started),
            completed and _text(completed),
            cancelled and _text(cancelled),
            0,  # Tens of thousands in an hour share a few people.
        )

    for index in range(past):
        start = plan.base - HISTORY + (HISTORY - timedelta(hours=2)) * (index / past)
        if index % 10 == 0:
            state = "cancelled"
        elif index % 100 == 51:
            state = "delayed"
        else:
            state = "completed late" if index % 10 == 5 else "completed"
        yield booking(start, state)
    for index in range(viewers):
        state = "completed" if index < 10 else "delayed" if index < 12 else "scheduled"
        start = plan.base + timedelta(days=(-20 if index < 12 else 40) + index)
        yield booking(start, state, student=plan.viewer)
    for window, count in enumerate(plan.windows):
        begin = plan.window_end(window) - WINDOW + timedelta(seconds=1)
        for index in range(count):
            due_at = begin + timedelta(seconds=3500 * index / count)
            if index % 10 == 9:  # Started ahead of time; its end time falls due.
                yield booking(due_at - timedelta(minutes=50), "ongoing")
            else:
                yield booking(due_at, "scheduled")
    for index in range(later):
        yield booking(plan.base + timedelta(days=30 + 90 * index / later), "scheduled")


def _journal(bookings: list[Row]) -> Iterator[Row]:
    """The last transition of each booking that has had one."""
    for row in bookings:
        start, end, status, is_delayed, cancelled = row[4], row[5], row[7], row[8], row[11]
        if status == "ONGOING":
            cause, due_at = ("worker", start) if is_delayed else ("mentor", None)
            yield (row[0], "SCHEDULED", "ONGOING", is_delayed, cause, due_at, start)
        elif status == "COMPLETED":
            cause, due_at = ("student", None) if is_delayed else ("worker", end)
            yield (row[0], "ONGOING", "COMPLETED", is_delayed, cause, due_at, end)
        elif status == "CANCELLED":
            yield (row[0], "SCHEDULED", "CANCELLED", 0, "student", None, cancelled)


def _text(instant: datetime) -> str:
    """As SQLite keeps it; PostgreSQL reads it as UTC because the session says so."""
    return instant.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


Tables = dict[str, Callable[[], Iterator[Row]]]


def _store_sqlite(url: str, tables: Tables) -> None:
    with closing(sqlite3.connect(make_url(url).database or "")) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for table, rows in tables.items():
            columns = COLUMNS[table]
            marks = ", ".join("?" for _ in columns)
            connection.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows()
            )
        connection.commit()
        connection.execute("ANALYZE")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _store_postgresql(url: str, tables: Tables) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET timezone = 'UTC'")
        # Trusted rows: without this each of them is checked against the tables it refers to.
        connection.execute("SET session_replication_role = replica")
        for table, rows in tables.items():
            columns = COLUMNS[table]
            with connection.cursor().copy(
                f"COPY {table} ({', '.join(columns)}) FROM STDIN"
            ) as copy:
                for row in rows():
                    copy.write_row(row)
            if "id" in columns:
                connection.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}"
                )
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
