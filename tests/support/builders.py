"""Builders for people, sessions and slots, so that tests read like sentences."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.domain.mail import AsWritten, MailKind
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.webhooks.events import EventKind
from mentorship.models import (
    CallOutcome,
    Cause,
    MailOutcome,
    MentorProfile,
    MentorTimeSlot,
    OutboxMessage,
    SessionBooking,
    StatusChange,
    SweepFailure,
    User,
    WebhookCall,
    WebhookEndpoint,
)
from mentorship.models.user import role_columns
from mentorship.services.accounts.signed_links import Links
from mentorship.services.mail.outbox import as_json
from mentorship.services.shared.text_fields import folded_name

LINKS = Links("https://mentors.example.org", "a-key-for-links-in-tests")

TODAY = datetime(2026, 11, 24, tzinfo=UTC)


def at(clock: str, *, days: int = 0) -> datetime:
    """`at("10:00")`: this time on the day of the tests, in UTC."""
    hour, minute, *second = (int(part) for part in clock.split(":"))
    return TODAY + timedelta(days=days, hours=hour, minutes=minute, seconds=sum(second))


@dataclass(frozen=True)
class Cast:
    """A student, her mentor, another mentor, an admin and a stranger."""

    student: Viewer
    mentor: Viewer
    other_mentor: Viewer
    admin: Viewer
    stranger: Viewer

    def __iter__(self) -> Iterator[Viewer]:
        return iter((self.student, self.mentor, self.other_mentor, self.admin, self.stranger))


def a_user(
    session: Session,
    name: str,
    *roles: Role,
    timezone: str = "UTC",
    password_hash: str | None = None,
) -> Viewer:
    """Store a person with these roles; the email address is made from the name."""
    [viewer] = some_users(session, [(name, *roles)], timezone=timezone, password_hash=password_hash)
    return viewer


def some_users(
    session: Session,
    people: Sequence[tuple[Any, ...]],
    *,
    timezone: str = "UTC",
    password_hash: str | None = None,
) -> list[Viewer]:
    """Store people, each a name and one role or several, in one transaction."""
    _write_anew(session)
    emails = [f"{name.lower().replace(' ', '.')}@example.org" for name, *_roles in people]
    rows = [
        {
            "email": email,
            "name": name,
            "folded_name": folded_name(name),
            **role_columns(frozenset(roles)),
            "timezone": timezone,
            "password_hash": password_hash,
            "created_at": TODAY,
        }
        for email, (name, *roles) in zip(emails, people, strict=True)
    ]
    ids = session.scalars(insert(User).returning(User.id, sort_by_parameter_order=True), rows).all()
    session.commit()
    return [
        Viewer(user_id, frozenset(roles), name, email, timezone, 0)
        for user_id, email, (name, *roles) in zip(ids, emails, people, strict=True)
    ]


def a_cast(session: Session) -> Cast:
    """Store the whole cast."""
    people = [
        ("Sam Student", Role.STUDENT),
        ("Maya Mentor", Role.MENTOR),
        ("Otto Other", Role.MENTOR),
        ("Ada Admin", Role.ADMIN),
        ("Stella Stranger", Role.STUDENT),
    ]
    return Cast(*some_users(session, people))


def a_booking(
    session: Session,
    *,
    mentor: Viewer,
    student: Viewer,
    starts: str | datetime = "10:00",
    lasts: timedelta = timedelta(hours=1),
    status: Status = Status.SCHEDULED,
    is_delayed: bool = False,
    arrived: bool | None = None,
    topic: str = "A topic",
    is_exclusive: bool = False,
) -> int:
    """Store a booking in a slot of its own; returns its id.

    It may overlap others, as an imported one may, unless it `is_exclusive`.
    `arrived` says whether it has a `started_at`; by default, one that started on time has it.
    """
    _write_anew(session)
    start = at(starts) if isinstance(starts, str) else starts
    end = start + lasts
    if arrived is None:
        arrived = status in (Status.ONGOING, Status.COMPLETED) and not is_delayed
    times = {"mentor_id": mentor.id, "start_time": start, "end_time": end}
    slot_id = session.scalars(
        insert(MentorTimeSlot)
        .values(**times, is_exclusive=is_exclusive)
        .returning(MentorTimeSlot.id)
    ).one()
    booking_id = session.scalars(
        insert(SessionBooking)
        .values(
            **times,
            time_slot_id=slot_id,
            slot_is_exclusive=is_exclusive,
            student_id=student.id,
            topic=topic,
            status=status,
            is_delayed=is_delayed,
            started_at=start if arrived else None,
            completed_at=end if status is Status.COMPLETED else None,
            cancelled_at=start if status is Status.CANCELLED else None,
        )
        .returning(SessionBooking.id)
    ).one()
    session.commit()
    return booking_id


def a_profile(session: Session, mentor: Viewer, **limits: object) -> None:
    """Store a profile, so that students can find and book the mentor within these limits."""
    _write_anew(session)
    session.execute(insert(MentorProfile).values(mentor_id=mentor.id, **limits))
    session.commit()


def a_slot(
    session: Session,
    mentor: Viewer,
    *,
    starts: str | datetime,
    lasts: timedelta = timedelta(hours=1),
    **columns: object,
) -> int:
    """Store a slot that the mentor offers; returns its id."""
    _write_anew(session)
    start = at(starts) if isinstance(starts, str) else starts
    slot_id = session.scalars(
        insert(MentorTimeSlot)
        .values(mentor_id=mentor.id, start_time=start, end_time=start + lasts, **columns)
        .returning(MentorTimeSlot.id)
    ).one()
    session.commit()
    return slot_id


def a_seat(session: Session, slot_id: int, student: Viewer, **columns: object) -> int:
    """Store a booking of the next seat in a slot, without checking any rule; returns its id."""
    _write_anew(session)
    slot = session.get_one(MentorTimeSlot, slot_id, populate_existing=True)
    live = SessionBooking.time_slot_id == slot_id, SessionBooking.status != Status.CANCELLED
    taken = session.scalars(select(func.count()).select_from(SessionBooking).where(*live)).one()
    booking_id = session.scalars(
        insert(SessionBooking)
        .values(
            time_slot_id=slot_id,
            mentor_id=slot.mentor_id,
            start_time=slot.start_time,
            end_time=slot.end_time,
            slot_capacity=slot.capacity,
            slot_is_exclusive=slot.is_exclusive,
            seat=taken + 1,
            student_id=student.id,
            **columns,
        )
        .returning(SessionBooking.id)
    ).one()
    session.commit()
    return booking_id


def a_mail_set_aside(session: Session, *, recipient: str = "gone@example.org") -> int:
    """Store a mail that a server refused for good at 09:00; returns its id."""
    _write_anew(session)
    mail_id = session.scalars(
        insert(OutboxMessage)
        .values(
            kind=MailKind.AS_WRITTEN,
            recipient=recipient,
            facts=as_json(AsWritten("Welcome", "Hello")),
            created_at=at("09:00"),
            next_try_at=at("09:00"),
            attempts=1,
            outcome=MailOutcome.SET_ASIDE,
            ended_at=at("09:00"),
            error="550 No such person",
        )
        .returning(OutboxMessage.id)
    ).one()
    session.commit()
    return mail_id


def a_webhook(
    session: Session,
    url: str,
    *,
    kinds: Collection[EventKind] = (EventKind.TRANSITION,),
    is_active: bool = True,
) -> int:
    """Store a webhook endpoint; returns its id."""
    _write_anew(session)
    endpoint_id = session.scalars(
        insert(WebhookEndpoint)
        .values(url=url, kinds=kinds, salt="salt", is_active=is_active, created_at=at("09:00"))
        .returning(WebhookEndpoint.id)
    ).one()
    session.commit()
    return endpoint_id


def a_call_given_up(session: Session, endpoint_id: int, booking_id: int) -> int:
    """Store a webhook call about a start, given up at 09:00; returns its id."""
    _write_anew(session)
    change_id = session.scalars(
        insert(StatusChange)
        .values(
            booking_id=booking_id,
            old_status=Status.SCHEDULED,
            new_status=Status.ONGOING,
            action=Action.START,
            is_delayed=False,
            cause=Cause.MENTOR,
            applied_at=at("09:00"),
        )
        .returning(StatusChange.id)
    ).one()
    call_id = session.scalars(
        insert(WebhookCall)
        .values(
            endpoint_id=endpoint_id,
            kind=EventKind.TRANSITION,
            booking_id=booking_id,
            change_id=change_id,
            created_at=at("09:00"),
            next_try_at=at("09:00"),
            attempts=12,
            outcome=CallOutcome.GIVEN_UP,
            ended_at=at("09:00"),
            answer=500,
        )
        .returning(WebhookCall.id)
    ).one()
    session.commit()
    return call_id


def _write_anew(session: Session) -> None:
    # On SQLite a reader whose snapshot is old cannot become a writer, however long it waits.
    session.rollback()
    begin_write(session)


def the_booking(session: Session, booking_id: int) -> SessionBooking:
    """The booking as the database has it now."""
    session.rollback()
    session.expire_all()
    return session.get_one(SessionBooking, booking_id)


def the_journal(session: Session, booking_id: int | None = None) -> list[StatusChange]:
    """The journal rows, oldest first."""
    session.rollback()
    session.expire_all()
    statement = select(StatusChange).order_by(StatusChange.id)
    if booking_id is not None:
        statement = statement.where(StatusChange.booking_id == booking_id)
    return list(session.scalars(statement))


def the_failures(session: Session) -> list[SweepFailure]:
    """The bookings whose next sweep is postponed."""
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(SweepFailure)))


def booking_count(session: Session) -> int:
    """How many bookings there are by now."""
    session.rollback()
    return session.scalar(select(func.count()).select_from(SessionBooking)) or 0
