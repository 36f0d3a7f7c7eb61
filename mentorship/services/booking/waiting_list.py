"""The waiting list of a mentor's full week: joining and leaving it."""

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role, Viewer, require_role
from mentorship.domain.shared.calendar_weeks import Week
from mentorship.domain.shared.errors import InvalidInput, NotFound, ProductError
from mentorship.domain.shared.messages import N_
from mentorship.models import MentorTimeSlot, WaitingListEntry
from mentorship.queries.booking.free_slots import Limits, free_slots, limits_of
from mentorship.services.booking.holds import hold_free_slots, lift_hold
from mentorship.services.shared.locks import lock_people

MOST_PLACES = 20
"""Waiting lists that one student can be on at a time."""

LONGEST_WAIT = timedelta(days=366)


def join_waiting_list(
    session: Session, *, viewer: Viewer, mentor_id: int, week: date, now: datetime
) -> WaitingListEntry:
    """Put the viewer, a student, at the end of the line for a full week, and commit.

    `week` is any day of the week in the mentor's zone. A student who is already waiting keeps the
    place.

    Raises Forbidden for anybody but a student, NotFound for a mentor who accepts no bookings, and
    InvalidInput if the week is over, too far ahead, or has a free time, and for a student on too
    many waiting lists.
    """
    require_role(viewer, Role.STUDENT)
    if mentor_id == viewer.id:
        raise InvalidInput(N_("You cannot join your own waiting list."))
    begin_write(session)
    lock_people(session, [viewer.id, mentor_id])
    try:
        limits = limits_of(session, mentor_id)
        if limits is None:
            raise NotFound(N_("There is no such mentor."))
        full = _full_week(session, limits, viewer, week, now=now)
    except ProductError:
        session.rollback()
        raise
    place = {"mentor_id": mentor_id, "student_id": viewer.id, "week": full.monday}
    entry = session.scalar(select(WaitingListEntry).filter_by(**place, is_over=False))
    if entry is None:
        places = select(WaitingListEntry.id).filter_by(student_id=viewer.id, is_over=False)
        if len(session.scalars(places).all()) >= MOST_PLACES:
            session.rollback()
            raise InvalidInput(
                N_(
                    "You are already on %(most)s waiting lists. Leave one of them first.",
                    most=MOST_PLACES,
                )
            )
        entry = WaitingListEntry(**place, created_at=now)
        session.add(entry)
    session.commit()
    return entry


def leave_waiting_list(session: Session, *, viewer: Viewer, entry_id: int, now: datetime) -> None:
    """Give up the viewer's place, and commit; a slot held for them goes to the next in line.

    Leaving again changes nothing. Raises NotFound if the entry is not the viewer's.
    """
    entry = session.get(WaitingListEntry, entry_id)
    if entry is None or entry.student_id != viewer.id:
        raise NotFound(N_("There is no such place on a waiting list."))
    mentor_id = entry.mentor_id
    begin_write(session)
    lock_people(session, [viewer.id, mentor_id])
    entry = session.get_one(WaitingListEntry, entry_id, populate_existing=True)
    if not entry.is_over:
        _end(session, entry)
        hold_free_slots(session, mentor_id, now=now)
    session.commit()


def leave_for_booking(session: Session, slot: MentorTimeSlot, student_id: int) -> bool:
    """End the student's entry for the week of the slot that they book.

    Returns whether that ended a hold, whose slot is then free for the next in line. Runs in the
    caller's transaction, with both people and the slot locked.
    """
    limits = limits_of(session, slot.mentor_id)
    assert limits is not None, "the slot was free"
    entry = session.scalar(
        select(WaitingListEntry).filter_by(
            mentor_id=slot.mentor_id,
            student_id=student_id,
            week=Week.at(slot.start_time, limits.timezone).monday,
            is_over=False,
        )
    )
    return entry is not None and _end(session, entry)


def _full_week(
    session: Session, limits: Limits, viewer: Viewer, day: date, *, now: datetime
) -> Week:
    try:
        week = Week.of(day, limits.timezone)
        since, until = week.start, week.end
    except OverflowError:
        raise InvalidInput(N_("The field 'week' is invalid.")) from None
    if until <= now:
        raise InvalidInput(N_("That week is over."))
    if since > now + LONGEST_WAIT:
        raise InvalidInput(N_("That week is more than a year ahead."))
    if free_slots(
        session,
        mentor_id=limits.mentor_id,
        student_id=viewer.id,
        since=since,
        until=until,
        now=now,
        limit=1,
    ):
        raise InvalidInput(N_("That week has a free time: book it instead of waiting."))
    return week


def _end(session: Session, entry: WaitingListEntry) -> bool:
    """End the entry; returns whether that ended a hold."""
    entry.is_over = True
    return lift_hold(session, entry)
