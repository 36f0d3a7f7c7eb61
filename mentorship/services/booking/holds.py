"""Holding free slots for the next person on a waiting list, and ending those holds."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, and_, delete, exists, insert, select, text, union, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.booking.holds import hold_ends
from mentorship.domain.shared.calendar_weeks import Week
from mentorship.domain.shared.intervals import has_elapsed
from mentorship.models import MentorTimeSlot, MissedHold, OutboxMessage, User, WaitingListEntry
from mentorship.queries.booking.free_slots import (
    Limits,
    Obstacle,
    free_slots,
    limits_of,
)
from mentorship.queries.booking.open_bookings import refusal_at_limit
from mentorship.queries.booking.waiting_lists import obstacle_to_hold
from mentorship.services.booking.hold_mail import mail_about_hold, mail_about_lost_hold
from mentorship.services.mail.outbox import enqueue
from mentorship.services.shared.locks import lock_people, lock_slots

HOLD = timedelta(minutes=30)
"""How long a slot is held if HOLD_MINUTES is not set."""

HOLD_OPTION = "mentorship_hold"
"""The execution option of an engine that carries HOLD_MINUTES, a timedelta."""

LATE = timedelta(minutes=1)
"""If a hold is processed this long after its end, perhaps no worker ran to send its mail."""

_IS_OPEN = text("NOT waiting_list_entries.is_over")  # The exact predicate of an index.


def hold_free_slots(
    session: Session,
    mentor_id: int,
    *,
    now: datetime,
    freed: int | None = None,
    taking: int | None = None,
) -> None:
    """Hold each free slot of the mentor for the student who has waited longest for its week.

    Students who missed a hold on a slot are passed over for that slot, until it is booked and freed
    again: `freed` is such a slot. `taking` is a slot in which the caller is about to book a seat.
    Runs in the caller's transaction, which has locked the mentor. It locks slots, so call it before
    the journal is locked.
    """
    if freed is not None:
        session.execute(delete(MissedHold).where(MissedHold.slot_id == freed))
    for entry, slot_id, limits in _matches(session, mentor_id, now=now, taking=taking):
        _hold(session, entry, slot_id, limits, now=now)


def lift_hold(session: Session, entry: WaitingListEntry) -> bool:
    """End the hold of an entry without mail; returns whether it had one. Does not commit."""
    slot_id, entry.held_slot_id = entry.held_slot_id, None
    if slot_id is not None:
        _release(session, slot_id)
    session.flush()
    return slot_id is not None


def release_holds(session: Session, slot_ids: Sequence[int], *, now: datetime) -> None:
    """End the holds of slots that were withdrawn or changed, and enqueue mail about it.

    The students keep their places. Does not commit. The mentor must be locked.
    """
    if not slot_ids:
        return
    held = WaitingListEntry.held_slot_id.in_(slot_ids), _IS_OPEN
    entries = select(WaitingListEntry).where(*held).order_by(WaitingListEntry.id)
    for entry in session.scalars(entries).all():
        _lose(session, entry, Obstacle.WITHDRAWN, now=now)
    session.execute(delete(MissedHold).where(MissedHold.slot_id.in_(slot_ids)))


def expire_holds(session: Session, *, now: datetime) -> int:
    """End the holds that have run out and hold those slots for the next in line, and commit.

    Students who missed a hold get a mail and keep their places. Places in weeks that are over end
    as well. Returns how many holds ended. With nothing to end it only reads. Any number of workers
    may do it at once.
    """
    mentors = _mentors_with_something_to_end(session, now=now)
    session.rollback()
    ended = 0
    for mentor_id in mentors:
        begin_write(session)
        lock_people(session, [mentor_id])
        _end_past_places(session, mentor_id, now=now)
        for slot in _expired_slots(session, mentor_id, now=now):
            _expire(session, slot, now=now)
            ended += 1
        hold_free_slots(session, mentor_id, now=now)
        session.commit()
    return ended


def update_holds(session: Session, mentor_id: int, *, now: datetime) -> None:
    """End the mentor's holds that could not be booked, hold free slots, and commit.

    A hold can become useless, and a slot free, without an event that updates the holds, for example
    when the student books elsewhere or a day is no longer full. With nothing to change it only
    reads.
    """
    useless = _useless_holds(session, mentor_id, now=now)
    is_free = next(_matches(session, mentor_id, now=now), None) is not None
    session.rollback()
    if not useless and not is_free:
        return
    begin_write(session)
    lock_people(session, [mentor_id])
    for entry, obstacle in _useless_holds(session, mentor_id, now=now):
        _lose(session, entry, obstacle, now=now)
    hold_free_slots(session, mentor_id, now=now)
    session.commit()


class HoldUpdater:
    """Updates the holds of one mentor at a time, so that the worker's sweeps never wait long."""

    EVERY = timedelta(seconds=30)

    def __init__(self) -> None:
        self._mentors: list[int] = []
        self._looked_at: datetime | None = None

    def step(self, session: Session, *, now: datetime) -> bool:
        """Update the next mentor's holds at `now` (UTC); returns whether more mentors remain."""
        if not self._mentors and has_elapsed(self._looked_at, every=self.EVERY, now=now):
            waits = WaitingListEntry.week >= first_week(now), _IS_OPEN
            self._mentors = list(
                session.scalars(select(WaitingListEntry.mentor_id).where(*waits).distinct())
            )
            session.rollback()
            self._looked_at = now
        if self._mentors:
            # Removed first, so that a failure does not hold up the others.
            update_holds(session, self._mentors.pop(), now=now)
        return bool(self._mentors)


def _mentors_with_something_to_end(session: Session, *, now: datetime) -> Sequence[int]:
    return sorted(
        session.scalars(
            union(
                select(MentorTimeSlot.mentor_id).where(MentorTimeSlot.held_until <= now),
                select(WaitingListEntry.mentor_id).where(_is_past(now)),
            )
        )
    )


def _end_past_places(session: Session, mentor_id: int, *, now: datetime) -> None:
    past = _is_past(now), WaitingListEntry.mentor_id == mentor_id
    session.execute(update(WaitingListEntry).where(*past).values(is_over=True))


def _is_past(now: datetime) -> ColumnElement[bool]:
    """WHERE clause: the entry is about a week that is over."""
    return and_(
        _IS_OPEN,
        WaitingListEntry.week < first_week(now),
        WaitingListEntry.held_slot_id.is_(None),
    )


def _expired_slots(session: Session, mentor_id: int, *, now: datetime) -> list[MentorTimeSlot]:
    """The mentor's slots whose hold has run out, locked."""
    expired = MentorTimeSlot.held_until <= now, MentorTimeSlot.mentor_id == mentor_id
    ids = session.scalars(select(MentorTimeSlot.id).where(*expired)).all()
    return list(lock_slots(session, ids).values())


def first_week(now: datetime) -> date:
    """The first Monday whose week is not over in every time zone."""
    return (now - timedelta(days=8)).date()


def _matches(
    session: Session, mentor_id: int, *, now: datetime, taking: int | None = None
) -> Iterator[tuple[WaitingListEntry, int, Limits]]:
    """Entries and the slots to hold for them, longest wait first.

    Hold the slot of each match before taking the next one.
    """
    waiting = _places_without_hold(session, mentor_id, now=now)
    limits = limits_of(session, mentor_id) if waiting else None
    if limits is None:
        return
    free_for_all: dict[
        date, list[int]
    ] = {}  # Once for each week, because thousands may wait for it.
    missed: Mapping[int, set[int]] | None = None
    for entry in waiting:
        free_in_week = partial(
            _free_in_week,
            session,
            limits,
            Week(entry.week, limits.timezone),
            now=now,
            taking=taking,
        )
        if entry.week not in free_for_all:
            free_for_all[entry.week] = free_in_week(student_id=None)
        if not free_for_all[entry.week]:
            continue
        if missed is None:
            missed = _missed_slots(session, mentor_id)
        if missed[entry.id].issuperset(free_for_all[entry.week]):
            continue
        free = free_in_week(student_id=entry.student_id)
        slot_id = next((each for each in free if each not in missed[entry.id]), None)
        if slot_id is None or _is_at_limit(session, entry, now=now):
            continue
        yield entry, slot_id, limits
        del free_for_all[entry.week]  # This may have been the last one.


def _places_without_hold(
    session: Session, mentor_id: int, *, now: datetime
) -> Sequence[WaitingListEntry]:
    return session.scalars(
        select(WaitingListEntry)
        .where(
            WaitingListEntry.mentor_id == mentor_id,
            WaitingListEntry.held_slot_id.is_(None),
            WaitingListEntry.week >= first_week(now),
            _IS_OPEN,
        )
        .order_by(WaitingListEntry.id)
    ).all()


def _free_in_week(
    session: Session,
    limits: Limits,
    week: Week,
    *,
    student_id: int | None,
    now: datetime,
    taking: int | None,
) -> list[int]:
    """The ids of the free slots; the slot in `taking` counts with one seat less."""
    found = free_slots(
        session,
        mentor_id=limits.mentor_id,
        student_id=student_id,
        since=week.start,
        until=week.end,
        now=now,
    )
    return [slot.id for slot in found if slot.id != taking or slot.seats_left > 1]


def _is_at_limit(session: Session, entry: WaitingListEntry, *, now: datetime) -> bool:
    people = {"student_id": entry.student_id, "mentor_id": entry.mentor_id}
    return refusal_at_limit(session, **people, mentor="", now=now) is not None


def _missed_slots(session: Session, mentor_id: int) -> Mapping[int, set[int]]:
    """The slots whose holds were missed, by entry."""
    missed: dict[int, set[int]] = defaultdict(set)
    rows = session.execute(
        select(MissedHold.entry_id, MissedHold.slot_id)
        .join(WaitingListEntry, WaitingListEntry.id == MissedHold.entry_id)
        .where(WaitingListEntry.mentor_id == mentor_id, _IS_OPEN)
    )
    for entry_id, slot_id in rows:
        missed[entry_id].add(slot_id)
    return missed


def _hold(
    session: Session, entry: WaitingListEntry, slot_id: int, limits: Limits, *, now: datetime
) -> None:
    slot = lock_slots(session, [slot_id])[slot_id]
    student = session.get_one(User, entry.student_id)
    until = hold_ends(
        now,
        session.connection().get_execution_options().get(HOLD_OPTION, HOLD),
        timezone=student.timezone,
        bookable_until=slot.start_time - limits.minimum_notice,
    )
    slot.held_for, slot.held_until = student.id, until
    entry.held_slot_id = slot_id
    session.flush()
    mentor = session.get_one(User, entry.mentor_id)
    mail = mail_about_hold(student, mentor, slot, key=_key(entry, slot), until=until)
    enqueue(session, mail, now=now)


def _key(entry: WaitingListEntry, slot: MentorTimeSlot) -> str:
    """The key of the mail about a hold; a slot can be held for the same student again later."""
    return f"waiting-list/{entry.id}/{slot.id}/{slot.held_until:%Y%m%dT%H%M%S.%f}"


def _expire(session: Session, slot: MentorTimeSlot, *, now: datetime) -> None:
    entry = session.scalar(
        select(WaitingListEntry).where(WaitingListEntry.held_slot_id == slot.id, _IS_OPEN)
    )
    if entry is None:  # The slot was held for a student who has booked it.
        _release(session, slot.id)
        return
    assert slot.held_until is not None, "it has run out"
    is_unknown = now - slot.held_until >= LATE and _is_unsent(session, _key(entry, slot))
    limits = limits_of(session, slot.mentor_id)
    if limits and is_unknown and _obstacle(session, slot, entry, now=now) is None:
        # No worker ran, so the student has had no mail: the hold starts again.
        _hold(session, entry, slot.id, limits, now=now)
        return
    missed = {"entry_id": entry.id, "slot_id": slot.id, "missed_at": now}
    session.execute(delete(MissedHold).where(_is_missed(entry.id, slot.id)))
    session.execute(insert(MissedHold).values(**missed))
    _lose(session, entry, None, now=now)


def _is_missed(entry_id: int, slot_id: int) -> ColumnElement[bool]:
    return and_(MissedHold.entry_id == entry_id, MissedHold.slot_id == slot_id)


def _is_unsent(session: Session, key: str) -> bool:
    waits = OutboxMessage.key == key, OutboxMessage.outcome.is_(None)
    return bool(session.scalar(select(exists().where(*waits))))


def _useless_holds(
    session: Session, mentor_id: int, *, now: datetime
) -> list[tuple[WaitingListEntry, Obstacle]]:
    """The holds that have not run out, but whose slots their students cannot book."""
    held = session.execute(
        select(WaitingListEntry, MentorTimeSlot)
        .join(MentorTimeSlot, MentorTimeSlot.id == WaitingListEntry.held_slot_id)
        .where(WaitingListEntry.mentor_id == mentor_id, MentorTimeSlot.held_until > now, _IS_OPEN)
        .order_by(WaitingListEntry.id)
    ).all()
    found = [(entry, _obstacle(session, slot, entry, now=now)) for entry, slot in held]
    return [(entry, obstacle) for entry, obstacle in found if obstacle is not None]


def _obstacle(
    session: Session, slot: MentorTimeSlot, entry: WaitingListEntry, *, now: datetime
) -> Obstacle | None:
    people = {"mentor_id": entry.mentor_id, "student_id": entry.student_id}
    return obstacle_to_hold(session, slot_id=slot.id, **people, now=now)


def _lose(
    session: Session, entry: WaitingListEntry, obstacle: Obstacle | None, *, now: datetime
) -> None:
    """End a hold and enqueue mail about it; without an obstacle, because it has run out."""
    assert entry.held_slot_id is not None, "it has a hold"
    slot = lock_slots(session, [entry.held_slot_id])[entry.held_slot_id]
    assert slot.held_until is not None, "it is held"
    student = session.get_one(User, entry.student_id)
    mentor = session.get_one(User, entry.mentor_id)
    mail = mail_about_lost_hold(
        student, mentor, slot, obstacle, key=f"{_key(entry, slot)}/over", until=slot.held_until
    )
    enqueue(session, mail, now=now)
    lift_hold(session, entry)


def _release(session: Session, slot_id: int) -> None:
    slot = lock_slots(session, [slot_id])[slot_id]
    slot.held_for = slot.held_until = None
    session.flush()
