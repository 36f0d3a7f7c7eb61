"""The receipt of a session: everything that happened to it, as lines in order of time."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from mentorship.domain.sessions.lifecycle import Action, Party, Status
from mentorship.domain.shared.messages import N_, Message, Precise, joined
from mentorship.domain.shared.zones import zone_of


class EntryKind(StrEnum):
    """The kinds of lines besides transitions, whose kind is their action."""

    BOOKED = "booked"
    IMPORTED = "imported"
    MOVED = "moved"
    OUTCOME = "outcome"
    LATE = "late"
    MAIL = "mail"


@dataclass(frozen=True)
class Entry:
    """One line of a receipt. Instants in UTC.

    `id` is that of the stored row, unique for its kind. `sentence` says in words what happened or
    which rule applied. `reason` is what the actor wrote. `cause` is a journal cause. `undone` is
    the action that an undo took back. `due_at` is None where no clock rule acted. `old_start` and
    `new_start` are the two times of a move.
    """

    kind: Action | EntryKind
    id: int
    applied_at: datetime
    sentence: str
    old_status: Status | None = None
    new_status: Status | None = None
    is_delayed: bool | None = None
    reason: str | None = None
    cause: str | None = None
    actor: str | None = None
    due_at: datetime | None = None
    old_start: datetime | None = None
    new_start: datetime | None = None
    undone: Action | None = None

    @property
    def is_transition(self) -> bool:
        """Whether the line is a transition."""
        return isinstance(self.kind, Action)

    @property
    def lag(self) -> timedelta | None:
        """How long after its due time a clock rule was applied."""
        return None if self.due_at is None else self.applied_at - self.due_at


def in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Oldest first; at one instant: booked, moved, transitions, outcomes, mail; then by id."""
    return tuple(
        sorted(entries, key=lambda entry: (entry.applied_at, _RANK.get(entry.kind, 2), entry.id))
    )


_RANK: Mapping[str, int] = MappingProxyType(
    {
        EntryKind.BOOKED: 0,
        EntryKind.IMPORTED: 0,
        EntryKind.MOVED: 1,
        EntryKind.OUTCOME: 3,
        EntryKind.MAIL: 4,
    }
)


def headline(entry: Entry, timezone: str) -> Message:
    """The line in words, like "Marked delayed: due 10:00:00, applied 10:00:00.4 by the worker".

    Times are written in `timezone`, an IANA name.
    """
    here = zone_of(timezone)
    by = _by(entry)
    if entry.kind in (EntryKind.OUTCOME, EntryKind.LATE, EntryKind.MAIL):
        return joined(entry.sentence)
    title = TITLES[entry.kind]
    if entry.due_at is not None:
        due, applied = entry.due_at.astimezone(here), entry.applied_at.astimezone(here)
        return N_(
            "%(title)s: due %(due)s, applied %(applied)s %(by)s",
            title=title,
            due=Precise(due, beside=applied),
            applied=Precise(applied, beside=applied),
            by=by,
        )
    if entry.old_start and entry.new_start:
        return N_(
            "%(title)s %(by)s: from %(old)s to %(new)s",
            title=title,
            by=by,
            old=entry.old_start.astimezone(here),
            new=entry.new_start.astimezone(here),
        )
    if entry.undone is not None:
        return N_("%(title)s %(by)s: %(undone)s", title=title, by=by, undone=TITLES[entry.undone])
    return N_("%(title)s %(by)s", title=title, by=by) if by else joined(title)


def explanation(entry: Entry, timezone: str) -> str:
    """Why it happened, in one text.

    For a transition this is the actor's reason, or else the rule; for all other lines the headline,
    followed by the actor's reason.
    """
    if entry.is_transition:
        return entry.reason or entry.sentence
    said = headline(entry, timezone)
    return joined(said, f"({entry.reason})") if entry.reason else said


TITLES: Mapping[str, str] = MappingProxyType(
    {
        EntryKind.BOOKED: N_("Booked"),
        EntryKind.IMPORTED: N_("Imported"),
        EntryKind.MOVED: N_("Moved"),
        Action.DELAY: N_("Marked delayed"),
        Action.AUTO_COMPLETE: N_("Completed"),
        Action.START: N_("Started"),
        Action.ARRIVE: N_("Begun late"),
        Action.COMPLETE: N_("Completed"),
        Action.CANCEL: N_("Cancelled"),
        Action.UNDO: N_("Undone"),
        Action.CORRECT: N_("Corrected"),
    }
)
"""The titles of transitions, bookings and moves in a receipt."""


def _by(entry: Entry) -> str:
    """Who or what did it, in words; empty if unknown."""
    if entry.actor is None:
        return _BY_PROCESS.get(entry.cause or "", "")
    return Message(_BY_PERSON.get(entry.cause or "", N_("by %(name)s")), name=entry.actor)


_BY_PERSON: Mapping[str, str] = MappingProxyType(
    {
        Party.MENTOR: N_("by %(name)s (mentor)"),
        Party.STUDENT: N_("by %(name)s (student)"),
        Party.ADMIN: N_("by %(name)s (admin)"),
    }
)
_BY_PROCESS: Mapping[str, str] = MappingProxyType(
    {
        "poll": N_("by an open page"),
        "cron": N_("by the cron service"),
        "worker": N_("by the worker"),
        "command": N_("by a command"),
        "mentor": N_("by the mentor"),
        "student": N_("by the student"),
        "admin": N_("by an admin"),
    }
)
