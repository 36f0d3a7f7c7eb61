"""Finding sessions by people, time, status, outcome and words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Scope, Viewer
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.sessions.outcomes import OutcomeState, OutcomeWord
from mentorship.models import SessionBooking, User
from mentorship.queries.sessions.outcomes import outcome_state, outcome_value
from mentorship.queries.sessions.receipts.records import RECORDS, SessionRecord, session_records
from mentorship.queries.sessions.visibility import visible_in

PAGE_SIZE = 100


@dataclass(frozen=True)
class SessionFilter:
    """A filter for sessions; they must match every field that is set.

    Their start lies in `[since, until)` (UTC). `words` are folded; each must be a part of the topic
    or of the name of one of the people. `value` is the claimed or settled word.
    """

    since: datetime | None = None
    until: datetime | None = None
    status: Status | None = None
    state: OutcomeState | None = None
    value: OutcomeWord | None = None
    mentor_id: int | None = None
    student_id: int | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class SessionsPage:
    """One page of the sessions found, the newest start first; pages count from 1."""

    sessions: tuple[SessionRecord, ...]
    total: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.total // PAGE_SIZE))


def find_sessions(
    session: Session,
    viewer: Viewer,
    wanted: SessionFilter,
    *,
    page: int,
    now: datetime,
    silence: timedelta,
) -> SessionsPage:
    """A page of the viewer's own sessions (for an admin, of all) at `now` (UTC).

    It is empty if there are fewer pages. `silence` is the time after which one side's answer
    settles an outcome.
    """
    scope = Scope.ALL if viewer.is_admin else Scope.OWN
    fits = [visible_in(scope), *_conditions(wanted, now, silence)]
    values = {"viewer": viewer.id}
    total = session.scalar(select(func.count()).select_from(SessionBooking).where(*fits), values)
    newest = SessionBooking.start_time.desc(), SessionBooking.id.desc()
    shown = (
        select(SessionBooking.id)
        .where(*fits)
        .order_by(*newest)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
        .subquery()
    )
    rows = session.execute(
        RECORDS.join(shown, shown.c.id == SessionBooking.id).order_by(*newest), values
    )
    records = session_records(session, rows.all(), viewer, now=now, silence=silence)
    return SessionsPage(records, total or 0, page)


def _conditions(
    wanted: SessionFilter, now: datetime, silence: timedelta
) -> list[ColumnElement[bool]]:
    fits = [_mentions(word) for word in wanted.words]
    if wanted.since is not None:
        fits.append(SessionBooking.start_time >= wanted.since)
    if wanted.until is not None:
        fits.append(SessionBooking.start_time < wanted.until)
    if wanted.status is not None:
        fits.append(SessionBooking.status == wanted.status)
    if wanted.state is not None:
        fits.append(outcome_state(now, silence) == wanted.state)
    if wanted.value is not None:
        fits.append(outcome_value() == wanted.value)
    if wanted.mentor_id is not None:
        fits.append(SessionBooking.mentor_id == wanted.mentor_id)
    if wanted.student_id is not None:
        fits.append(SessionBooking.student_id == wanted.student_id)
    return fits


def _mentions(word: str) -> ColumnElement[bool]:
    """Whether the topic or one of the names contains the folded word."""
    named = select(User.id).where(User.folded_name.contains(word, autoescape=True))
    return or_(
        SessionBooking.folded_topic.contains(word, autoescape=True),
        SessionBooking.student_id.in_(named),
        SessionBooking.mentor_id.in_(named),
    )
