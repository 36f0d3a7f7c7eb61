"""Who is busy when, and which slots there are, while a file of sessions is being read."""

from bisect import bisect_left, insort
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

Times = tuple[int, datetime, datetime]
"""A mentor's id, and the start and end of a slot of theirs (UTC)."""


@dataclass(eq=False)
class ImportSlot:
    """A slot while a file is being read; `id` is empty until the slot is stored."""

    id: int | None
    times: Times
    capacity: int
    is_exclusive: bool
    taken_seats: set[int]

    def free_seat(self) -> int | None:
        """The first free seat; None if the slot is full."""
        seats = range(1, self.capacity + 1)
        return next((seat for seat in seats if seat not in self.taken_seats), None)


class BusyTimes:
    """When each person is busy; the intervals of one person do not overlap."""

    def __init__(self) -> None:
        self._intervals: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)

    def is_free(self, person_id: int, start: datetime, end: datetime) -> bool:
        """Whether [start, end) overlaps none of this person's intervals."""
        intervals = self._intervals[person_id]
        later = bisect_left(intervals, (end,))
        return later == 0 or intervals[later - 1][1] <= start

    def add(self, person_id: int, start: datetime, end: datetime) -> None:
        """Note an interval in which the person was free until now."""
        insort(self._intervals[person_id], (start, end))


@dataclass
class Schedule:
    """The slots and busy times in the database, and those of the rows read so far.

    `mentors` are busy with exclusive slots; `students`, and those who are `mentoring`, with open
    sessions in such slots.
    """

    slots: dict[Times, list[ImportSlot]]
    mentors: BusyTimes
    students: BusyTimes
    mentoring: BusyTimes

    def add_session(self, student_id: int, times: Times) -> None:
        """Note an open session in an exclusive slot. A group's mentor is busy once."""
        self.students.add(student_id, *times[1:])
        if self.mentoring.is_free(*times):
            self.mentoring.add(*times)

    def busy_party(self, student_id: int, times: Times) -> str | None:
        """Which of the two is in another session then, in either part; None for neither."""
        mentor_id, start, end = times
        if not (
            self.students.is_free(student_id, start, end)
            and self.mentoring.is_free(student_id, start, end)
        ):
            return "student"
        return None if self.students.is_free(mentor_id, start, end) else "mentor"

    def add_slot(self, times: Times, *, is_exclusive: bool) -> ImportSlot:
        """A new slot for one student, exclusive only if the mentor is free as well."""
        is_exclusive = is_exclusive and self.mentors.is_free(*times)
        slot = ImportSlot(None, times, 1, is_exclusive, set())
        self.slots[times].append(slot)
        if is_exclusive:
            self.mentors.add(*times)
        return slot
