"""Checkers that replay the journal and compare it with what a reader was told.

The allowed transitions are written here a second time on purpose, from section 2 of the
specification: a checker that used the product's own table would share its mistakes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Engine, select

from mentorship.models import SessionBooking, StatusChange, table_of

_BOOKINGS = table_of(SessionBooking)
_JOURNAL = table_of(StatusChange)


@dataclass(frozen=True)
class Kept:
    """One booking as the database has it."""

    id: int
    status: str
    is_delayed: bool
    started_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None
    start_time: datetime
    end_time: datetime
    revision: int


@dataclass(frozen=True)
class Entry:
    """One row of the journal."""

    id: int
    booking_id: int
    old_status: str
    new_status: str
    is_delayed: bool
    cause: str
    actor_id: int | None
    due_at: datetime | None
    applied_at: datetime


def bookings_in(engine: Engine) -> dict[int, Kept]:
    """Every booking, by id."""
    columns = [_BOOKINGS.c[name] for name in Kept.__dataclass_fields__]
    with engine.connect() as connection:
        return {row.id: Kept(*row) for row in connection.execute(select(*columns))}


def journal_in(engine: Engine) -> list[Entry]:
    """The whole journal, oldest first."""
    columns = [_JOURNAL.c[name] for name in Entry.__dataclass_fields__]
    with engine.connect() as connection:
        rows = connection.execute(select(*columns).order_by(_JOURNAL.c.id))
        return [Entry(*row) for row in rows]


def faults(
    before: Mapping[int, Kept], journal: Iterable[Entry], after: Mapping[int, Kept]
) -> list[str]:
    """Forbidden transitions, doubled rows, and differences between the journal and the state."""
    found = []
    state = dict(before)
    for entry in journal:
        left = moved(state[entry.booking_id], entry)
        if left is None:
            found.append(f"unlawful: {entry} on {state[entry.booking_id]}")
        else:
            state[entry.booking_id] = left
    found += [
        f"different: replayed {state.get(number)}, kept {after.get(number)}"
        for number in sorted(state.keys() | after.keys())
        if state.get(number) != after.get(number)
    ]
    return found


def moved(kept: Kept, entry: Entry) -> Kept | None:
    """The booking after this journal row; None where the transition is forbidden."""
    left = _after(kept, entry)
    if left is None or entry.old_status != kept.status or entry.is_delayed is not left.is_delayed:
        return None
    if (entry.due_at is None) is (entry.actor_id is None):  # The clock has no actor, people have.
        return None
    return replace(left, status=entry.new_status, revision=kept.revision + 1)


def _after(kept: Kept, entry: Entry) -> Kept | None:
    when, is_clock = entry.applied_at, entry.due_at is not None
    move = (kept.status, entry.new_status, "clock" if is_clock else "person")
    if move == ("SCHEDULED", "ONGOING", "clock"):
        is_due = entry.due_at == kept.start_time <= when
        return replace(kept, is_delayed=True) if is_due else None
    if move == ("SCHEDULED", "ONGOING", "person"):
        return replace(kept, started_at=when) if when < kept.end_time else None
    if move == ("ONGOING", "ONGOING", "person"):
        is_awaited = kept.is_delayed and kept.started_at is None
        return replace(kept, started_at=when) if is_awaited else None
    if move == ("ONGOING", "COMPLETED", "clock"):
        is_due = entry.due_at == kept.end_time <= when and not kept.is_delayed
        return replace(kept, completed_at=kept.end_time) if is_due else None
    if move == ("ONGOING", "COMPLETED", "person"):
        return replace(kept, completed_at=when)
    if move == ("SCHEDULED", "CANCELLED", "person"):
        return replace(kept, cancelled_at=when) if when < kept.start_time else None
    return None


Telling = tuple[int, str, str, str]
"""What a reader was told of one change: booking, old status, new status, time of application."""


def telling(entry: Entry) -> Telling:
    """What a reader must be told about this journal row."""
    when = entry.applied_at.isoformat().replace("+00:00", "Z")
    return (entry.booking_id, entry.old_status, entry.new_status, when)


def missed_or_repeated(told: Iterable[Telling], expected: Iterable[Telling]) -> list[str]:
    """Changes that a reader was told about too seldom or too often."""
    heard, happened = Counter(told), Counter(expected)
    return [f"missed: {change}" for change in (happened - heard).elements()] + [
        f"repeated or invented: {change}" for change in (heard - happened).elements()
    ]
