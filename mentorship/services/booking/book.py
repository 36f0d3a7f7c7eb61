"""Booking a slot."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mentorship.database import begin_snapshot, begin_write, lock_journal
from mentorship.domain.accounts.viewers import Role, Viewer, require_role
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.shared.errors import NotFound, ProductError, TooManyBookings
from mentorship.domain.shared.messages import N_
from mentorship.domain.webhooks.events import EventKind
from mentorship.models import MentorTimeSlot, SessionBooking, User
from mentorship.queries.booking.free_slots import FreeSlot, Obstacle, free_slots, obstacle_to
from mentorship.queries.booking.open_bookings import refusal_at_limit
from mentorship.queries.booking.slot_page import open_session_in
from mentorship.services.booking.holds import hold_free_slots
from mentorship.services.booking.idempotency import IdempotentRequest, store_answer, stored_answer
from mentorship.services.booking.waiting_list import leave_for_booking
from mentorship.services.mail.outbox import enqueue_booking_mail
from mentorship.services.shared.locks import lock_people, lock_slots
from mentorship.services.webhooks.calls import enqueue_event_calls

NEXT_TOLD = 3
"""How many free times a refusal suggests."""


class NotFree(ProductError):
    """The slot cannot be booked; `next_free` are the mentor's next slots that can.

    `student` is who of a group is busy then.
    """

    def __init__(
        self, obstacle: Obstacle, next_free: tuple[FreeSlot, ...], student: str = ""
    ) -> None:
        is_named = student and obstacle is Obstacle.BUSY
        super().__init__(
            N_("%(student)s has another session at that time.", student=student)
            if is_named
            else N_(obstacle.value)
        )
        self.next_free = next_free


@dataclass(frozen=True)
class BookingRequest:
    """A student's request to book a slot."""

    slot_id: int
    topic: str
    notes: str


@dataclass(frozen=True)
class Booked:
    """The booked session, in UTC; `changed` is whether this request booked it."""

    session_id: int
    slot_id: int
    mentor: str
    topic: str
    start_time: datetime
    end_time: datetime
    changed: bool

    @property
    def message(self) -> str:
        """What happened, in words for the student."""
        done = N_("The session is booked") if self.changed else N_("The session is booked already")
        return N_(
            "%(done)s: %(topic)s with %(mentor)s.", done=done, topic=self.topic, mentor=self.mentor
        )

    def to_text(self) -> str:
        """As JSON, for `from_text`."""
        return json.dumps(asdict(self), default=datetime.isoformat)

    @classmethod
    def from_text(cls, text: str) -> "Booked":
        """What `to_text` wrote."""
        values = json.loads(text)
        for name in ("start_time", "end_time"):
            values[name] = datetime.fromisoformat(values[name])
        return cls(**values)


def book_slot(
    session: Session,
    *,
    viewer: Viewer,
    request: BookingRequest,
    now: datetime,
    key: str | None = None,
) -> Booked:
    """Book the slot for the viewer, a student, at `now` (UTC), and commit.

    1. Check without a lock: most of many simultaneous requests are refused here.
    2. Lock both people, then the slot, and check again.
    3. Store the booking, unless the student has one or the request was answered before.

    If several students request the last seat, one gets it. A student with an open session in the
    slot keeps that one. With a `key`, a repeated request gets the answer of the first, which is
    stored in the same transaction; refusals are not stored, because they write nothing.

    Raises Forbidden for anybody but a student, NotFound for an unknown slot, TooManyBookings for a
    student at one of the BookingLimits, NotFree with the next free times, and KeyReused if the key
    came with a different request.
    """
    require_role(viewer, Role.STUDENT)
    once = (
        IdempotentRequest(viewer.id, key, json.dumps(asdict(request))) if key is not None else None
    )
    try:
        # In one snapshot, so that the booking of an equal request is never seen without its answer.
        begin_snapshot(session)
        mentor_id = _check(session, viewer, request, once, now=now).mentor_id

        begin_write(session)
        lock_people(session, [viewer.id, mentor_id])
        lock_slots(session, [request.slot_id])
        checked = _check(session, viewer, request, once, now=now)

        booked = checked.answer or checked.present
        if booked is None:
            booked = _store(session, viewer, request, checked, now=now)
        if once is not None and checked.answer is None:
            store_answer(session, once, booked.to_text(), now=now)
        session.commit()
    except ProductError:
        session.rollback()
        raise
    except IntegrityError:
        # A writer without these locks (an import) was faster; the new state says why it is not
        # free.
        session.rollback()
        _check(session, viewer, request, once, now=now)
        raise
    return booked


@dataclass(frozen=True)
class _Checked:
    """The result of the checks: a bookable slot, a stored answer, or an existing session."""

    mentor_id: int
    mentor: str
    start_time: datetime
    end_time: datetime
    answer: Booked | None = None
    present: Booked | None = None


def _check(
    session: Session,
    viewer: Viewer,
    request: BookingRequest,
    once: IdempotentRequest | None,
    *,
    now: datetime,
) -> _Checked:
    """Raises as `book_slot` does."""
    slot = session.execute(
        select(
            MentorTimeSlot.mentor_id, User.name, MentorTimeSlot.start_time, MentorTimeSlot.end_time
        )
        .join(User, User.id == MentorTimeSlot.mentor_id)
        .where(MentorTimeSlot.id == request.slot_id)
    ).one_or_none()
    if slot is None:
        raise NotFound(N_("There is no such time."))
    checked = _Checked(*slot)
    answer = stored_answer(session, once) if once is not None else None
    if answer is not None:
        return replace(checked, answer=Booked.from_text(answer))
    present = open_session_in(session, request.slot_id, student_id=viewer.id)
    if present is not None:
        return replace(checked, present=_booked(checked, request.slot_id, *present, changed=False))
    refuse_at_limit(session, viewer.id, checked.mentor_id, checked.mentor, now=now)
    refuse_unless_free(session, request.slot_id, checked.mentor_id, viewer.id, now=now)
    return checked


def refuse_at_limit(
    session: Session, student_id: int, mentor_id: int, mentor: str, *, now: datetime
) -> None:
    """Raise TooManyBookings if the student has reached a limit of upcoming sessions."""
    refusal = refusal_at_limit(session, student_id, mentor_id, mentor, now=now)
    if refusal is not None:
        raise TooManyBookings(refusal)


def refuse_unless_free(
    session: Session,
    slot_id: int,
    mentor_id: int,
    student_id: int,
    *,
    now: datetime,
    moving: int | None = None,
) -> None:
    """Raise NotFree if an obstacle keeps the student from the slot at `now` (UTC).

    Raises NotFound if students cannot find its mentor.
    """
    people = {"mentor_id": mentor_id, "student_id": student_id}
    obstacle = obstacle_to(session, slot_id=slot_id, **people, now=now, moving=moving)
    if obstacle is not None:
        next_free = free_slots(
            session,
            mentor_id=mentor_id,
            student_id=student_id,
            since=now,
            now=now,
            moving=moving,
            limit=NEXT_TOLD,
        )
        raise NotFree(obstacle, tuple(next_free))


def _store(
    session: Session, viewer: Viewer, request: BookingRequest, checked: _Checked, *, now: datetime
) -> Booked:
    slot = session.get_one(MentorTimeSlot, request.slot_id)
    if leave_for_booking(session, slot, viewer.id):
        hold_free_slots(session, slot.mentor_id, now=now, taking=slot.id)
    # Polls of all sessions ask for ids above the last one seen, so ids must follow the commits.
    lock_journal(session)
    booking_id = session.scalar(
        insert(SessionBooking)
        .values(
            **seat_in(session, slot),
            student_id=viewer.id,
            topic=request.topic,
            notes=request.notes,
            booked_at=now,
        )
        .returning(SessionBooking.id)
    )
    assert booking_id is not None, "a row that was stored has an id"
    enqueue_booking_mail(session, MailKind.BOOKED, booking_id=booking_id, now=now)
    enqueue_event_calls(session, EventKind.BOOKED, booking_id=booking_id, now=now)
    return _booked(checked, slot.id, booking_id, request.topic, changed=True)


def seat_in(session: Session, slot: MentorTimeSlot) -> dict[str, object]:
    """The columns of a booking that takes the first free seat of a slot, which must be locked.

    Whoever comes first to a slot decides whether it is one entry in the mentor's calendar: from
    then on somebody may have been told of it, so it stays.
    """
    taken = set(
        session.scalars(
            select(SessionBooking.seat).where(
                SessionBooking.time_slot_id == slot.id, SessionBooking.status != Status.CANCELLED
            )
        )
    )
    if not taken:
        slot.is_one_entry = slot.capacity > 1
    return {
        "time_slot_id": slot.id,
        "mentor_id": slot.mentor_id,
        "start_time": slot.start_time,
        "end_time": slot.end_time,
        "slot_capacity": slot.capacity,
        "slot_is_withdrawn": slot.is_withdrawn,
        "slot_is_exclusive": slot.is_exclusive,
        "seat": next(seat for seat in range(1, slot.capacity + 2) if seat not in taken),
    }


def _booked(
    checked: _Checked, slot_id: int, booking_id: int, topic: str, *, changed: bool
) -> Booked:
    return Booked(
        session_id=booking_id,
        slot_id=slot_id,
        mentor=checked.mentor,
        topic=topic,
        start_time=checked.start_time,
        end_time=checked.end_time,
        changed=changed,
    )
