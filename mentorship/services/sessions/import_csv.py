"""Sessions from a CSV file, all or nothing."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mentorship.database import begin_write, lock_journal
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import OPEN, Status
from mentorship.domain.shared.email_addresses import normalized
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.timestamps import parse_timestamp
from mentorship.models import ImportKind, MentorTimeSlot, SessionBooking, User
from mentorship.services.shared.csv_files import Row, Watch, read_rows
from mentorship.services.shared.import_records import record_import
from mentorship.services.shared.locks import lock_people, lock_slots
from mentorship.services.shared.text_fields import clean_text

_SlotKey = tuple[int, datetime, datetime]

LONGEST = timedelta(hours=24)
_HAS_BEGUN = (Status.ONGOING, Status.COMPLETED)


@dataclass(eq=False)
class _Slot:
    """A slot while a file is being read; `id` is empty until the slot is stored."""

    id: int | None
    key: _SlotKey
    capacity: int
    is_exclusive: bool
    taken: set[int]

    def free_seat(self) -> int | None:
        seats = range(1, self.capacity + 1)
        return next((seat for seat in seats if seat not in self.taken), None)


class _Calendars:
    """Who is busy when; the intervals of one owner do not overlap."""

    def __init__(self) -> None:
        self._busy: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)

    def is_free(self, owner: int, start: datetime, end: datetime) -> bool:
        """Whether [start, end) overlaps nothing of this owner's."""
        busy = self._busy[owner]
        later = bisect_left(busy, (end,))
        return later == 0 or busy[later - 1][1] <= start

    def add(self, owner: int, start: datetime, end: datetime) -> None:
        """Note an interval that is free."""
        insort(self._busy[owner], (start, end))


@dataclass
class _Known:
    """What the database holds already and the rows read so far add to it."""

    people: Mapping[str, tuple[int, Role]]
    slots: dict[_SlotKey, list[_Slot]]
    mentors: _Calendars
    students: _Calendars


@dataclass(frozen=True)
class ImportedSessions:
    """How many sessions were booked, how many of them overlap others of the same person, and how
    many are SCHEDULED although their start has passed: the next sweep marks those as delayed.

    `import_id` is by what the import can be taken back; None where the file held nothing.
    """

    import_id: int | None
    count: int
    overlapping: int
    overdue: int


def import_sessions(
    session: Session, content: bytes, *, now: datetime, file_name: str = "", watch: Watch = iter
) -> ImportedSessions:
    """Book the sessions of a file; `file_name` is remembered with what it brought.

    Columns mentor_email, student_email, start, end, topic and optionally status, is_delayed;
    times are ISO 8601 with an offset. A slot of the same mentor and times is used where it has a
    free seat, else one is made. What a file says has happened gets its planned time: started at
    the start, completed at the end, or at `now` (UTC) where that is still to come. `now` is also
    when a cancelled one counts as cancelled. What cannot have happened yet is refused.
    Two sessions of one person at the same time are kept, because a file tells what was agreed
    elsewhere; their slots are then not exclusive.
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
        people = _people(session)
        named = (
            people.get(normalized(row.cells[column]))
            for row in rows
            for column in ("mentor_email", "student_email")
        )
        lock_people(session, [person[0] for person in named if person])
        known = _known(session, people)
        bookings = [_booking(row, known, now) for row in watch(rows)]
        import_id = _store(session, bookings, file_name, now) if bookings else None
        session.commit()
    except InvalidInput:
        session.rollback()
        raise
    except IntegrityError:
        session.rollback()
        raise InvalidInput("One of these slots was booked by somebody else just now.") from None
    return ImportedSessions(
        import_id=import_id,
        count=len(bookings),
        overlapping=sum(not slot.is_exclusive for slot, _booking in bookings),
        overdue=sum(
            booking["status"] is Status.SCHEDULED and slot.key[1] <= now
            for slot, booking in bookings
        ),
    )


def _people(session: Session) -> Mapping[str, tuple[int, Role]]:
    return {
        email: (user_id, role)
        for user_id, email, role in session.execute(select(User.id, User.email, User.role))
    }


def _known(session: Session, people: Mapping[str, tuple[int, Role]]) -> _Known:
    known = _Known(people, defaultdict(list), _Calendars(), _Calendars())
    by_id = {}
    for slot in session.execute(  # Of two with the same times, the one that claims them is first.
        select(
            MentorTimeSlot.id, MentorTimeSlot.mentor_id, MentorTimeSlot.start_time,
            MentorTimeSlot.end_time, MentorTimeSlot.capacity, MentorTimeSlot.is_exclusive,
        ).where(~MentorTimeSlot.is_withdrawn).order_by(MentorTimeSlot.is_exclusive.desc())
    ):  # fmt: skip
        key = (slot.mentor_id, slot.start_time, slot.end_time)
        by_id[slot.id] = _Slot(slot.id, key, slot.capacity, slot.is_exclusive, set())
        known.slots[key].append(by_id[slot.id])
        if slot.is_exclusive:
            known.mentors.add(*key)
    for booking in session.execute(
        select(
            SessionBooking.time_slot_id, SessionBooking.seat, SessionBooking.status,
            SessionBooking.student_id, SessionBooking.start_time, SessionBooking.end_time,
        ).where(SessionBooking.status != Status.CANCELLED, ~SessionBooking.slot_is_withdrawn)
    ):  # fmt: skip
        taken = by_id.get(booking.time_slot_id)
        if taken is None:  # Of a slot that is newer than the first answer: of nobody in this file.
            continue
        taken.taken.add(booking.seat)
        if taken.is_exclusive and booking.status in OPEN:
            known.students.add(booking.student_id, booking.start_time, booking.end_time)
    return known


def _booking(row: Row, known: _Known, now: datetime) -> tuple[_Slot, dict[str, object]]:
    """The slot of one booking, and its columns but for the id of that slot."""
    mentor_id = _person(row, "mentor_email", known.people, Role.MENTOR)
    student_id = _person(row, "student_email", known.people, Role.STUDENT)
    instant = partial(parse_timestamp, now=now)
    start, end = row.read("start", instant), row.read("end", instant)
    if end <= start:
        raise row.wrong("end", "the end must be after the start.")
    if end - start > LONGEST:
        raise row.wrong("end", "the session lasts longer than 24 hours.")
    topic = row.read("topic", _topic)
    status = row.read("status", _status)
    is_delayed = row.read("is_delayed", _flag)
    if is_delayed and status in (Status.SCHEDULED, Status.CANCELLED):
        raise row.wrong("is_delayed", f"a session that is {status} cannot be delayed.")
    if status in _HAS_BEGUN and now < start:
        raise row.wrong("status", f"a session cannot be {status} before it starts.")
    slot = _slot(row, known, (mentor_id, start, end), student_id, status)
    seat = slot.free_seat() or 1
    if status is not Status.CANCELLED:
        slot.taken.add(seat)
    has_begun = status in _HAS_BEGUN and not is_delayed
    return slot, {
        "student_id": student_id,
        "mentor_id": mentor_id,
        "start_time": start,
        "end_time": end,
        "slot_capacity": slot.capacity,
        "slot_is_exclusive": slot.is_exclusive,
        "seat": seat,
        "topic": topic,
        "status": status,
        "is_delayed": is_delayed,
        "started_at": min(start, now) if has_begun else None,
        "completed_at": min(end, now) if status is Status.COMPLETED else None,
        "cancelled_at": now if status is Status.CANCELLED else None,
    }


def _slot(row: Row, known: _Known, key: _SlotKey, student_id: int, status: Status) -> _Slot:
    """A slot of the mentor's with these times and a seat for `status`; notes who is busy then.

    A new one where there is none, and where the student is busy and nobody has booked the one
    that there is: that stays free, and the new one claims nothing.
    """
    _mentor_id, start, end = key
    is_open = status in OPEN
    is_student_free = not is_open or known.students.is_free(student_id, start, end)
    there = known.slots[key]
    fitting = [slot for slot in there if is_student_free or not slot.is_exclusive]
    slot = next((s for s in fitting if status is Status.CANCELLED or s.free_seat()), None)
    if slot is None:
        if fitting:
            raise row.wrong("start", "this slot of the mentor is booked already.")
        if any(slot.taken for slot in there):
            raise row.wrong("start", "the student has another session at this time.")
        is_exclusive = is_student_free and known.mentors.is_free(*key)
        slot = _Slot(None, key, 1, is_exclusive, set())
        there.append(slot)
        if is_exclusive:
            known.mentors.add(*key)
    if slot.is_exclusive and is_open:
        known.students.add(student_id, start, end)
    return slot


def _store(
    session: Session,
    bookings: list[tuple[_Slot, dict[str, object]]],
    file_name: str,
    now: datetime,
) -> int:
    """Store slots and bookings; returns the id of the import."""
    used = dict.fromkeys(slot for slot, _booking in bookings)
    lock_slots(session, [slot.id for slot in used if slot.id is not None])
    new = [slot for slot in used if slot.id is None]
    slot_ids: Sequence[int] = ()
    if new:
        slot_ids = session.scalars(
            insert(MentorTimeSlot).returning(MentorTimeSlot.id, sort_by_parameter_order=True),
            [
                {
                    "mentor_id": slot.key[0],
                    "start_time": slot.key[1],
                    "end_time": slot.key[2],
                    "is_exclusive": slot.is_exclusive,
                }
                for slot in new
            ],
        ).all()
        for slot, slot_id in zip(new, slot_ids, strict=True):
            slot.id = slot_id
    lock_journal(session)  # An admin's dashboard counts by the ids of bookings, too.
    booking_ids = session.scalars(
        insert(SessionBooking).returning(SessionBooking.id),
        [columns | {"time_slot_id": slot.id} for slot, columns in bookings],
    ).all()
    return record_import(
        session, ImportKind.SESSIONS, file_name=file_name, now=now, bookings=booking_ids,
        slots=slot_ids,
    )  # fmt: skip


def _person(row: Row, column: str, people: Mapping[str, tuple[int, Role]], role: Role) -> int:
    email = normalized(row.cells[column])
    if email not in people:
        raise row.wrong(column, f"there is no account with '{email}'.")
    user_id, actual = people[email]
    if actual is not role:
        raise row.wrong(column, f"{email} is not a {role.lower()}.")
    return user_id


def _topic(text: str) -> str:
    return clean_text(text, what="The topic", longest=200, required=False)


def _status(text: str) -> Status:
    try:
        return Status(text.strip().upper() or Status.SCHEDULED)
    except ValueError:
        known = ", ".join(Status)
        raise InvalidInput(f"'{text}' is not one of {known}.") from None


_FLAGS = {
    word: is_true
    for is_true, words in (
        (True, ("true", "yes", "y", "1", "x", "wahr", "ja", "j")),
        (False, ("", "false", "no", "n", "0", "falsch", "nein")),
    )
    for word in words
}
"""Spreadsheets write the words of their own language."""


def _flag(text: str) -> bool:
    try:
        return _FLAGS[text.strip().lower()]
    except KeyError:
        raise InvalidInput(f"'{text}' is not true or false.") from None
