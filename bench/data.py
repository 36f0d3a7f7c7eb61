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
VIEWER_SESSIONS = 20

HISTORY = timedelta(days=730)
_LENGTH = timedelta(minutes=50)
_RHYTHM = timedelta(hours=2)
"""How soon a mentor has another session, so that nobody is in two places at once."""

Row = tuple[int | str | None, ...]

COLUMNS = {
    "users": (
        "id", "email", "name", "is_student", "is_mentor", "password_hash", "timezone", "created_at",
    ),
    "mentor_time_slots": ("id", "mentor_id", "start_time", "end_time"),
    "session_bookings": (
        "id", "student_id", "time_slot_id", "mentor_id", "start_time", "end_time", "topic",
        "status", "is_delayed", "started_at", "completed_at", "cancelled_at",
        "mentor_says", "mentor_said_at",
    ),
    "status_changes": (
        "booking_id", "old_status", "new_status", "action", "is_delayed", "cause", "due_at",
        "applied_at",
    ),
    "session_feedback": ("booking_id", "rating"),
    "mentor_profiles": ("mentor_id", "headline", "bio", "listed_as"),
    "mentor_topics": ("mentor_id", "topic", "folded"),
    "mentor_words": ("word", "mentor_id"),
}  # fmt: skip


Tables = dict[str, Callable[[], Iterator[Row]]]


@dataclass(frozen=True)
class Plan:
    """What to store: `size` bookings, of which each window holds so many that fall due in it.

    Nothing is due before `base` (UTC) plus a day, where the windows begin, one after the other.
    What is past begins `history` before `base`.
    """

    base: datetime
    size: int
    windows: tuple[int, ...] = ()
    history: timedelta = HISTORY

    @property
    def mentors(self) -> int:
        """Number 1 is the viewer's; the others share the rest."""
        return 1 + max(4, self.size // 500)

    @property
    def students(self) -> int:
        """The viewer of the polls comes after these."""
        return max(8, self.size // 50)

    @property
    def viewer(self) -> int:
        """The id of the student who has `VIEWER_SESSIONS` bookings."""
        return self.mentors + self.students + 1

    @property
    def step(self) -> timedelta:
        """How soon after each other two bookings may begin."""
        return _RHYTHM / (self.mentors - 1)

    def window_start(self, number: int) -> datetime:
        """The first instant at which a booking of this window is due."""
        before = sum(self.windows[:number]) * self.step + number * _RHYTHM
        return self.base + timedelta(days=1) + before

    def window_end(self, number: int) -> datetime:
        """The instant at which all of a window's bookings are due, and none of the next one's."""
        return self.window_start(number) + self.windows[number] * self.step


def fill(url: str, plan: Plan) -> None:
    """Store people, slots, bookings and their journal in an empty, migrated database."""
    store(
        url,
        {
            "users": lambda: _users(plan),
            "mentor_time_slots": lambda: (row[2:6] for row in _bookings(plan)),
            "session_bookings": lambda: _bookings(plan),
            "status_changes": lambda: _journal(_bookings(plan)),
            "session_feedback": lambda: _ratings(_bookings(plan)),
        },
    )


def store(url: str, tables: Tables) -> None:
    """Store the rows of these tables in an empty, migrated database, in this order."""
    (_store_sqlite if url.startswith("sqlite") else _store_postgresql)(url, tables)


def _users(plan: Plan) -> Iterator[Row]:
    created = text(plan.base - plan.history)
    for number in range(1, plan.viewer):
        roles = (0, 1) if number <= plan.mentors else (1, 0)
        email = f"person{number}@example.org"
        yield (number, email, f"Person {number}", *roles, None, "Europe/Berlin", created)
    password = hash_password(PASSWORD)
    yield (plan.viewer, VIEWER, "Vera Viewer", 1, 0, password, "Europe/Berlin", created)


def _bookings(plan: Plan) -> Iterator[Row]:
    """In the order of time: the past, the windows, and a tenth that comes after them."""
    later = max(1, plan.size // 10)
    past = plan.size - later - sum(plan.windows) - VIEWER_SESSIONS
    number = 0

    def booking(start: datetime, state: str, *, is_viewers: bool = False) -> Row:
        nonlocal number
        number += 1
        end = start + _LENGTH
        begun = start + timedelta(seconds=number * 7919 % 600 - 120, microseconds=number % 10**6)
        status, is_delayed, started, completed, cancelled = {
            "scheduled": ("SCHEDULED", 0, None, None, None),
            "ongoing": ("ONGOING", 0, start, None, None),
            "delayed": ("ONGOING", 1, None, None, None),
            "completed": ("COMPLETED", 0, begun, end, None),
            "completed late": ("COMPLETED", 1, start + timedelta(minutes=9), end, None),
            "cancelled": ("CANCELLED", 0, None, None, start - timedelta(days=1)),
        }[state]
        return (
            number,
            plan.viewer if is_viewers else plan.mentors + 1 + (number * 7919) % plan.students,
            number,
            1 if is_viewers else 2 + number % (plan.mentors - 1),
            text(start),
            text(end),
            "Reading a flame graph",
            status,
            is_delayed,
            started and text(started),
            completed and text(completed),
            cancelled and text(cancelled),
            "TOOK_PLACE" if started else None,
            started and text(started),
        )

    for index in range(past):
        start = plan.base - plan.history + (plan.history - _RHYTHM) * (index / past)
        if index % 10 == 0:
            state = "cancelled"
        elif index % 100 == 51:
            state = "delayed"
        else:
            state = "completed late" if index % 10 == 5 else "completed"
        yield booking(start, state)
    for window, count in enumerate(plan.windows):
        for index in range(count):
            due_at = plan.window_start(window) + index * plan.step
            if index % 10 == 9:  # Started ahead of time; its end time falls due.
                yield booking(due_at - _LENGTH, "ongoing")
            else:
                yield booking(due_at, "scheduled")
    after = plan.window_start(len(plan.windows)) + timedelta(days=1)
    for index in range(later):
        yield booking(after + max(plan.step, timedelta(days=90) / later) * index, "scheduled")
    for index in range(VIEWER_SESSIONS):
        state = "completed" if index < 10 else "delayed" if index < 12 else "scheduled"
        days = index - 20 if index < 12 else index
        yield booking(after + timedelta(days=days), state, is_viewers=True)


def _journal(bookings: Iterator[Row]) -> Iterator[Row]:
    """The last transition of each booking that has had one."""
    for row in bookings:
        start, end, status, is_delayed, cancelled = row[4], row[5], row[7], row[8], row[11]
        if status == "ONGOING":
            cause, due_at = ("worker", start) if is_delayed else ("mentor", None)
            action = "delay" if is_delayed else "start"
            yield (row[0], "SCHEDULED", "ONGOING", action, is_delayed, cause, due_at, start)
        elif status == "COMPLETED":
            cause, due_at = ("student", None) if is_delayed else ("worker", end)
            action = "complete" if is_delayed else "auto-complete"
            yield (row[0], "ONGOING", "COMPLETED", action, is_delayed, cause, due_at, end)
        elif status == "CANCELLED":
            yield (row[0], "SCHEDULED", "CANCELLED", "cancel", 0, "student", None, cancelled)


def _ratings(bookings: Iterator[Row]) -> Iterator[Row]:
    """Students rate a third of the completed sessions."""
    for number, row in enumerate(bookings):
        if row[7] == "COMPLETED" and number % 3 == 0:
            yield (row[0], 1 + number % 5)


def text(instant: datetime) -> str:
    """As SQLite keeps it; PostgreSQL reads it as UTC because the session says so."""
    return instant.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


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
