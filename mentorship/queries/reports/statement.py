"""Reading one person's sessions for a statement."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from mentorship.domain.reports.figures import Behind, By
from mentorship.domain.reports.ranges import DateRange
from mentorship.domain.reports.statement import Statement, StatementLine
from mentorship.domain.sessions.lifecycle import Party
from mentorship.queries.reports.facts import ReportSpec, Scope
from mentorship.queries.reports.people import name_of
from mentorship.queries.reports.sessions import ReportedSession, all_sessions


def statement_of(
    session: Session, person_id: int, dates: DateRange, *, now: datetime, silence: timedelta
) -> Statement:
    """The sessions of a person that have begun and were not cancelled, as of `now` (UTC).

    Raises NotFound for an unknown person.
    """
    lines = []
    for part, scope in (
        (Party.MENTOR, Scope(mentor_id=person_id)),
        (Party.STUDENT, Scope(student_id=person_id)),
    ):
        spec = ReportSpec(dates, By.TOTAL, scope, now, silence)
        found = all_sessions(session, spec, Behind.EXPECTED)
        lines += [_line(each, part) for each in found]
    lines.sort(key=lambda line: (line.start, line.session_id))
    return Statement(person_id, name_of(session, person_id), dates, tuple(lines))


def _line(session: ReportedSession, part: Party) -> StatementLine:
    return StatementLine(
        session_id=session.session_id,
        part=part,
        start=session.start,
        end=session.end,
        topic=session.topic,
        other=session.student if part is Party.MENTOR else session.mentor,
        outcome=session.outcome,
        minutes_booked=session.minutes_booked,
        minutes_delivered=session.minutes_delivered,
    )
