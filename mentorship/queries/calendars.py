"""Reading sessions as entries of a calendar."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from mentorship.database import UtcDateTime
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.calendars import Alarm
from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import (
    BookingMove,
    CalendarFeed,
    MentorTimeSlot,
    SessionBooking,
    StatusChange,
    User,
)
from mentorship.queries.sessions.groups import Meeting, meetings_of, stands_for_meeting
from mentorship.queries.shared.viewers import VIEWER_COLUMNS, viewer_from

LOOK_BACK = timedelta(days=60)
CANCELLED_FOR = timedelta(days=30)
"""A cancelled session stays in the feed this long after its cancellation, or its start."""

MOST_ENTRIES = 1000
"""Calendar programs read the whole feed each time."""

_B = SessionBooking
_Student, _Mentor = aliased(User), aliased(User)


def _last(instant: Any, of: Any) -> Any:
    newest = select(func.max(instant, type_=UtcDateTime)).where(of.booking_id == _B.id)
    return newest.correlate(_B).scalar_subquery()


_MOVED_FROM = (
    select(BookingMove.old_start)
    .where(BookingMove.booking_id == _B.id)
    .order_by(BookingMove.id.desc())
    .limit(1)
    .correlate(_B)
    .scalar_subquery()
    .label("moved_from")
)

_IS_ONE_ENTRY: ColumnElement[bool] = or_(_B.slot_capacity > 1, MentorTimeSlot.is_one_entry)

_ENTRIES: Select[*tuple[Any, ...]] = (
    select(
        _B.id,
        _B.time_slot_id,
        _IS_ONE_ENTRY.label("is_group"),
        _B.topic,
        _B.status,
        _B.is_delayed,
        _B.start_time,
        _B.end_time,
        _B.started_at,
        _B.completed_at,
        _B.cancel_reason,
        _B.revision,
        _B.mentor_id,
        _B.student_id,
        _B.booked_at,
        _Student.name.label("student"),
        _Student.created_at.label("student_since"),
        _Mentor.name.label("mentor"),
        _last(StatusChange.applied_at, StatusChange).label("changed_at"),
        _last(BookingMove.moved_at, BookingMove).label("moved_at"),
        _MOVED_FROM,
    )
    .join(_Student, _Student.id == _B.student_id)
    .join(_Mentor, _Mentor.id == _B.mentor_id)
    .join(MentorTimeSlot, MentorTimeSlot.id == _B.time_slot_id)
)

_VERSIONS: Select[*tuple[Any, ...]] = (
    select(
        _B.id,
        _B.time_slot_id,
        _IS_ONE_ENTRY.label("is_group"),
        _B.revision,
        _B.topic,
        _B.status,
        _B.start_time,
        _B.end_time,
        _Student.name.label("student"),
        _Mentor.name.label("mentor"),
    )
    .join(_Student, _Student.id == _B.student_id)
    .join(_Mentor, _Mentor.id == _B.mentor_id)
    .join(MentorTimeSlot, MentorTimeSlot.id == _B.time_slot_id)
)
"""Everything that can change in `_ENTRIES`; each change of a booking raises its revision."""

_FEED = select(CalendarFeed.alarm, CalendarFeed.made_at, *VIEWER_COLUMNS).join(
    User, User.id == CalendarFeed.user_id
)


@dataclass(frozen=True)
class Feed:
    """The owner of a feed, and when it reminds them; `made_at` is in UTC."""

    viewer: Viewer
    alarm: Alarm
    made_at: datetime


class Entry(NamedTuple):
    """A session as an entry of a calendar: a row of `_ENTRIES`, and for a group its meeting.

    For its mentor a group is one entry, and `session` stands for all of its sessions.
    """

    session: Row[*tuple[Any, ...]]
    meeting: Meeting | None


def entries(session: Session, viewer: Viewer, *, now: datetime) -> list[Entry]:
    """The sessions in which the person takes part, oldest first; `now` is in UTC.

    The last 60 days and everything to come, cancelled ones for 30 days, and of more than a thousand
    only the latest.
    """
    rows = session.execute(_latest(_ENTRIES, viewer, now)).all()
    meetings = meetings_of(session, {row.time_slot_id for row in rows if row.is_group})
    return [Entry(row, meetings.get(row.time_slot_id)) for row in reversed(rows)]


def versions(session: Session, viewer: Viewer, *, now: datetime) -> list[tuple[object, ...]]:
    """A value that changes whenever `entries` would, at a fraction of the cost. `now` is in UTC."""
    rows = session.execute(_latest(_VERSIONS, viewer, now)).all()
    meetings = meetings_of(session, {row.time_slot_id for row in rows if row.is_group})
    return [(*row, meetings.get(row.time_slot_id)) for row in rows]


def left_out(session: Session, viewer: Viewer, *, now: datetime) -> int:
    """How many of the person's sessions do not fit into the feed; `now` is in UTC."""
    ids = select(_B.id).join(MentorTimeSlot, MentorTimeSlot.id == _B.time_slot_id)
    all_ids = _in_feed(ids, viewer, now).subquery()
    total = session.scalar(select(func.count()).select_from(all_ids)) or 0
    return max(0, total - MOST_ENTRIES)


def _latest(
    columns: Select[*tuple[Any, ...]], viewer: Viewer, now: datetime
) -> Select[*tuple[Any, ...]]:
    newest_first = _B.start_time.desc(), _B.id.desc()
    return _in_feed(columns, viewer, now).order_by(*newest_first).limit(MOST_ENTRIES)


def _in_feed(
    columns: Select[*tuple[Any, ...]], viewer: Viewer, now: datetime
) -> Select[*tuple[Any, ...]]:
    is_old = or_(_B.cancelled_at < now - CANCELLED_FOR, _B.start_time < now - CANCELLED_FOR)
    return columns.where(
        or_(
            _B.student_id == viewer.id,
            and_(_B.mentor_id == viewer.id, or_(~_IS_ONE_ENTRY, stands_for_meeting(_B))),
        ),
        _B.start_time >= now - LOOK_BACK,
        or_(_B.status != Status.CANCELLED, ~is_old),
    )


def entry(session: Session, booking_id: int, viewer: Viewer) -> Entry:
    """The entry of one session, which must exist, for this person."""
    row = session.execute(_ENTRIES.where(_B.id == booking_id)).one()
    meeting = (
        meetings_of(session, [row.time_slot_id]).get(row.time_slot_id) if row.is_group else None
    )
    if meeting is not None and row.mentor_id == viewer.id and meeting.booking_id != booking_id:
        row = session.execute(_ENTRIES.where(_B.id == meeting.booking_id)).one()
    return Entry(row, meeting)


def feed_of(session: Session, user_id: int) -> Feed | None:
    """The person's feed, if they have one."""
    return _found(session, _FEED.where(CalendarFeed.user_id == user_id))


def feed_by(session: Session, token_hash: str) -> Feed | None:
    """The feed with this hash of its secret."""
    return _found(session, _FEED.where(CalendarFeed.token_hash == token_hash))


def _found(session: Session, statement: Select[*tuple[Any, ...]]) -> Feed | None:
    row = session.execute(statement).one_or_none()
    return None if row is None else Feed(viewer_from(row), row.alarm, row.made_at)
