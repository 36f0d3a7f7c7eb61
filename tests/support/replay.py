"""Checkers that replay the journal and compare it with what a reader was told.

The allowed transitions are written here a second time on purpose, from section 2 of the
specification: a checker that used the product's own table would share its mistakes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select

from mentorship.models import OutcomeChange, SessionBooking, StatusChange, table_of

_BOOKINGS = table_of(SessionBooking)
_JOURNAL = table_of(StatusChange)
_OUTCOMES = table_of(OutcomeChange)


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
    mentor_says: str | None = None
    mentor_said_at: datetime | None = None
    student_says: str | None = None
    student_said_at: datetime | None = None
    decided_outcome: str | None = None
    decided_at: datetime | None = None


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
    action: str
    undoes_id: int | None


UNDO_WITHIN = timedelta(minutes=2)
UNDOABLE = ("start", "arrive", "complete")


@dataclass(frozen=True)
class Said:
    """One row of the journal of outcomes."""

    id: int
    booking_id: int
    side: str
    outcome: str
    reason: str | None
    said_at: datetime


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


def said_in(engine: Engine) -> list[Said]:
    """The whole journal of outcomes, oldest first."""
    columns = [_OUTCOMES.c[name] for name in Said.__dataclass_fields__]
    with engine.connect() as connection:
        rows = connection.execute(select(*columns).order_by(_OUTCOMES.c.id))
        return [Said(*row) for row in rows]


def faults(
    before: Mapping[int, Kept],
    journal: Iterable[Entry],
    after: Mapping[int, Kept],
    said: Iterable[Said] = (),
) -> list[str]:
    """Forbidden transitions and answers, doubled rows, and differences from the state.

    A mentor who begins says that the session takes place unless they have said something before,
    so the answers can be replayed after all transitions. An answer that also completed a session
    is taken back with that completion.
    """
    found = []
    state = dict(before)
    last: dict[int, tuple[Entry, Kept]] = {}
    undone = set()
    for entry in journal:
        booking = entry.booking_id
        if entry.action == "undo" and booking in last:
            undone.add((booking, last[booking][0].cause, last[booking][0].applied_at))
        left = moved(state[booking], entry, last.get(booking))
        last[booking] = entry, state[booking]
        if left is None:
            found.append(f"unlawful: {entry} on {state[booking]}")
        else:
            state[booking] = left
    heard: dict[tuple[int, str], str] = {}
    for answer in said:
        kept = state[answer.booking_id]
        if (answer.booking_id, answer.side, answer.said_at) in undone:
            state[answer.booking_id] = replace(kept, revision=kept.revision + 1)
            continue
        both = {heard.get((answer.booking_id, side)) for side in ("mentor", "student")}
        is_settled = len(both) == 1 and None not in both
        is_repeated = heard.get((answer.booking_id, answer.side)) == answer.outcome
        is_by_side = answer.side != "admin"
        is_early = answer.said_at < kept.start_time or kept.status in ("SCHEDULED", "CANCELLED")
        lacks_reason = not is_by_side and not answer.reason
        if is_repeated or is_early or lacks_reason or (is_settled and is_by_side):
            found.append(f"unlawful: {answer} on {kept}")
        heard[answer.booking_id, answer.side] = answer.outcome
        state[answer.booking_id] = _after_answer(kept, answer)
    found += [
        f"different: replayed {state.get(number)}, kept {after.get(number)}"
        for number in sorted(state.keys() | after.keys())
        if state.get(number) != after.get(number)
    ]
    return found


def _after_answer(kept: Kept, answer: Said) -> Kept:
    word, at = {
        "mentor": ("mentor_says", "mentor_said_at"),
        "student": ("student_says", "student_said_at"),
        "admin": ("decided_outcome", "decided_at"),
    }[answer.side]
    columns: dict[str, Any] = {word: answer.outcome, at: answer.said_at}
    return replace(kept, revision=kept.revision + 1, **columns)


def moved(kept: Kept, entry: Entry, last: tuple[Entry, Kept] | None = None) -> Kept | None:
    """The booking after this journal row; None where the transition is forbidden.

    `last` is the row before it of the same booking, and the booking before that one.
    """
    left = _undone(entry, last) if entry.action == "undo" else _after(kept, entry)
    if left is None or entry.old_status != kept.status or entry.is_delayed is not left.is_delayed:
        return None
    if (entry.due_at is None) is (entry.actor_id is None):  # The clock has no actor, people have.
        return None
    begins = entry.cause == "mentor" and entry.action in ("start", "arrive")
    if begins and kept.mentor_says is None:
        left = replace(left, mentor_says="TOOK_PLACE", mentor_said_at=entry.applied_at)
    return replace(left, status=entry.new_status, revision=kept.revision + 1)


def _undone(entry: Entry, last: tuple[Entry, Kept] | None) -> Kept | None:
    """The booking before the press that this row takes back, if it may."""
    if last is None:
        return None
    press, before = last
    is_own_and_last = (entry.undoes_id, entry.actor_id) == (press.id, press.actor_id)
    is_in_time = entry.applied_at - press.applied_at <= UNDO_WITHIN
    if not (is_own_and_last and is_in_time and press.action in UNDOABLE):
        return None
    return before if entry.new_status == before.status else None


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
