"""Many people with many sessions close together, for runs that need a crowd."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import create_engine, insert
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.models import MentorTimeSlot, SessionBooking, table_of
from tests.support.builders import a_user


@dataclass(frozen=True)
class World:
    """Session `n` (from 0) is booking `n + 1`; it starts at `first + n * apart`."""

    url: str
    mentors: tuple[Viewer, ...]
    students: tuple[Viewer, ...]
    admin: Viewer
    sessions: int
    first: datetime
    apart: timedelta

    @property
    def lasts(self) -> timedelta:
        """The length of each session; nobody has two at a time."""
        return 0.8 * len(self.mentors) * self.apart

    @property
    def people(self) -> tuple[Viewer, ...]:
        """Everybody."""
        return (*self.mentors, *self.students, self.admin)

    @property
    def ends(self) -> datetime:
        """The end of the last session."""
        return self.first + self.sessions * self.apart + self.lasts

    def people_of(self, number: int) -> tuple[Viewer, Viewer]:
        """The mentor and the student of session `number`."""
        size = len(self.mentors)
        return self.mentors[number % size], self.students[(number + number // size) % size]

    def is_of(self, booking_id: int, viewer_id: int) -> bool:
        """Whether this person may see this booking."""
        sees = {self.admin.id, *(person.id for person in self.people_of(booking_id - 1))}
        return viewer_id in sees

    def number_at(self, now: datetime) -> int:
        """The number of the session that starts about now."""
        return min(max(int((now - self.first) / self.apart), 0), self.sessions - 1)


def a_world(
    url: str, *, sessions: int, first: datetime, apart: timedelta, people: int = 20
) -> World:
    """Create a world in an empty database: as many mentors as students, all sessions SCHEDULED."""
    engine = create_engine(url)
    with Session(engine, expire_on_commit=False) as session:
        world = World(
            url=url,
            mentors=tuple(a_user(session, f"Mentor {n}", Role.MENTOR) for n in range(people)),
            students=tuple(a_user(session, f"Student {n}", Role.STUDENT) for n in range(people)),
            admin=a_user(session, "Ada Admin", Role.ADMIN),
            sessions=sessions,
            first=first,
            apart=apart,
        )
        slots, bookings = [], []
        for number in range(sessions):
            mentor, student = world.people_of(number)
            start = first + number * apart
            times = {"mentor_id": mentor.id, "start_time": start, "end_time": start + world.lasts}
            slots.append({"id": number + 1, **times})
            bookings.append(
                {"id": number + 1, "time_slot_id": number + 1, "student_id": student.id, **times}
            )
        session.execute(insert(table_of(MentorTimeSlot)), slots)
        session.execute(insert(table_of(SessionBooking)), bookings)
        session.commit()
    engine.dispose()
    return world
