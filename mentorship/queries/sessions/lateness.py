"""Who will be late, and whose mentor is held up by the previous session."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from mentorship.domain.sessions.lateness import OVERRUN_WITHIN, Lateness, LateNote, may_be_late
from mentorship.domain.sessions.lifecycle import Party, State, Status
from mentorship.models import LateNotice, SessionBooking
from mentorship.queries.sessions.groups import GroupSeat


def lateness_of(
    session: Session,
    rows: Iterable[Any],
    seats: Mapping[int, Collection[GroupSeat]],
    *,
    now: datetime,
) -> dict[int, Lateness]:
    """The lateness of those of these bookings that have not begun at `now` (UTC), by id.

    `seats` are the students of those that are shown as a group. Without such a session, as on most
    dashboards, nothing is read.
    """
    waited_for = [row for row in rows if may_be_late(_state(row), now)]
    others = {
        row.id: [each for each in seats.get(row.id, ()) if each.id != row.id] for row in waited_for
    }
    ids = [*others, *(each.id for group in others.values() for each in group)]
    notes = _late_notes(session, ids)
    return {
        row.id: Lateness(
            mentor=notes.get(row.id, {}).get(Party.MENTOR),
            student=notes.get(row.id, {}).get(Party.STUDENT),
            others=tuple(
                (each.student, notes[each.id][Party.STUDENT])
                for each in others[row.id]
                if Party.STUDENT in notes.get(each.id, {})
            ),
            is_mentor_held_up=row.status is Status.ONGOING and was_mentor_held_up(session, row),
        )
        for row in waited_for
    }


def _state(row: Any) -> State:
    return State(row.status, row.is_delayed, row.started_at, row.start_time, row.end_time)


def _late_notes(session: Session, booking_ids: Collection[int]) -> dict[int, dict[Party, LateNote]]:
    """The late notices of the two sides of these sessions, by booking and side."""
    found: dict[int, dict[Party, LateNote]] = {}
    if booking_ids:
        statement = select(LateNotice).where(LateNotice.booking_id.in_(booking_ids))
        for notice in session.scalars(statement):
            note = LateNote(notice.minutes, notice.note)
            found.setdefault(notice.booking_id, {})[notice.side] = note
    return found


def others_late_note(session: Session, mail: Any) -> LateNote | None:
    """The late notice of the side other than the reader of a mail about a session."""
    side = Party.STUDENT if mail.reader_id == mail.mentor_id else Party.MENTOR
    return _late_notes(session, [mail.booking_id]).get(mail.booking_id, {}).get(side)


def was_mentor_held_up(session: Session, booking: Any) -> bool:
    """Whether an earlier session of the mentor was under way at the start of this one.

    A session whose slot had been over for hours was forgotten rather than under way.
    """
    earlier, start_time = SessionBooking, booking.start_time
    statement = select(earlier.id).where(
        earlier.mentor_id == booking.mentor_id,
        earlier.start_time < start_time,
        earlier.end_time <= start_time,
        earlier.end_time > start_time - OVERRUN_WITHIN,
        earlier.started_at < start_time,
        or_(earlier.completed_at.is_(None), earlier.completed_at > start_time),
    )
    return session.scalar(statement.limit(1)) is not None
