"""The waiting list of a mentor's full week: the first in line gets a hold, then the next."""

from datetime import date, datetime, timedelta
from functools import partial
from html import escape

from sqlalchemy import and_, select, text, union, update
from sqlalchemy.orm import Session

from mentorship.adapters.languages import say
from mentorship.database import begin_write
from mentorship.domain.errors import Forbidden, InvalidInput, NotFound, ProductError
from mentorship.domain.mail import MailKind
from mentorship.domain.people import HourCycle, Language, Role, Viewer
from mentorship.domain.sentences import N_
from mentorship.domain.weeks import Week
from mentorship.domain.zones import zone_of
from mentorship.models import MentorTimeSlot, User, WaitingListEntry
from mentorship.queries.free_times import Limits, free_slots, limits_of
from mentorship.services.locks import lock_people, lock_slots
from mentorship.services.outbox import Mail, enqueue

HOLD = timedelta(minutes=30)
"""For so long a time that became free is kept for the first in line."""

MOST_PLACES = 20
"""Weeks that one student waits for at a time."""

LONGEST_WAIT = timedelta(days=366)

_IS_OPEN = text("NOT waiting_list_entries.is_over")  # The words of an index.


def join(
    session: Session, *, viewer: Viewer, mentor_id: int, week: date, now: datetime
) -> WaitingListEntry:
    """Put the viewer, a student, at the end of the line for a full week, and commit.

    `week` is any day of it in the mentor's zone. Who waits already keeps the place.

    Raises Forbidden for who is no student, NotFound for a mentor who takes no bookings, and
    InvalidInput where the week is over, too far ahead, or has a time that is free, and for a
    student who waits for too many weeks already.
    """
    if viewer.role is not Role.STUDENT:
        raise Forbidden(N_("Only students wait for a free time."))
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
                    "You already wait for %(most)s weeks. Please give up one of them first.",
                    most=MOST_PLACES,
                )
            )
        entry = WaitingListEntry(**place, created_at=now)
        session.add(entry)
    session.commit()
    return entry


def leave(session: Session, *, viewer: Viewer, entry_id: int, now: datetime) -> None:
    """Give up the viewer's place, and commit; what was held for them goes to the next in line.

    Leaving again changes nothing. Raises NotFound where the place is none of the viewer's.
    """
    entry = session.get(WaitingListEntry, entry_id)
    if entry is None or entry.student_id != viewer.id:
        raise NotFound(N_("There is no such place on a waiting list."))
    mentor_id = entry.mentor_id
    session.rollback()
    begin_write(session)
    lock_people(session, [viewer.id, mentor_id])
    entry = session.get_one(WaitingListEntry, entry_id, populate_existing=True)
    if not entry.is_over:
        _end(session, entry)
        offer(session, mentor_id, now=now)
    session.commit()


def settle(session: Session, slot: MentorTimeSlot, student_id: int, *, now: datetime) -> None:
    """The student takes this slot: waits no more in its week, and frees what was held for them.

    In the caller's transaction, with both people and the slot locked.
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
    if entry is None:
        return
    held = entry.held_slot_id
    _end(session, entry)
    if held not in (None, slot.id):
        offer(session, slot.mentor_id, now=now)


def offer(session: Session, mentor_id: int, *, now: datetime) -> None:
    """Hold each free time of the mentor for who waits longest for one of its week.

    In the caller's transaction, which has locked the mentor and made a time free. Call it before
    the journal is locked: it locks slots.
    """
    waiting = session.scalars(
        select(WaitingListEntry)
        .where(
            WaitingListEntry.mentor_id == mentor_id,
            WaitingListEntry.held_slot_id.is_(None),
            WaitingListEntry.week >= _first_week(now),
            _IS_OPEN,
        )
        .order_by(WaitingListEntry.id)
    ).all()
    limits = limits_of(session, mentor_id) if waiting else None
    if limits is None:
        return
    has_free: dict[date, bool] = {}  # For anybody; thousands may wait for one week.
    for entry in waiting:
        week = Week(entry.week, limits.timezone)
        first_free = partial(
            free_slots, session, mentor_id=mentor_id, since=week.start, until=week.end, now=now,
            limit=1,
        )  # fmt: skip
        if entry.week not in has_free:
            has_free[entry.week] = bool(first_free(student_id=None))
        if not has_free[entry.week]:
            continue
        if free := first_free(student_id=entry.student_id):
            _hold(session, entry, free[0].id, now=now)
            del has_free[entry.week]  # It may have been the last.


def pass_on(session: Session, *, now: datetime) -> int:
    """End the holds that have run out and hold those times for the next in line, and commit.

    Places in weeks that are over end as well. Returns how many holds ended. With nothing to end
    it only reads. Any number of workers may do it at once.
    """
    run_out = MentorTimeSlot.held_until <= now
    is_left = and_(
        _IS_OPEN,
        WaitingListEntry.week < _first_week(now),
        WaitingListEntry.held_slot_id.is_(None),
    )
    mentors = session.scalars(
        union(
            select(MentorTimeSlot.mentor_id).where(run_out),
            select(WaitingListEntry.mentor_id).where(is_left),
        )
    ).all()
    session.rollback()
    ended = 0
    for mentor_id in sorted(mentors):
        begin_write(session)
        lock_people(session, [mentor_id])
        left = update(WaitingListEntry).where(is_left, WaitingListEntry.mentor_id == mentor_id)
        session.execute(left.values(is_over=True))
        of_mentor = run_out, MentorTimeSlot.mentor_id == mentor_id
        for slot_id in lock_slots(
            session, session.scalars(select(MentorTimeSlot.id).where(*of_mentor)).all()
        ):
            entries = update(WaitingListEntry).where(WaitingListEntry.held_slot_id == slot_id)
            session.execute(entries.values(is_over=True))
            _release(session, slot_id)
            ended += 1
        offer(session, mentor_id, now=now)
        session.commit()
    return ended


def _first_week(now: datetime) -> date:
    """The Monday before which every week is over, whatever the time zone."""
    return (now - timedelta(days=8)).date()


def _full_week(
    session: Session, limits: Limits, viewer: Viewer, day: date, *, now: datetime
) -> Week:
    try:
        week = Week.of(day, limits.timezone)
        since, until = week.start, week.end
    except OverflowError:
        raise InvalidInput(N_("The field 'week' does not fit.")) from None
    if until <= now:
        raise InvalidInput(N_("That week is over."))
    if since > now + LONGEST_WAIT:
        raise InvalidInput(N_("That week is more than a year ahead."))
    if free_slots(
        session, mentor_id=limits.mentor_id, student_id=viewer.id, since=since, until=until,
        now=now, limit=1,
    ):  # fmt: skip
        raise InvalidInput(N_("That week has a free time: book it instead of waiting."))
    return week


def _hold(session: Session, entry: WaitingListEntry, slot_id: int, *, now: datetime) -> None:
    slot = lock_slots(session, [slot_id])[slot_id]
    slot.held_for, slot.held_until = entry.student_id, now + HOLD
    entry.held_slot_id = slot_id
    session.flush()
    student = session.get_one(User, entry.student_id)
    mentor = session.get_one(User, entry.mentor_id)
    language = Language(student.language) if student.language else None
    hours, at = HourCycle(student.hour_cycle or HourCycle.H23), zone_of(student.timezone)
    text = say(
        N_(
            "A time with %(mentor)s has become free: %(start)s. It is held for you "
            "until %(until)s. Sign in and book it from your waiting lists:",
            mentor=mentor.name,
            start=slot.start_time.astimezone(at),
            until=(now + HOLD).astimezone(at),
        ),
        language,
        hours,
    )
    enqueue(
        session,
        Mail(
            to=student.email,
            subject=say(N_("A time with %(mentor)s is held for you", mentor=mentor.name), language),
            text=text,
            html=f"<p>{escape(text)}</p>",
            kind=MailKind.WAITING_LIST,
            key=f"waiting-list/{entry.id}/{slot_id}",
            not_after=now + HOLD,
        ),
        now=now,
    )


def _end(session: Session, entry: WaitingListEntry) -> None:
    entry.is_over = True
    if entry.held_slot_id is not None:
        lock_slots(session, [entry.held_slot_id])
        _release(session, entry.held_slot_id)
    session.flush()


def _release(session: Session, slot_id: int) -> None:
    slot = session.get_one(MentorTimeSlot, slot_id)
    slot.held_for = slot.held_until = None
    session.flush()
