"""Checkers that replay the journal and compare it with what a reader was told.

The allowed transitions are written here a second time on purpose, from section 2 of the
specification: a checker that used the product's own table would share its mistakes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, select

from mentorship.models import OutcomeChange, SessionBooking, StatusChange, table_of
from tests.support.journal_order import Place

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
    reason: str | None = None


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


SIDES = {
    "mentor": ("mentor_says", "mentor_said_at"),
    "student": ("student_says", "student_said_at"),
    "admin": ("decided_outcome", "decided_at"),
}
"""By side: the fields of its last word, and of when it was said."""


def faults(
    before: Mapping[int, Kept],
    journal: Iterable[Entry],
    after: Mapping[int, Kept],
    said: Iterable[Said] = (),
    order: Iterable[Place] | None = None,
) -> list[str]:
    """Forbidden transitions and answers, doubled rows, and differences from the state.

    With `order` both journals and the late notices are replayed in the order in which they were
    written; else all transitions come first.
    """
    transitions, answers = {row.id: row for row in journal}, {row.id: row for row in said}
    replay = Replay(dict(before))
    if order is None:
        order = [Place("status", row_id, None, None) for row_id in transitions]
        order += [Place("outcome", row_id, None, None) for row_id in answers]
    for place in order:
        if place.kind == "status":
            replay.change(transitions.pop(place.row_id))
        elif place.kind == "outcome":
            replay.answer(answers.pop(place.row_id))
        else:
            replay.late(place)
    replay.found += [
        f"not in the order: {row}" for row in (*transitions.values(), *answers.values())
    ]
    return replay.found + replay.differences(after)


@dataclass
class Replay:
    """The bookings as the journals leave them, and the faults that were found on the way.

    `words` are what a side of a booking has said, oldest first; a mentor who begins says that the
    session takes place unless they have said something before. `skewed` are bookings whose
    processes had different times: something was said after the start by one clock, and the start
    was still to come by the other. Their words are not compared.
    """

    state: dict[int, Kept]
    found: list[str] = field(default_factory=list)
    last: dict[int, tuple[Entry, Kept]] = field(default_factory=dict)
    words: dict[tuple[int, str], list[tuple[str, datetime]]] = field(default_factory=dict)
    skewed: set[int] = field(default_factory=set)

    def change(self, entry: Entry) -> None:
        """Replay a transition."""
        booking = entry.booking_id
        kept = self.state[booking]
        left = moved(kept, entry, self.last.get(booking))
        if left is None:
            self.found.append(f"unlawful: {entry} on {kept}")
        elif entry.action == "undo":
            left = self._without_words_of(self.last[booking][0], left)
        elif entry.action == "correct" and entry.new_status == "SCHEDULED":
            left = self._forgotten(left)
        elif (left.mentor_says, left.mentor_said_at) != (kept.mentor_says, kept.mentor_said_at):
            self.words.setdefault((booking, "mentor"), []).append(("TOOK_PLACE", entry.applied_at))
        self.last[booking] = entry, kept
        self.state[booking] = left or kept

    def _without_words_of(self, press: Entry, left: Kept) -> Kept:
        """What was said with a press that is taken back gives way to the word before it."""
        for side, (word, at) in SIDES.items():
            if getattr(left, at) != press.applied_at:
                continue
            stack = self.words.get((left.id, side), [])
            while stack and stack[-1][1] == press.applied_at:
                stack.pop()
            said, when = stack[-1] if stack else (None, None)
            left = _with(left, {word: said, at: when})
        return left

    def _forgotten(self, left: Kept) -> Kept:
        """What is still to come has no words."""
        for side, (word, at) in SIDES.items():
            when = getattr(left, at)
            if when is not None and when >= left.start_time:
                self.skewed.add(left.id)
            self.words.pop((left.id, side), None)
            left = _with(left, {word: None, at: None})
        return left

    def answer(self, answer: Said) -> None:
        """Replay what a side said, or an admin decided."""
        kept = self.state[answer.booking_id]
        word, at = SIDES[answer.side]
        is_by_side = answer.side != "admin"
        both = kept.mentor_says, kept.student_says
        is_settled = kept.decided_outcome is not None or (both[0] == both[1] is not None)
        is_repeated = getattr(kept, word) == answer.outcome
        is_early = answer.said_at < kept.start_time or kept.status in ("SCHEDULED", "CANCELLED")
        lacks_reason = not is_by_side and not answer.reason
        is_unlawful = is_repeated or is_early or lacks_reason or (is_settled and is_by_side)
        if is_unlawful and kept.id not in self.skewed:
            self.found.append(f"unlawful: {answer} on {kept}")
        said = answer.outcome, answer.said_at
        self.words.setdefault((kept.id, answer.side), []).append(said)
        self.state[kept.id] = _with(
            kept, {"revision": kept.revision + 1, word: said[0], at: said[1]}
        )

    def late(self, place: Place) -> None:
        """Replay that somebody will be late, or takes it back."""
        kept = self.state[place.row_id]
        is_awaited = kept.is_delayed and kept.status == "ONGOING" and kept.started_at is None
        if kept.status != "SCHEDULED" and not is_awaited:
            self.found.append(f"unlawful: {place} on {kept}")
        self.state[kept.id] = replace(kept, revision=kept.revision + 1)

    def differences(self, after: Mapping[int, Kept]) -> list[str]:
        """Where the database has something else."""
        return [
            f"different: replayed {self.state.get(number)}, kept {after.get(number)}"
            for number in sorted(self.state.keys() | after.keys())
            if self._compared(self.state.get(number)) != self._compared(after.get(number))
        ]

    def _compared(self, kept: Kept | None) -> Kept | None:
        if kept is None or kept.id not in self.skewed:
            return kept
        return _with(kept, dict.fromkeys(name for names in SIDES.values() for name in names))


def _with(kept: Kept, fields: Mapping[str, Any]) -> Kept:
    return replace(kept, **fields)


def moved(kept: Kept, entry: Entry, last: tuple[Entry, Kept] | None = None) -> Kept | None:
    """The booking after this journal row; None where the transition is forbidden.

    `last` is the row before it of the same booking, and the booking before that one. What an undo
    and a correction do to words is left to the caller.
    """
    if entry.action == "undo":
        left = _undone(kept, entry, last)
    else:
        left = _corrected(kept, entry) if entry.action == "correct" else _after(kept, entry)
    if left is None or entry.old_status != kept.status or entry.is_delayed is not left.is_delayed:
        return None
    if (entry.due_at is None) is (entry.actor_id is None):  # The clock has no actor, people have.
        return None
    begins = entry.cause == "mentor" and entry.action in ("start", "arrive")
    if begins and kept.mentor_says is None:
        left = replace(left, mentor_says="TOOK_PLACE", mentor_said_at=entry.applied_at)
    return replace(left, status=entry.new_status, revision=kept.revision + 1)


def _undone(kept: Kept, entry: Entry, last: tuple[Entry, Kept] | None) -> Kept | None:
    """The booking as it was before the press that this row takes back, if it may."""
    if last is None:
        return None
    press, before = last
    is_own_and_last = (entry.undoes_id, entry.actor_id) == (press.id, press.actor_id)
    is_in_time = entry.applied_at - press.applied_at <= UNDO_WITHIN
    if not (is_own_and_last and is_in_time and press.action in UNDOABLE):
        return None
    names = ("is_delayed", "started_at", "completed_at", "cancelled_at")
    restored = replace(kept, **{name: getattr(before, name) for name in names})
    return restored if entry.new_status == before.status else None


def _corrected(kept: Kept, entry: Entry) -> Kept | None:
    """The booking after an admin's correction, if it was lawful at that time."""
    when, flag, target = entry.applied_at, entry.is_delayed, entry.new_status
    is_by_admin = entry.cause == "admin" and bool(entry.reason) and entry.actor_id is not None
    is_change = (target, flag) != (kept.status, kept.is_delayed)
    if not is_by_admin or not is_change or kept.status == "SCHEDULED":
        return None
    left = replace(kept, is_delayed=flag, cancelled_at=None)
    if flag and kept.started_at is not None and kept.started_at < kept.start_time:
        left = replace(left, started_at=None)
    if target == "SCHEDULED":
        left = replace(left, started_at=None, completed_at=None)
        return left if when < kept.start_time and not flag else None
    if target == "ONGOING":
        is_lawful = when >= kept.start_time if flag else when < kept.end_time
        return replace(left, completed_at=None) if is_lawful else None
    if target != "COMPLETED" or when < kept.start_time:
        return None
    if kept.status != "COMPLETED":
        done = max(min(kept.end_time, when), kept.started_at or kept.start_time)
        left = replace(left, completed_at=done)
    return left


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
