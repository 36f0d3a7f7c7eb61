"""The JSON of outcomes: whether a session took place."""

from typing import Any, Self

from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.sessions.outcomes import (
    Outcome,
    OutcomeState,
    OutcomeWord,
    Statement,
    Statements,
)
from mentorship.queries.sessions.outcome_view import QueueView
from mentorship.schemas.base import (
    Answer,
    Fields,
    Id,
    Instant,
    Reason,
    Say,
    Sentence,
    SuccessAnswer,
)
from mentorship.services.sessions.outcomes import OutcomeResult


class OutcomeFields(Fields):
    """An answer about how a session went, with a reason; an admin's decision needs one."""

    outcome: OutcomeWord
    reason: Reason = ""


class AnswerFields(OutcomeFields):
    """The same as one side's answer.

    With `forAll`, the mentor of a group says it of each student about whom the mentor has not said
    anything yet.
    """

    for_all: bool = False


class CompletionFields(Fields):
    """A completion, which may also say how the session went."""

    outcome: OutcomeWord | None = None
    reason: Reason = ""


class DecisionForm(OutcomeFields):
    """The form of the admins' queue: one decision about the sessions that were ticked.

    `view` and `mentor` name the list to show again.
    """

    sessions: list[Id]
    view: QueueView = QueueView.DISPUTED
    mentor: Id | None = None


class OutcomeJson(Answer):
    """The outcome of a session.

    `value` is the claimed or settled word. `settlesAt` is when silence settles a claim; null in the
    other states. `decidedBy` is the name of the admin who decided.
    """

    state: OutcomeState
    value: OutcomeWord | None
    mentor_says: OutcomeWord | None
    student_says: OutcomeWord | None
    settles_at: Instant | None
    decided_by: str | None

    @classmethod
    def of(cls, outcome: Outcome, statements: Statements, decided_by: str | None) -> Self:
        """The JSON of an outcome and of the statements behind it."""
        return cls(
            state=outcome.state,
            value=outcome.value,
            mentor_says=_word(statements.mentor),
            student_says=_word(statements.student),
            settles_at=outcome.settles_at,
            decided_by=decided_by,
        )


def _word(statement: Statement | None) -> OutcomeWord | None:
    return None if statement is None else statement.word


class OutcomeAnswer(SuccessAnswer):
    """The state of a session after somebody has said how it went."""

    message: Sentence
    session_id: int
    new_status: Status
    outcome: OutcomeJson
    changed: bool


def outcome_answer(result: OutcomeResult, say: Say) -> dict[str, Any]:
    """The answer of the outcome route."""
    return OutcomeAnswer(
        message=say(result.message),
        session_id=result.session_id,
        new_status=result.status,
        outcome=OutcomeJson.of(result.outcome, result.statements, result.decided_by),
        changed=result.changed,
    ).json_ready()
