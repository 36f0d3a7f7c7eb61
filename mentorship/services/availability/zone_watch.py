"""Applying a new release of the time zone rules: slots are recreated, and people get a mail.

Weekly hours are wall-clock times, and slots are stored as instants. When a release of tzdata
changes a zone, its free slots are therefore created again. Booked sessions keep their instant,
because two people agreed on it; people who now see another hour for one get a mail.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, union
from sqlalchemy.orm import Session, aliased

from mentorship.database import begin_write, insert_or
from mentorship.domain.availability.slot_plan import Plan
from mentorship.domain.availability.zone_rules import Offsets
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.shared import zones
from mentorship.domain.shared.intervals import has_elapsed
from mentorship.models import (
    AvailabilityRule,
    MentorProfile,
    MentorTimeSlot,
    SessionBooking,
    User,
    ZoneRules,
)
from mentorship.queries.availability.mentor_calendar import read_calendar
from mentorship.services.availability.apply import BookedSession, booked_in, hold_for_their_students
from mentorship.services.availability.calendar_lock import decide_then_lock
from mentorship.services.availability.publish import apply_plan
from mentorship.services.availability.zone_mail import Reading, new_rules
from mentorship.services.mail.outbox import enqueue

LOOK_AGAIN = timedelta(hours=1)
"""How often the worker looks for zones in use whose rules are not stored yet."""

_NOBODY = ""

_Student, _Mentor = aliased(User), aliased(User)


@dataclass(frozen=True)
class ZoneChange:
    """A zone in an older release and in today's; `old` is None if none was stored."""

    name: str
    old: Offsets | None
    new: Offsets

    def is_felt(self, instant: datetime) -> bool:
        """Whether the two releases give the zone different clock times at this instant."""
        return self.old is not None and self.old.at(instant) != self.new.at(instant)


class ZoneWatch:
    """Applies new zone rules to one person at a time, so that sweeps never wait long."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._change: ZoneChange | None = None
        self._people: list[int] = []
        self._looked_at: datetime | None = None

    def step(self, session: Session, *, now: datetime) -> bool:
        """Handle one person or one zone at `now` (UTC); returns whether there is more to do.

        The new rules are stored after everybody has been told, so a worker that is killed before
        that starts again.
        """
        if self._change is None:
            self._change = self._next(session, now=now)
        if self._people and self._change:
            follow(session, self._people.pop(), self._change, now=now)
        if self._change and not self._people:
            _note(session, self._change)
            self._change = None
        return bool(self._names or self._change)

    def _next(self, session: Session, *, now: datetime) -> ZoneChange | None:
        if not self._names and has_elapsed(self._looked_at, every=LOOK_AGAIN, now=now):
            self._names = _not_noted(session)
            self._looked_at = now
        change = _change(session, self._names.pop(), now=now) if self._names else None
        self._people = _concerned(session, change, now=now) if change else []
        session.rollback()
        return change


def follow(session: Session, person_id: int, change: ZoneChange, *, now: datetime) -> None:
    """Correct a person's free slots at `now` (UTC), send them mail about it, and commit.

    A person for whom nothing changes gets no mail. Calling this again changes nothing, and sends
    no second mail on the same day.
    """
    plan, misfits = decide_then_lock(
        session, person_id, lambda: _plan(session, person_id, now=now), now=now
    )
    person = session.get_one(User, person_id, populate_existing=True)
    readings = _readings(session, person, change, now=now)
    is_moved = bool(plan and plan.withdraw)
    if is_moved or readings:
        mail = new_rules(person, change.name, is_moved=is_moved, readings=readings, now=now)
        enqueue(session, mail, now=now)
    if plan is None:
        session.commit()
        return
    hold_for_their_students(session, misfits, now=now)
    apply_plan(session, person_id, plan, now=now)


def _plan(
    session: Session, person_id: int, *, now: datetime
) -> tuple[Plan | None, tuple[BookedSession, ...]]:
    """The changes to a mentor's slots, and the booked sessions that no rule produces any more."""
    if session.get(MentorProfile, person_id) is None:
        return None, ()
    plan = read_calendar(session, person_id, now=now).plan(now=now)
    return plan, booked_in(session, plan.misfits)


def _not_noted(session: Session) -> list[str]:
    """The zones in use for which the offsets of this release are not stored yet."""
    used = session.scalars(union(select(User.timezone), select(AvailabilityRule.timezone))).all()
    noted = select(ZoneRules.name).where(ZoneRules.release == zones.RULES)
    return sorted({zones.known_name(name) for name in used} - set(session.scalars(noted)))


def _change(session: Session, name: str, *, now: datetime) -> ZoneChange:
    offsets = session.scalar(select(ZoneRules.offsets).where(ZoneRules.name == name))
    old = Offsets.read(offsets) if offsets else None
    return ZoneChange(name, old, Offsets.of(name, since=now))


def _concerned(session: Session, change: ZoneChange, *, now: datetime) -> list[int]:
    """The ids of the people to check.

    These are mentors with weekly hours in the zone, and everybody in the zone with upcoming
    sessions or slots.
    """
    if change.old is not None and not change.old.differ_from(change.new, since=now):
        return []
    by_zone = User.timezone == change.name
    to_come = SessionBooking.status == Status.SCHEDULED, SessionBooking.start_time > now
    mentors = select(AvailabilityRule.mentor_id).join(User, User.id == AvailabilityRule.mentor_id)
    students = select(User.id).join(SessionBooking, SessionBooking.student_id == User.id)
    of_slots = select(User.id).join(MentorTimeSlot, MentorTimeSlot.mentor_id == User.id)
    return sorted(
        session.scalars(
            union(
                mentors.where(or_(AvailabilityRule.timezone == change.name, by_zone)),
                students.where(by_zone, *to_come),
                of_slots.where(by_zone, MentorTimeSlot.start_time > now),
            )
        )
    )


def _readings(
    session: Session, person: User, change: ZoneChange, *, now: datetime
) -> list[Reading]:
    """What keeps its instant but shows another clock time: booked sessions, and free one-off slots.

    A group is one entry for its mentor.
    """
    if person.timezone != change.name or change.old is None:
        return []
    booked = session.execute(
        select(
            SessionBooking.time_slot_id,
            SessionBooking.start_time,
            SessionBooking.topic,
            SessionBooking.student_id,
            _Student.name.label("student"),
            _Mentor.name.label("mentor"),
        )
        .join(_Student, _Student.id == SessionBooking.student_id)
        .join(_Mentor, _Mentor.id == SessionBooking.mentor_id)
        .where(
            or_(SessionBooking.student_id == person.id, SessionBooking.mentor_id == person.id),
            SessionBooking.status == Status.SCHEDULED,
            SessionBooking.start_time > now,
        )
        .order_by(SessionBooking.start_time, SessionBooking.id)
    )
    found = {
        row.time_slot_id: Reading(
            row.start_time, row.topic, row.mentor if row.student_id == person.id else row.student
        )
        for row in booked
    }
    single = session.execute(
        select(MentorTimeSlot.id, MentorTimeSlot.start_time).where(
            MentorTimeSlot.mentor_id == person.id,
            MentorTimeSlot.rule_id.is_(None),
            MentorTimeSlot.start_time > now,
            ~MentorTimeSlot.is_withdrawn,
        )
    )
    free = {row.id: Reading(row.start_time, None, _NOBODY) for row in single}
    felt = [reading for reading in (free | found).values() if change.is_felt(reading.start_time)]
    return [
        reading.before(change.old.at(reading.start_time))
        for reading in sorted(felt, key=lambda reading: reading.start_time)
    ]


def _note(session: Session, change: ZoneChange) -> None:
    begin_write(session)
    row = {"release": zones.RULES, "offsets": change.new.text}
    session.execute(
        insert_or(session, ZoneRules)
        .values(name=change.name, **row)
        .on_conflict_do_update(index_elements=["name"], set_=row)
    )
    session.commit()
