"""Sessions from a CSV file, all or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.errors import InvalidInput
from mentorship.domain.lifecycle import Status
from mentorship.domain.people import Role
from mentorship.models import MentorTimeSlot, SessionBooking, User
from mentorship.services.accounts import clean_text
from mentorship.services.csv_files import Row, read_rows

_SlotKey = tuple[int, datetime, datetime]


@dataclass
class _Slot:
    """A slot while a file is being read; `id` is empty until the slot is stored."""

    id: int | None
    capacity: int
    taken: set[int]

    def free_seat(self) -> int | None:
        seats = range(1, self.capacity + 1)
        return next((seat for seat in seats if seat not in self.taken), None)


def import_sessions(session: Session, content: bytes, *, now: datetime) -> int:
    """Book the sessions of a file; returns their number.

    Columns mentor_email, student_email, start, end, topic and optionally status, is_delayed;
    times are ISO 8601 with an offset. A slot of the same mentor and times is used where it has a
    free seat, else one is made. What a file says has happened gets its planned time: started at
    the start, completed at the end; `now` (UTC) is when a cancelled one counts as cancelled.
    Writes no journal: no transition happened here.

    Raises InvalidInput with row and column, and then nothing is stored.
    """
    rows = list(
        read_rows(
            content,
            required=("mentor_email", "student_email", "start", "end", "topic"),
            optional=("status", "is_delayed"),
        )
    )
    begin_write(session)
    try:
        people = {
            email: (user_id, role)
            for user_id, email, role in session.execute(select(User.id, User.email, User.role))
        }
        slots = _known_slots(session)
        bookings = [_booking(row, people, slots, now) for row in rows]
        _store(session, bookings, slots)
        session.commit()
    except InvalidInput:
        session.rollback()
        raise
    except IntegrityError:
        session.rollback()
        raise InvalidInput("One of these slots was booked by somebody else just now.") from None
    return len(bookings)


def _known_slots(session: Session) -> dict[_SlotKey, _Slot]:
    slots = {}
    by_id = {}
    for slot in session.execute(
        select(
            MentorTimeSlot.id, MentorTimeSlot.mentor_id, MentorTimeSlot.start_time,
            MentorTimeSlot.end_time, MentorTimeSlot.capacity,
        )
    ):  # fmt: skip
        known = _Slot(slot.id, slot.capacity, set())
        slots[slot.mentor_id, slot.start_time, slot.end_time] = by_id[slot.id] = known
    for slot_id, seat in session.execute(
        select(SessionBooking.time_slot_id, SessionBooking.seat).where(
            SessionBooking.status != Status.CANCELLED
        )
    ):
        by_id[slot_id].taken.add(seat)
    return slots


def _booking(
    row: Row,
    people: Mapping[str, tuple[int, Role]],
    slots: dict[_SlotKey, _Slot],
    now: datetime,
) -> dict[str, object]:
    """The columns of one booking, but for the id of its slot."""
    mentor_id = _person(row, "mentor_email", people, Role.MENTOR)
    student_id = _person(row, "student_email", people, Role.STUDENT)
    start, end = row.read("start", _instant), row.read("end", _instant)
    if end <= start:
        raise row.wrong("end", "the end must be after the start.")
    topic = row.read("topic", _topic)
    status = row.read("status", _status)
    is_delayed = row.read("is_delayed", _flag)
    if status is Status.SCHEDULED and is_delayed:
        raise row.wrong("is_delayed", "a session that is still SCHEDULED cannot be delayed.")
    key = (mentor_id, start, end)
    slot = slots.setdefault(key, _Slot(None, 1, set()))
    seat = 1 if status is Status.CANCELLED else slot.free_seat()
    if seat is None:
        raise row.wrong("start", "this slot of the mentor is booked already.")
    if status is not Status.CANCELLED:
        slot.taken.add(seat)
    has_begun = status in (Status.ONGOING, Status.COMPLETED) and not is_delayed
    return {
        "student_id": student_id,
        "mentor_id": mentor_id,
        "start_time": start,
        "end_time": end,
        "slot_capacity": slot.capacity,
        "seat": seat,
        "topic": topic,
        "status": status,
        "is_delayed": is_delayed,
        "started_at": start if has_begun else None,
        "completed_at": end if status is Status.COMPLETED else None,
        "cancelled_at": now if status is Status.CANCELLED else None,
    }


def _store(
    session: Session, bookings: list[dict[str, object]], slots: dict[_SlotKey, _Slot]
) -> None:
    new = [(key, slot) for key, slot in slots.items() if slot.id is None]
    if new:
        ids = session.scalars(
            insert(MentorTimeSlot).returning(MentorTimeSlot.id, sort_by_parameter_order=True),
            [
                {"mentor_id": key[0], "start_time": key[1], "end_time": key[2], "capacity": 1}
                for key, _slot in new
            ],
        )
        for (_key, slot), slot_id in zip(new, ids, strict=True):
            slot.id = slot_id
    for booking in bookings:
        key = (booking["mentor_id"], booking["start_time"], booking["end_time"])
        booking["time_slot_id"] = slots[key].id  # type: ignore[index]  # The columns of `_booking`.
    if bookings:
        session.execute(insert(SessionBooking), bookings)


def _person(row: Row, column: str, people: Mapping[str, tuple[int, Role]], role: Role) -> int:
    email = row.cells[column].strip().lower()
    if email not in people:
        raise row.wrong(column, f"there is no account with '{email}'.")
    user_id, actual = people[email]
    if actual is not role:
        raise row.wrong(column, f"{email} is not a {role.lower()}.")
    return user_id


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text.strip())
        if instant.tzinfo is None:
            raise InvalidInput(f"'{text}' has no offset, like 2026-11-24T09:00:00+01:00.")
        instant = instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"'{text}' is not a time like 2026-11-24T09:00:00+01:00.") from None
    if not 1970 <= instant.year < 3000:
        raise InvalidInput(f"'{text}' is too far from the present.")
    return instant


def _topic(text: str) -> str:
    return clean_text(text, what="The topic", longest=200, required=False)


def _status(text: str) -> Status:
    try:
        return Status(text.strip().upper() or Status.SCHEDULED)
    except ValueError:
        known = ", ".join(Status)
        raise InvalidInput(f"'{text}' is not one of {known}.") from None


def _flag(text: str) -> bool:
    known = {"": False, "false": False, "0": False, "no": False,
             "true": True, "1": True, "yes": True}  # fmt: skip
    try:
        return known[text.strip().lower()]
    except KeyError:
        raise InvalidInput(f"'{text}' is not true or false.") from None
