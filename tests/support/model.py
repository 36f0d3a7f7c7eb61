"""A second implementation of section 2 of the specification, for one session.

It uses nothing of the product, so that the two can be compared step by step.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

MAY = {
    "start": ("mentor", "admin"),
    "arrive": ("mentor", "admin"),
    "complete": ("mentor", "student", "admin"),
    "cancel": ("mentor", "student", "admin"),
    "undo": ("mentor", "student", "admin"),
}

UNDO_WITHIN = timedelta(minutes=2)


@dataclass
class Press:
    """The last thing that a person did to a session, and the state before it."""

    who: str
    action: str
    at: datetime
    before: dict[str, Any]
    is_last: bool = True


@dataclass
class Session:
    """A booked session as the specification describes it, with its journal."""

    start: datetime
    end: datetime
    status: str = "SCHEDULED"
    is_delayed: bool = False
    started_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    journal: list[tuple[object, ...]] = field(default_factory=list)
    press: Press | None = None

    @property
    def state(self) -> tuple[object, ...]:
        """The part of it that is stored in the database."""
        return (
            self.status,
            self.is_delayed,
            self.started_at,
            self.completed_at,
            self.cancelled_at,
        )

    def overdue(self, now: datetime) -> str | None:
        """The transition that is due at `now`: "delay", "auto-complete" or None."""
        if self.status == "SCHEDULED" and self.start <= now:
            return "delay"
        if self.status == "ONGOING" and not self.is_delayed and self.end <= now:
            return "auto-complete"
        return None

    def tick(self, now: datetime, cause: str) -> None:
        """Apply the clock's transition, which must be due."""
        if self.press is not None:
            self.press.is_last = False
        if self.overdue(now) == "delay":
            self._move("ONGOING", now, cause, due_at=self.start, is_delayed=True)
        else:
            self._move("COMPLETED", now, cause, due_at=self.end, completed_at=self.end)

    def act(self, action: str, who: str, now: datetime) -> str:
        """Apply a person's action; returns unknown, forbidden, changed, same or conflict."""
        if who not in ("mentor", "student", "admin"):
            return "unknown"
        if who not in MAY[action]:
            return "forbidden"
        if action == "undo":
            return self._undo(who, now)
        is_awaited = self.status == "ONGOING" and self.is_delayed and self.started_at is None
        if action == "start":
            applies = self.status == "SCHEDULED" and now < self.end
            holds = self.status == "ONGOING" and not self.is_delayed
            left: dict[str, Any] = {"status": "ONGOING", "started_at": now}
        elif action == "arrive":
            applies = is_awaited
            holds = self.status == "ONGOING" and self.is_delayed and not is_awaited
            left = {"status": "ONGOING", "started_at": now}
        elif action == "complete":
            applies = self.status == "ONGOING"
            holds = self.status == "COMPLETED"
            left = {"status": "COMPLETED", "completed_at": now}
        else:
            applies = self.status == "SCHEDULED" and now < self.start
            holds = self.status == "CANCELLED"
            left = {"status": "CANCELLED", "cancelled_at": now}
        if applies:
            self.press = Press(who, action, now, self._fields())
            self._move(left.pop("status"), now, who, due_at=None, **left)
            return "changed"
        if holds:
            return "same"
        if self.overdue(now):
            self.tick(now, who)
        return "conflict"

    def _undo(self, who: str, now: datetime) -> str:
        """Take the last press back, and then let the clock act."""
        press = self.press
        if press is None or press.who != who or press.action == "cancel":
            return "conflict"
        if press.action == "undo":
            return "same"
        if not press.is_last or now - press.at > UNDO_WITHIN:
            return "conflict"
        self.press = Press(who, "undo", now, {})
        before = dict(press.before)
        self._move(before.pop("status"), now, who, due_at=None, **before)
        if self.overdue(now):
            self.tick(now, who)
        return "changed"

    def _fields(self) -> dict[str, Any]:
        names = ("status", "is_delayed", "started_at", "completed_at", "cancelled_at")
        return {name: getattr(self, name) for name in names}

    def _move(
        self, status: str, now: datetime, cause: str, *, due_at: datetime | None, **left: object
    ) -> None:
        old, self.status = self.status, status
        for name, value in left.items():
            setattr(self, name, value)
        self.journal.append((old, status, self.is_delayed, cause, due_at, now))
