"""Sessions from a CSV file, all or nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mentorship.database import begin_write, lock_journal
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.reports.columns import REPORTED_COLUMNS
from mentorship.domain.sessions.lifecycle import OPEN, Status
from mentorship.domain.shared.csv_cells import unescaped
from mentorship.domain.shared.email_addresses import normalized
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.timestamps import parse_timestamp
from mentorship.models import ImportKind, MentorTimeSlot, SessionBooking, User
from mentorship.queries.shared.viewers import roles_in
from mentorship.services.sessions.imports.schedule import BusyTimes, ImportSlot, Schedule, Times
from mentorship.services.shared.csv_files import Row, Watch, read_rows
from mentorship.services.shared.import_records import record_import
from mentorship.services.shared.locks import lock_people, lock_slots
from mentorship.services.shared.text_fields import clean_text

LONGEST = timedelta(hours=24)
_HAS_BEGUN = (Status.ONGOING, Status.COMPLETED)

_People = Mapping[str, tuple[int, frozenset[Role]]]
"""Id and roles of everybody, by e-mail address."""


@dataclass(frozen=True)
class _ParsedRow:
    """One session of the file, each cell checked. Instants in UTC."""

    mentor_id: int
    student_id: int
    start: datetime
    end: datetime
    topic: str
    status: Status
    is_delayed: bool

    @property
    def times(self) -> Times:
        return self.mentor_id, self.start, self.end


_Booking = tuple[ImportSlot, dict[str, object]]
"""A slot and the columns of a booking in it, except for the slot's id."""


@dataclass(frozen=True)
class ImportedSessions:
    """What an import stored.

    `overlapping` counts the sessions that overlap others of the same person. `overdue` counts
    those that are SCHEDULED although their start has passed; the next sweep marks them as delayed.
    The import can be removed by its `import_id`, which is None for a file without sessions.
    """

    import_id: int | None
    count: int
    overlapping: int
    overdue: int


def import_sessions(
    session: Session, content: bytes, *, now: datetime, file_name: str = "", watch: Watch = iter
) -> ImportedSessions:
    """Book the sessions of a CSV file, all or nothing, and commit.

    The columns are mentor_email, student_email, start, end, topic and optionally status and
    is_delayed; times are ISO 8601 with an offset. The file of sessions of a report has these
    columns, too, and the others that it has are ignored. `file_name` is stored with the import.

    - A row uses a slot of the same mentor and times that has a free seat, else it gets a new one.
    - Sessions that have begun or ended get the planned times: started at the start, completed at
      the end, or at `now` (UTC) if the end is still to come. Cancelled ones are cancelled at `now`.
    - Two sessions of one person at the same time are kept, because they were agreed elsewhere; the
      slot of the second one is not exclusive.
    - Nothing is written to the journal: no transition happened here.

    Raises InvalidInput with row and column, and then nothing is stored.
    """
    rows = list(
        read_rows(
            content,
            required=("mentor_email", "student_email", "start", "end", "topic"),
            optional=("status", "is_delayed"),
            ignored=REPORTED_COLUMNS,
        )
    )
    begin_write(session)
    try:
        people = _people(session)
        _lock_people_of(session, rows, people)
        schedule = _schedule(session)
        bookings = [_booking(row, people, schedule, now) for row in watch(rows)]
        import_id = _store(session, bookings, file_name, now) if bookings else None
        session.commit()
    except InvalidInput:
        session.rollback()
        raise
    except IntegrityError:
        session.rollback()
        raise InvalidInput("Somebody else has just booked one of these slots.") from None
    return ImportedSessions(
        import_id=import_id,
        count=len(bookings),
        overlapping=sum(not slot.is_exclusive for slot, _columns in bookings),
        overdue=sum(
            columns["status"] is Status.SCHEDULED and slot.times[1] <= now
            for slot, columns in bookings
        ),
    )


def _people(session: Session) -> _People:
    return {
        row.email: (row.id, roles_in(row))
        for row in session.execute(
            select(User.id, User.email, User.is_student, User.is_mentor, User.is_admin)
        )
    }


def _lock_people_of(session: Session, rows: Iterable[Row], people: _People) -> None:
    """Lock everybody whom the file names, so that nobody books with them meanwhile."""
    emails = (row.cells[column] for row in rows for column in ("mentor_email", "student_email"))
    named = (people.get(normalized(unescaped(email))) for email in emails)
    lock_people(session, [person[0] for person in named if person])


def _schedule(session: Session) -> Schedule:
    """The slots in the database, with their taken seats."""
    schedule = Schedule(defaultdict(list), BusyTimes(), BusyTimes(), BusyTimes())
    slots = select(
        MentorTimeSlot.id,
        MentorTimeSlot.mentor_id,
        MentorTimeSlot.start_time,
        MentorTimeSlot.end_time,
        MentorTimeSlot.capacity,
        MentorTimeSlot.is_exclusive,
    ).where(~MentorTimeSlot.is_withdrawn)
    by_id = {}
    # Of two slots with the same times the exclusive one is used first.
    for row in session.execute(slots.order_by(MentorTimeSlot.is_exclusive.desc())):
        times = (row.mentor_id, row.start_time, row.end_time)
        by_id[row.id] = ImportSlot(row.id, times, row.capacity, row.is_exclusive, set())
        schedule.slots[times].append(by_id[row.id])
        if row.is_exclusive:
            schedule.mentors.add(*times)
    bookings = select(
        SessionBooking.time_slot_id,
        SessionBooking.seat,
        SessionBooking.status,
        SessionBooking.student_id,
        SessionBooking.start_time,
        SessionBooking.end_time,
    ).where(SessionBooking.status != Status.CANCELLED, ~SessionBooking.slot_is_withdrawn)
    for booking in session.execute(bookings):
        slot = by_id.get(booking.time_slot_id)
        if slot is None:  # The slot was added between the two queries, for people not in this file.
            continue
        slot.taken_seats.add(booking.seat)
        if slot.is_exclusive and booking.status in OPEN:
            schedule.add_session(booking.student_id, slot.times)
    return schedule


def _booking(row: Row, people: _People, schedule: Schedule, now: datetime) -> _Booking:
    """Book the session of one row in the schedule. Raises InvalidInput."""
    parsed = _parse(row, people, now)
    slot = _slot_for(parsed, row, schedule)
    seat = slot.free_seat() or 1
    if parsed.status is not Status.CANCELLED:
        slot.taken_seats.add(seat)
    return slot, _columns(parsed, slot, seat, now)


def _parse(row: Row, people: _People, now: datetime) -> _ParsedRow:
    """Read and check the cells of one row. Raises InvalidInput for values that cannot be true."""
    mentor_id = _person(row, "mentor_email", people, Role.MENTOR)
    student_id = _person(row, "student_email", people, Role.STUDENT)
    if student_id == mentor_id:
        raise row.wrong("student_email", "nobody has a session with themselves.")
    start, end = _start_and_end(row, now)
    topic = row.read("topic", _topic)
    status = row.read("status", _status)
    is_delayed = row.read("is_delayed", _flag)
    if is_delayed and status in (Status.SCHEDULED, Status.CANCELLED):
        raise row.wrong("is_delayed", f"a session that is {status} cannot be delayed.")
    if status in _HAS_BEGUN and now < start:
        raise row.wrong("status", f"a session cannot be {status} before it starts.")
    return _ParsedRow(mentor_id, student_id, start, end, topic, status, is_delayed)


def _start_and_end(row: Row, now: datetime) -> tuple[datetime, datetime]:
    timestamp = partial(parse_timestamp, now=now)
    start, end = row.read("start", timestamp), row.read("end", timestamp)
    if end <= start:
        raise row.wrong("end", "the end must be after the start.")
    if end - start > LONGEST:
        raise row.wrong("end", "the session lasts longer than 24 hours.")
    return start, end


def _slot_for(parsed: _ParsedRow, row: Row, schedule: Schedule) -> ImportSlot:
    """A slot of the mentor with these times and a free seat; a new one if necessary.

    If one of the two is busy at that time, an exclusive slot is not used and stays free for others.
    """
    is_open = parsed.status in OPEN
    busy = schedule.busy_party(parsed.student_id, parsed.times) if is_open else None
    existing = schedule.slots[parsed.times]
    usable = [slot for slot in existing if not (busy and slot.is_exclusive)]
    needs_seat = parsed.status is not Status.CANCELLED
    slot = next((slot for slot in usable if slot.free_seat() or not needs_seat), None)
    if slot is None:
        if usable:
            raise row.wrong("start", "this slot of the mentor is already booked.")
        if any(slot.taken_seats for slot in existing):
            raise row.wrong("start", f"the {busy} has another session at this time.")
        slot = schedule.add_slot(parsed.times, is_exclusive=not busy)
    if slot.is_exclusive and is_open:
        schedule.add_session(parsed.student_id, parsed.times)
    return slot


def _columns(parsed: _ParsedRow, slot: ImportSlot, seat: int, now: datetime) -> dict[str, object]:
    has_started = parsed.status in _HAS_BEGUN and not parsed.is_delayed
    is_completed = parsed.status is Status.COMPLETED
    return {
        "student_id": parsed.student_id,
        "mentor_id": parsed.mentor_id,
        "start_time": parsed.start,
        "end_time": parsed.end,
        "slot_capacity": slot.capacity,
        "slot_is_exclusive": slot.is_exclusive,
        "seat": seat,
        "topic": parsed.topic,
        "status": parsed.status,
        "is_delayed": parsed.is_delayed,
        "started_at": min(parsed.start, now) if has_started else None,
        "completed_at": min(parsed.end, now) if is_completed else None,
        "cancelled_at": now if parsed.status is Status.CANCELLED else None,
    }


def _store(session: Session, bookings: list[_Booking], file_name: str, now: datetime) -> int:
    """Store slots and bookings; returns the id of the import."""
    slots = dict.fromkeys(slot for slot, _columns in bookings)
    lock_slots(session, [slot.id for slot in slots if slot.id is not None])
    new_slots = [slot for slot in slots if slot.id is None]
    _store_slots(session, new_slots)
    lock_journal(session)  # An admin's dashboard counts by the ids of bookings, too.
    booking_ids = session.scalars(
        insert(SessionBooking).returning(SessionBooking.id),
        [columns | {"time_slot_id": slot.id} for slot, columns in bookings],
    ).all()
    return record_import(
        session,
        ImportKind.SESSIONS,
        file_name=file_name,
        now=now,
        bookings=booking_ids,
        slots=[slot.id for slot in new_slots if slot.id is not None],
    )


def _store_slots(session: Session, slots: Iterable[ImportSlot]) -> None:
    """Insert slots and note their ids. With the same times there is at most one of each kind."""
    by_key = {(*slot.times, slot.is_exclusive): slot for slot in slots}
    if not by_key:
        return
    statement = insert(MentorTimeSlot).returning(
        MentorTimeSlot.id,
        MentorTimeSlot.mentor_id,
        MentorTimeSlot.start_time,
        MentorTimeSlot.end_time,
        MentorTimeSlot.is_exclusive,
    )
    rows = [
        {"mentor_id": mentor, "start_time": start, "end_time": end, "is_exclusive": is_exclusive}
        for mentor, start, end, is_exclusive in by_key
    ]
    for slot_id, mentor, start, end, is_exclusive in session.execute(statement, rows):
        by_key[mentor, start, end, is_exclusive].id = slot_id


def _person(row: Row, column: str, people: _People, role: Role) -> int:
    email = normalized(unescaped(row.cells[column]))
    if email not in people:
        raise row.wrong(column, f"there is no account with '{email}'.")
    user_id, roles = people[email]
    if role not in roles:
        raise row.wrong(column, f"{email} is not a {role.lower()}.")
    return user_id


def _topic(text: str) -> str:
    return clean_text(unescaped(text), what="The topic", longest=200, required=False)


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
"""Spreadsheets write true and false in the language they are set to."""


def _flag(text: str) -> bool:
    try:
        return _FLAGS[text.strip().lower()]
    except KeyError:
        raise InvalidInput(f"'{text}' is not true or false.") from None
