"""Whether a session took place, computed from what each side says.

The outcome is a field of its own beside the status and is never guessed. It is computed from the
statements and the time; `queries.sessions.outcomes` says the same in SQL, and a property test shows
that both agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from mentorship.domain.shared.messages import N_


class OutcomeWord(StrEnum):
    """What one side says about a session, or an admin decides."""

    TOOK_PLACE = "TOOK_PLACE"
    MENTOR_ABSENT = "MENTOR_ABSENT"
    STUDENT_ABSENT = "STUDENT_ABSENT"
    NOBODY_CAME = "NOBODY_CAME"
    TECHNICAL_TROUBLE = "TECHNICAL_TROUBLE"


OUTCOME_TEXT: Mapping[OutcomeWord, str] = MappingProxyType(
    {
        OutcomeWord.TOOK_PLACE: N_("It took place"),
        OutcomeWord.MENTOR_ABSENT: N_("The mentor did not come"),
        OutcomeWord.STUDENT_ABSENT: N_("The student did not come"),
        OutcomeWord.NOBODY_CAME: N_("Nobody came"),
        OutcomeWord.TECHNICAL_TROUBLE: N_("Technical trouble"),
    }
)
"""The words as people read and choose them."""


class OutcomeState(StrEnum):
    """How far the outcome of a session is known."""

    OPEN = "OPEN"
    CLAIMED = "CLAIMED"
    SETTLED = "SETTLED"
    DISPUTED = "DISPUTED"


@dataclass(frozen=True)
class Statement:
    """The answer of one side, given at an instant (UTC)."""

    word: OutcomeWord
    at: datetime


@dataclass(frozen=True)
class Statements:
    """The last answer of each side and of an admin; None if there is none."""

    mentor: Statement | None = None
    student: Statement | None = None
    decision: Statement | None = None


@dataclass(frozen=True)
class Outcome:
    """The outcome so far.

    `value` is the settled or claimed word; None while open or disputed. `settles_at` (UTC) is when
    silence settles the claim of one side; None in the other states.
    """

    state: OutcomeState
    value: OutcomeWord | None = None
    settles_at: datetime | None = None


def outcome_of(
    statements: Statements, *, end_time: datetime, now: datetime, silence: timedelta
) -> Outcome:
    """The outcome at `now` of a session whose slot ends at `end_time` (both UTC).

    After the time of `silence` (OUTCOME_HOURS), counted from the statement or from the end of the
    slot, whichever is later, one side's word stands. Does not look at the status: a cancelled
    session has no outcome.
    """
    if statements.decision is not None:
        return Outcome(OutcomeState.SETTLED, statements.decision.word)
    said = [each for each in (statements.mentor, statements.student) if each is not None]
    words = {each.word for each in said}
    if not said:
        return Outcome(OutcomeState.OPEN)
    if len(words) > 1:
        return Outcome(OutcomeState.DISPUTED)
    (word,) = words
    settles_at = max(said[0].at, end_time) + silence
    if len(said) > 1 or settles_at <= now:
        return Outcome(OutcomeState.SETTLED, word)
    return Outcome(OutcomeState.CLAIMED, word, settles_at)
