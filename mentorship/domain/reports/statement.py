"""A statement of one person's hours, and the code with which it can be checked later."""

import hmac
import json
from base64 import b32encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from mentorship.domain.reports.ranges import DateRange
from mentorship.domain.sessions.lifecycle import Party
from mentorship.domain.sessions.outcomes import OutcomeWord

_RANGE_LENGTH, _FIGURES_LENGTH = 8, 16
"""Characters of the two parts of a code; 5 bits each."""

_GROUP = 4


@dataclass(frozen=True)
class StatementLine:
    """One session of a person who took the `part` of mentor or student. Instants in UTC."""

    session_id: int
    part: Party
    start: datetime
    end: datetime
    topic: str
    other: str
    outcome: OutcomeWord | None
    minutes_booked: int
    minutes_delivered: int | None

    @property
    def took_place(self) -> bool:
        """Whether it is claimed or settled that the session took place."""
        return self.outcome is OutcomeWord.TOOK_PLACE


@dataclass(frozen=True)
class Sums:
    """The sums of some lines. `delivered` is None if no line has recorded times."""

    sessions: int
    took_place: int
    booked: int
    delivered: int | None


@dataclass(frozen=True)
class Statement:
    """One person's sessions in a range of days, ordered by start."""

    person_id: int
    person: str
    dates: DateRange
    lines: tuple[StatementLine, ...]

    def of(self, part: Party) -> tuple[StatementLine, ...]:
        """The sessions in which the person took this part."""
        return tuple(line for line in self.lines if line.part is part)


def sums_of(lines: Sequence[StatementLine]) -> Sums:
    """The sums below a table of lines."""
    delivered = [it.minutes_delivered for it in lines if it.minutes_delivered is not None]
    return Sums(
        sessions=len(lines),
        took_place=sum(line.took_place for line in lines),
        booked=sum(line.minutes_booked for line in lines),
        delivered=sum(delivered) if delivered else None,
    )


class Verdict(StrEnum):
    """The result of checking a code."""

    SAME = "same"
    CHANGED = "changed"
    UNKNOWN = "unknown"


def check_code(statement: Statement, key: str) -> str:
    """The check code of a statement, which only this installation, with its `key`, can make.

    Its first part proves that it was made here for this person and range, the second that the
    figures were these. Names and topics are in neither: they may be corrected.
    """
    figures = [
        [
            line.session_id,
            line.part,
            line.start.isoformat(),
            line.end.isoformat(),
            line.outcome,
            line.minutes_booked,
            line.minutes_delivered,
        ]
        for line in statement.lines
    ]
    first = _range_code(statement.person_id, statement.dates, key)
    second = _digest(key, "figures", first, figures)[:_FIGURES_LENGTH]
    code = first + second
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def was_made_here(code: str, person_id: int, dates: DateRange, key: str) -> bool:
    """Whether the code belongs to some statement about this person and range."""
    first = _range_code(person_id, dates, key)
    return hmac.compare_digest(_plain(code)[:_RANGE_LENGTH].encode(), first.encode())


def verdict_on(code: str, statement: Statement, key: str) -> Verdict:
    """Whether the code belongs to the statement as it would be made now."""
    if not was_made_here(code, statement.person_id, statement.dates, key):
        return Verdict.UNKNOWN
    expected = _plain(check_code(statement, key))
    is_same = hmac.compare_digest(_plain(code).encode(), expected.encode())
    return Verdict.SAME if is_same else Verdict.CHANGED


def _range_code(person_id: int, dates: DateRange, key: str) -> str:
    days = [person_id, dates.first.isoformat(), dates.last.isoformat(), dates.timezone]
    return _digest(key, "range", days)[:_RANGE_LENGTH]


def _digest(key: str, *parts: object) -> str:
    text = json.dumps(["statement", *parts], separators=(",", ":"))
    return b32encode(hmac.digest(key.encode(), text.encode(), sha256)).decode()


def _plain(code: str) -> str:
    return "".join(letter for letter in code.upper() if letter.isascii() and letter.isalnum())
