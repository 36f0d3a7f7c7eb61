"""A mixed past for reports: sessions in every state that the tables allow, by chance."""

import random
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, insert

from mentorship.domain.accounts.viewers import Role
from mentorship.models import (
    MentorTimeSlot,
    SessionBooking,
    SessionFeedback,
    StatusChange,
    User,
    table_of,
)
from mentorship.models.user import role_columns
from tests.support.builders import TODAY

_EVERY = timedelta(minutes=47)
"""How soon the next session begins; all of them are shorter."""

_WORDS = ("TOOK_PLACE", "MENTOR_ABSENT", "STUDENT_ABSENT", "NOBODY_CAME", "TECHNICAL_TROUBLE")

MENTORS, STUDENTS = (1, 2, 3, 4), (5, 6, 7, 8, 9)
ADMIN = 10
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Santiago",
)


def fill_with_a_mixed_past(
    engine: Engine, *, first: datetime, sessions: int, now: datetime, seed: int
) -> None:
    """Store people and so many sessions from `first` on (UTC), as they may be at `now`."""
    chance = random.Random(seed)
    people = [
        {
            "id": number,
            "name": f"Person {number}",
            "folded_name": f"person {number}",
            "email": f"person{number}@example.org",
            "created_at": TODAY,
            **role_columns({role}),
        }
        for role, numbers in (
            (Role.MENTOR, MENTORS),
            (Role.STUDENT, STUDENTS),
            (Role.ADMIN, (ADMIN,)),
        )
        for number in numbers
    ]
    slots: list[dict[str, Any]] = []
    bookings: list[dict[str, Any]] = []
    journal: list[dict[str, Any]] = []
    feedback: list[dict[str, Any]] = []
    for number in range(1, sessions + 1):
        slot = _slot(chance, number, first + number * _EVERY)
        slots.append(slot)
        if chance.random() < 0.1:
            continue
        booking = _booking(chance, slot, now)
        bookings.append(booking)
        journal += _journal(chance, booking)
        if booking["status"] == "COMPLETED" and chance.random() < 0.4:
            rating = chance.choice([None, 1, 2, 3, 4, 5])
            feedback.append({"booking_id": number, "rating": rating})
    with engine.begin() as connection:
        for model, rows in (
            (User, people),
            (MentorTimeSlot, slots),
            (SessionBooking, bookings),
            (StatusChange, journal),
            (SessionFeedback, feedback),
        ):
            connection.execute(insert(table_of(model)), rows)


def _slot(chance: random.Random, number: int, start: datetime) -> dict[str, Any]:
    start += timedelta(microseconds=chance.choice([0, 0, 1, 999_999]))
    lasts = timedelta(minutes=chance.choice([30, 45, 45, 20]), seconds=chance.choice([0, 0, 59]))
    return {
        "id": number,
        "mentor_id": chance.choice(MENTORS),
        "start_time": start,
        "end_time": start + lasts,
        "is_exclusive": chance.random() < 0.8,
        "is_withdrawn": chance.random() < 0.1,
    }


def _booking(chance: random.Random, slot: dict[str, Any], now: datetime) -> dict[str, Any]:
    start, end = slot["start_time"], slot["end_time"]
    states = ["CANCELLED"]
    if not slot["is_withdrawn"]:
        states += ["SCHEDULED"] if now < start else ["ONGOING"] * 2
    if start <= now:
        states += ["COMPLETED"] * 6
    status = chance.choice(states)
    has_begun = status in ("ONGOING", "COMPLETED")
    is_delayed = has_begun and chance.random() < 0.3
    started = completed = None
    if has_begun and chance.random() < 0.8:
        offsets = (-600, 0, 0, 59.999999, 300, 300.000001, 60, 1500)
        started = start + timedelta(seconds=chance.choice(offsets))
    if status == "COMPLETED":
        completed = max(end + timedelta(seconds=chance.choice((0, 0, 90, -61.5))), started or end)
    said: dict[str, Any] = {}
    for side in ("mentor", "student"):
        if has_begun and chance.random() < 0.5:
            word = chance.choice(_WORDS if chance.random() < 0.5 else ("TOOK_PLACE",))
            said |= {f"{side}_says": word, f"{side}_said_at": start + _some_days(chance)}
        else:
            said |= {f"{side}_says": None, f"{side}_said_at": None}
    is_decided = has_begun and chance.random() < 0.1
    return {
        "id": slot["id"],
        "time_slot_id": slot["id"],
        "mentor_id": slot["mentor_id"],
        "student_id": chance.choice(STUDENTS),
        "start_time": start,
        "end_time": end,
        "slot_is_exclusive": slot["is_exclusive"],
        "slot_is_withdrawn": slot["is_withdrawn"],
        "topic": chance.choice(["", "Writing", "writing", "Flame graphs"]),
        "status": status,
        "is_delayed": is_delayed,
        "started_at": started,
        "completed_at": completed,
        "cancelled_at": start - _some_days(chance) if status == "CANCELLED" else None,
        "decided_outcome": chance.choice(_WORDS) if is_decided else None,
        "decided_at": now if is_decided else None,
        "decided_by": ADMIN if is_decided else None,
        **said,
    }


def _some_days(chance: random.Random) -> timedelta:
    return timedelta(minutes=chance.randint(0, 5 * 24 * 60))


def _journal(chance: random.Random, booking: dict[str, Any]) -> list[dict[str, Any]]:
    """How the booking came to its state; some are imported and have no journal."""

    def change(old: str, new: str, action: str, cause: str, *, delayed: bool) -> dict[str, Any]:
        return {
            "booking_id": booking["id"],
            "old_status": old,
            "new_status": new,
            "action": action,
            "is_delayed": delayed,
            "cause": cause,
            "applied_at": booking["start_time"],
            "actor_id": None,
            "due_at": None,
            "reason": None,
            "undoes_id": None,
        }

    status, is_delayed = booking["status"], booking["is_delayed"]
    if status == "SCHEDULED" or chance.random() < 0.1:
        return []
    rows = []
    if status == "CANCELLED":
        causes = ("student", "mentor", "admin")
        if chance.random() < 0.2:  # Cancelled, corrected, and cancelled again by somebody else.
            rows.append(change("SCHEDULED", "CANCELLED", "cancel", "admin", delayed=False))
            rows.append(change("CANCELLED", "SCHEDULED", "correct", "admin", delayed=False))
        return [*rows, change("SCHEDULED", status, "cancel", chance.choice(causes), delayed=False)]
    if is_delayed:
        rows.append(change("SCHEDULED", "ONGOING", "delay", "worker", delayed=True))
    elif chance.random() < 0.2:  # It was marked as delayed, and an admin took the mark away.
        rows.append(change("SCHEDULED", "ONGOING", "delay", "worker", delayed=True))
        rows.append(change("ONGOING", "ONGOING", "correct", "admin", delayed=False))
    else:
        rows.append(change("SCHEDULED", "ONGOING", "start", "mentor", delayed=False))
    if status == "COMPLETED":
        rows.append(change("ONGOING", status, "complete", "student", delayed=is_delayed))
    return rows
