"""Moving a booked session, or all of a group, to another time of the same mentor."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mentorship.database import begin_write, lock_journal
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.booking.cutoff import Cutoff
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import IS_OVER, Party, Status
from mentorship.domain.shared.errors import Conflict, NotFound, ProductError
from mentorship.domain.shared.messages import N_
from mentorship.domain.webhooks.events import EventKind
from mentorship.models import (
    BookingMove,
    Cause,
    LateNotice,
    MentorTimeSlot,
    SessionBooking,
    User,
    table_of,
)
from mentorship.queries.booking.group_times import obstacle_to_group, scheduled_in, times_for_group
from mentorship.services.booking.book import NEXT_TOLD, NotFree, refuse_unless_free, seat_in
from mentorship.services.booking.holds import hold_free_slots
from mentorship.services.booking.waiting_list import leave_for_booking
from mentorship.services.mail.outbox import enqueue_booking_mail, notify_mentor_of_leaving
from mentorship.services.mail.unsent import merge_move
from mentorship.services.sessions.actions import is_for_all
from mentorship.services.sessions.meeting_entries import (
    leave_entry,
    sequence_of,
    take_entry_along,
)
from mentorship.services.sessions.meeting_rooms import store_meeting_link
from mentorship.services.shared.locks import lock_people, lock_slots
from mentorship.services.webhooks.calls import enqueue_event_calls

_BOOKINGS = table_of(SessionBooking)


@dataclass(frozen=True)
class Moved:
    """The new time of the session (UTC); `changed` is false if it was there already."""

    session_id: int
    slot_id: int
    start_time: datetime
    end_time: datetime
    changed: bool

    @property
    def message(self) -> str:
        """What happened, for the person who moved it."""
        return (
            N_("The session has been moved.")
            if self.changed
            else N_("The session is already at that time.")
        )


def move_session(
    session: Session,
    *,
    booking_id: int,
    slot_id: int,
    viewer: Viewer,
    reason: str | None,
    now: datetime,
    cutoff: Cutoff,
    is_for_one: bool = False,
) -> Moved:
    """Move a session that has not begun to another free slot of its mentor at `now`, and commit.

    A mentor or an admin moves all scheduled sessions of a group, unless it `is_for_one`; a student
    moves their own. Each stays the same booking in the same status. The old time is free at once,
    first for the waiting list. A `BookingMove` for each records who moved it, and why.

    Raises NotFound for a stranger or an unknown session or slot, Conflict if the session has begun,
    is over, or a student is too late, and NotFree if the new time is not free.
    """
    try:
        place = _visible(session, booking_id, viewer)
        begin_write(session)
        bookings, slots = _lock(session, booking_id, slot_id, viewer, is_for_one=is_for_one)
        booking = next(each for each in bookings if each["id"] == booking_id)
        old, slot = slots[booking["time_slot_id"]], slots.get(slot_id)
        if slot is None or slot.mentor_id != booking["mentor_id"]:
            raise NotFound(N_("There is no such time."))
        if slot.id == old.id and booking["status"] is Status.SCHEDULED:
            session.rollback()
            return Moved(booking_id, slot_id, booking["start_time"], booking["end_time"], False)
        _refuse_unless_movable(booking, viewer, cutoff, now=now)
        moving = [each for each in bookings if each["status"] is Status.SCHEDULED]
        _refuse_unless_all_free(session, moving, slot, now=now)
        _store(session, moving, old, slot, viewer, reason, now=now)
        session.commit()
    except ProductError:
        session.rollback()
        raise
    except IntegrityError:
        # A writer without these locks (an import) was faster; the new state says why it is not
        # free.
        session.rollback()
        refuse_unless_free(
            session, slot_id, place["mentor_id"], place["student_id"], now=now, moving=booking_id
        )
        raise
    return Moved(booking_id, slot.id, slot.start_time, slot.end_time, True)


def _lock(
    session: Session, booking_id: int, slot_id: int, viewer: Viewer, *, is_for_one: bool
) -> tuple[list[RowMapping], dict[int, MentorTimeSlot]]:
    """The locked bookings that move, by id (a whole group moves as one), and both slots."""
    while True:
        booking = _visible(session, booking_id, viewer)
        is_whole = is_for_all(_party(booking, viewer)) and not is_for_one
        beside = scheduled_in(session, booking["time_slot_id"]) if is_whole else {}
        people = {booking["mentor_id"], booking["student_id"], *beside.values()}
        lock_people(session, people)
        # The locks on its people keep the booking in place, because every move takes them first.
        old_id = _visible(session, booking_id, viewer)["time_slot_id"]
        slots = lock_slots(session, [old_id, slot_id])
        beside = scheduled_in(session, old_id) if is_whole else {}
        if people.issuperset(beside.values()):
            ids = sorted({booking_id, *beside})
            return [_visible(session, each, viewer, locked=True) for each in ids], slots
        # Somebody joined the group before its slot was locked.
        session.rollback()
        begin_write(session)


def _refuse_unless_all_free(
    session: Session, moving: list[RowMapping], slot: MentorTimeSlot, *, now: datetime
) -> None:
    """Raise NotFree where something keeps one of them from the slot."""
    [first, *others] = moving
    if not others:
        refuse_unless_free(
            session,
            slot.id,
            first["mentor_id"],
            first["student_id"],
            now=now,
            moving=first["id"],
        )
        return
    group = {each["id"]: each["student_id"] for each in moving}
    old_id = first["time_slot_id"]
    found = obstacle_to_group(session, group, to=slot, slot_id=old_id, now=now)
    if found is not None:
        obstacle, student_id = found
        next_free = times_for_group(
            session,
            group,
            slot_id=old_id,
            mentor_id=slot.mentor_id,
            now=now,
            limit=NEXT_TOLD,
        )
        raise NotFree(obstacle, tuple(next_free), session.get_one(User, student_id).name)


def _visible(
    session: Session, booking_id: int, viewer: Viewer, *, locked: bool = False
) -> RowMapping:
    """The booking, if the viewer may see it. Raises NotFound."""
    statement = select(_BOOKINGS).where(_BOOKINGS.c.id == booking_id)
    if locked:
        statement = statement.with_for_update()
    booking = session.execute(statement).mappings().one_or_none()
    if booking is None or not viewer.takes_part(
        student_id=booking["student_id"], mentor_id=booking["mentor_id"]
    ):
        raise NotFound(N_("There is no such session."))
    return booking


def _refuse_unless_movable(
    booking: RowMapping, viewer: Viewer, cutoff: Cutoff, *, now: datetime
) -> None:
    status, start = booking["status"], booking["start_time"]
    message: str | None = None
    if status in IS_OVER:
        message = IS_OVER[status]
    elif status is Status.ONGOING or start <= now:
        message = N_("This session has started, so it can no longer be moved.")
    elif cutoff.refuses(_party(booking, viewer), start, now):
        message = cutoff.message(start, viewer.timezone)
    if message:
        raise Conflict(message, status=status, is_delayed=booking["is_delayed"])


def _party(booking: RowMapping, viewer: Viewer) -> Party:
    party = viewer.party(student_id=booking["student_id"], mentor_id=booking["mentor_id"])
    assert party is not None, "a stranger does not see the session"
    return party


def _store(
    session: Session,
    moving: list[RowMapping],
    old: MentorTimeSlot,
    new: MentorTimeSlot,
    viewer: Viewer,
    reason: str | None,
    *,
    now: datetime,
) -> None:
    """Store the moves, 1. of the bookings and their meeting, 2. in the journal, 3. in the mail."""
    keeps_entry = _take_seats(session, moving, old, new, now=now)
    hold_free_slots(session, new.mentor_id, now=now, freed=old.id)
    # Polls of all sessions ask for ids above the last one seen, so ids must follow the commits.
    lock_journal(session)
    moves = {
        booking["id"]: _note_move(session, booking, new, viewer, reason, now=now)
        for booking in moving
    }
    _tell(session, moves, old, new, keeps_entry=keeps_entry, now=now)
    for booking_id, move_id in moves.items():
        enqueue_event_calls(
            session, EventKind.MOVED, booking_id=booking_id, move_id=move_id, now=now
        )


def _take_seats(
    session: Session,
    moving: list[RowMapping],
    old: MentorTimeSlot,
    new: MentorTimeSlot,
    *,
    now: datetime,
) -> bool:
    """Seat them in the new slot; returns whether they stay the entry in the mentor's calendar."""
    was_empty, is_whole = not _live_in(session, new), _live_in(session, old) == len(moving)
    sequences = sequence_of(session, old), sequence_of(session, new)
    for booking in moving:
        session.execute(
            update(_BOOKINGS)
            .where(_BOOKINGS.c.id == booking["id"])
            .values(revision=_BOOKINGS.c.revision + 1, **seat_in(session, new))
        )
        session.execute(delete(LateNotice).where(LateNotice.booking_id == booking["id"]))
        leave_for_booking(session, new, booking["student_id"])
    goes_along = was_empty and is_whole and take_entry_along(old, new, sequences=sequences)
    store_meeting_link(old, new, goes_along=goes_along)
    if goes_along:
        return True
    if old.is_one_entry:
        leave_entry(old, moving, now=now)
    return not (old.is_one_entry or new.is_one_entry)


def _live_in(session: Session, slot: MentorTimeSlot) -> int:
    live = _BOOKINGS.c.time_slot_id == slot.id, _BOOKINGS.c.status != Status.CANCELLED
    return session.scalar(select(func.count()).select_from(_BOOKINGS).where(*live)) or 0


def _note_move(
    session: Session,
    booking: RowMapping,
    new: MentorTimeSlot,
    viewer: Viewer,
    reason: str | None,
    *,
    now: datetime,
) -> int:
    move_id: int | None = session.scalar(
        insert(BookingMove)
        .values(
            booking_id=booking["id"],
            old_slot_id=booking["time_slot_id"],
            new_slot_id=new.id,
            old_start=booking["start_time"],
            old_end=booking["end_time"],
            new_start=new.start_time,
            new_end=new.end_time,
            cause=Cause(_party(booking, viewer).value),
            actor_id=viewer.id,
            reason=reason,
            moved_at=now,
        )
        .returning(BookingMove.id)
    )
    assert move_id is not None, "a row that was stored has an id"
    return move_id


def _tell(
    session: Session,
    moves: Mapping[int, int],
    old: MentorTimeSlot,
    new: MentorTimeSlot,
    *,
    keeps_entry: bool,
    now: datetime,
) -> None:
    """Mail about moves, by booking: each student is told, and the mentor once for one entry.

    Where a session is another entry of the mentor's calendar than before, a second mail changes
    the one that it was: a mail can only change one. There is none about an entry of which the
    mentor has not heard yet.
    """
    mentor_id = new.mentor_id
    told = {each: merge_move(session, each, new, now=now) for each in moves}
    is_passed_through = old.entry_id in (None, old.id) and not _live_in(session, old)
    to_mentor = [each for each in moves if mentor_id not in told[each].everybody]
    if new.is_one_entry:
        is_told = any(mentor_id in each.of_move for each in told.values())
        to_mentor = [] if is_told else to_mentor[:1]
    for booking_id, move_id in moves.items():
        leave_out = told[booking_id].everybody | {mentor_id}
        if booking_id in to_mentor:
            leave_out -= {mentor_id}
        enqueue_booking_mail(
            session,
            MailKind.MOVED,
            booking_id=booking_id,
            move_id=move_id,
            now=now,
            leave_out=leave_out,
        )
        waits = told[booking_id].everybody if is_passed_through else told[booking_id].of_booking
        if not keeps_entry and mentor_id not in waits:
            notify_mentor_of_leaving(
                session, booking_id=booking_id, mentor_id=mentor_id, move_id=move_id, now=now
            )
