"""A second implementation of "Outcome" in section 7 of the specification, for one session.

It uses nothing of the product, so that the two can be compared step by step.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.support import model

WORDS = ("TOOK_PLACE", "MENTOR_ABSENT", "STUDENT_ABSENT", "NOBODY_CAME", "TECHNICAL_TROUBLE")
SILENCE = timedelta(hours=72)


@dataclass
class Session(model.Session):
    """A session with what its two sides say of it and what an admin decided."""

    says: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    decision: tuple[str, datetime] | None = None
    outcome_journal: list[tuple[str, str, datetime]] = field(default_factory=list)
    begun: list[tuple[datetime, bool]] = field(default_factory=list)
    """When the mentor began, and whether that was undone."""
    taken_back: set[tuple[str, datetime]] = field(default_factory=set)
    """Who has taken back what they said when."""

    @property
    def said(self) -> tuple[object, ...]:
        """The part of it that is stored in the database."""
        nothing = (None, None)
        return (
            *self.says.get("mentor", nothing),
            *self.says.get("student", nothing),
            *(self.decision or nothing),
        )

    def outcome(self, now: datetime) -> tuple[str, str | None, datetime | None]:
        """State, value, and when silence settles it."""
        if self.decision:
            return "SETTLED", self.decision[0], None
        words = [word for word, _at in self.says.values()]
        if not words:
            return "OPEN", None, None
        if len(words) == 2:
            return ("SETTLED", words[0], None) if words[0] == words[1] else ("DISPUTED", None, None)
        [(word, at)] = self.says.values()
        settles_at = (at if at > self.end else self.end) + SILENCE
        if now >= settles_at:
            return "SETTLED", word, None
        return "CLAIMED", word, settles_at

    def act(self, action: str, who: str, now: datetime) -> str:
        """As without outcomes; a mentor who begins says that the session takes place.

        Whoever undoes a press takes back what was said with it.
        """
        press = self.press
        result = super().act(action, who, now)
        if result != "changed":
            return result
        if who == "mentor" and action in ("start", "arrive"):
            self.begun.append((now, False))
            self.says.setdefault("mentor", ("TOOK_PLACE", now))
        if action == "undo" and press is not None:
            self._take_back(press)
        return result

    def _take_back(self, press: model.Press) -> None:
        if press.who == "mentor" and press.action in ("start", "arrive"):
            self.begun[-1] = press.at, True
        for side in ("mentor", "student", "admin"):
            said = self.decision if side == "admin" else self.says.get(side)
            if said is None or said[1] != press.at:
                continue
            self.taken_back.add((side, press.at))
            words = [
                (word, at)
                for who, word, at in self.outcome_journal
                if who == side and (who, at) not in self.taken_back
            ]
            before = [(word, at) for word, at in words if at != press.at]
            if side == "mentor" and not before:
                starts = [at for at, is_undone in self.begun if at < press.at and not is_undone]
                before = [("TOOK_PLACE", at) for at in starts]
            self.says.pop(side, None)
            if side == "admin":
                self.decision = before[-1] if before else None
            elif before:
                self.says[side] = before[-1]

    def say(self, who: str, word: str, now: datetime, *, has_reason: bool) -> str:
        """Say a word; returns unknown, invalid, conflict, changed or same."""
        if who not in ("mentor", "student", "admin"):
            return "unknown"
        if who == "admin" and not has_reason:
            return "invalid"
        if self.overdue(now):
            self.tick(now, who)
        if self.status == "CANCELLED" or now < self.start:
            return "conflict"
        mine = self.decision if who == "admin" else self.says.get(who)
        is_mine_already = mine is not None and mine[0] == word
        if who != "admin":
            state, value, _settles_at = self.outcome(now)
            if state == "SETTLED" and not (is_mine_already and value == word):
                return "conflict"
        if not is_mine_already:
            self._note(who, word, now)
        completes = self.status == "ONGOING" and self.end <= now
        if completes:
            self.press = model.Press(who, "complete", now, self._fields())
            self._move("COMPLETED", now, who, due_at=None, completed_at=now)
        return "changed" if completes or not is_mine_already else "same"

    def _note(self, who: str, word: str, now: datetime) -> None:
        if who == "admin":
            self.decision = word, now
        else:
            self.says[who] = word, now
        self.outcome_journal.append((who, word, now))
