"""Demo people and sessions around the present minute. Development only."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mentorship.adapters.passwords import DEMO_PASSWORD, hash_password
from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Party, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.domain.shared.errors import InvalidInput
from mentorship.models import (
    AvailabilityRule,
    MentorTimeSlot,
    OutcomeChange,
    SessionBooking,
    User,
)
from mentorship.services.accounts.passwords import has_users, new_account
from mentorship.services.availability.publish import publish
from mentorship.services.booking.mentor_profile import edit_profile

DEMO_SIGN_INS = (
    ("maya@example.org", Role.MENTOR),
    ("sam@example.org", Role.STUDENT),
    ("ada@example.org", Role.ADMIN),
)

_PEOPLE = (
    ("maya@example.org", "Maya Okafor", {Role.MENTOR}, "Europe/Berlin"),
    ("sam@example.org", "Sam Rivera", {Role.STUDENT}, "America/New_York"),
    ("ada@example.org", "Ada Lindqvist", {Role.ADMIN}, "UTC"),
    ("jonas@example.org", "Jonas Weber", {Role.MENTOR}, "Europe/Berlin"),
    ("lin@example.org", "Lin Zhao", {Role.STUDENT}, "Asia/Shanghai"),
    ("noor@example.org", "Noor Haddad", {Role.STUDENT}, "Europe/Paris"),
    ("tomas@example.org", "Tomás Silva", {Role.STUDENT}, "America/Sao_Paulo"),
    ("priya@example.org", "Priya Nair", {Role.STUDENT, Role.MENTOR}, "Europe/Berlin"),
)

_SESSIONS = (
    # mentor, students, starts (minutes from now), lasts, topic, status, delayed
    ("maya", "sam", 1, 30, "First steps with databases", Status.SCHEDULED, False),
    ("maya", "lin", 33, 45, "Reading other people's code", Status.SCHEDULED, False),
    ("maya", "noor", -29, 30, "Preparing a conference talk", Status.ONGOING, False),
    ("maya", "tomas", -95, 60, "Choosing a thesis topic", Status.ONGOING, True),
    ("maya", "lin noor tomas", 120, 45, "Reading a paper together", Status.SCHEDULED, False),
    ("maya", "sam", 180, 45, "Code review: the parser", Status.SCHEDULED, False),
    ("maya", "lin", 26 * 60, 60, "Mock interview", Status.SCHEDULED, False),
    ("jonas", "sam", 7 * 24 * 60, 30, "Looking back on the month", Status.SCHEDULED, False),
    ("maya", "sam", -3 * 24 * 60, 45, "Planning the term", Status.COMPLETED, False),
    ("maya", "noor tomas", -4 * 24 * 60, 60, "Questions about theses", Status.COMPLETED, False),
    ("maya", "lin", -5 * 24 * 60, 30, "Writing a first résumé", Status.COMPLETED, False),
    ("maya", "noor", -6 * 24 * 60, 60, "Debugging with a plan", Status.COMPLETED, True),
    ("maya", "tomas", -8 * 24 * 60, 30, "Getting to know each other", Status.CANCELLED, False),
    ("jonas", "lin", -57, 60, "Statistics for surveys", Status.ONGOING, False),
    ("jonas", "tomas", 4, 30, "Negotiating an internship", Status.SCHEDULED, False),
    ("priya", "noor", 75, 45, "Reading a first paper", Status.SCHEDULED, False),
    ("maya", "priya", 29 * 60, 45, "Indexes that help", Status.SCHEDULED, False),
    ("jonas", "sam", -10 * 24 * 60, 30, "Choosing a first project", Status.COMPLETED, False),
)


_PROFILES = (
    # mentor, headline, topics, about, weekly hours (days, opens, minutes, minutes of a slot)
    (
        "maya",
        "Databases, code review and calm under deadline",
        "Databases, Code review, Careers",
        "Fifteen years of keeping data safe. I can help with\n\n- first schemas\n- **interviews**",
        ("MO,WE,FR", time(17), 180, 45),
    ),
    (
        "jonas",
        "Statistics for people who would rather not",
        "Statistics, Research, Theses",
        "Bring your survey, your numbers and your doubts. We look at all three.",
        ("TU,TH", time(9), 240, 60),
    ),
    (
        "priya",
        "Reading papers, and writing the first one",
        "Research, Writing",
        "I learn databases from Maya, and show others how I read.",
        ("SA", time(10), 120, 30),
    ),
)

_NOT_EMPTY = "The database already has users, so the demo was not loaded."


def load_demo(session: Session, *, now: datetime) -> int:
    """Fill an empty database; returns the number of sessions. Raises InvalidInput if not empty.

    Some sessions fall due within minutes of `now` (UTC), so they change on screen by themselves.
    """
    begin_write(session)
    try:
        if has_users(session):
            raise InvalidInput(_NOT_EMPTY)
        id_of = _add_people(session, now)
    except InvalidInput:
        session.rollback()
        raise
    for each in _SESSIONS:
        _add_session(session, *each, id_of=id_of, now=now)
    session.commit()
    for mentor, *texts, hours in _PROFILES:
        _add_profile(session, id_of[mentor], mentor, *texts)
        _add_weekly_hours(session, id_of[mentor], *hours, now=now)
    return sum(len(students.split()) for _mentor, students, *_ in _SESSIONS)


def _add_people(session: Session, now: datetime) -> dict[str, int]:
    """The ids of the new people by the part of their address before the @. Raises InvalidInput."""
    password_hash = hash_password(DEMO_PASSWORD)
    accounts = [
        new_account(email=email, name=name, roles=roles, password="", timezone=timezone, now=now)
        | {"password_hash": password_hash}
        for email, name, roles, timezone in _PEOPLE
    ]
    try:
        stored = session.execute(insert(User).returning(User.email, User.id), accounts).all()
    except IntegrityError:  # On PostgreSQL two demos can begin at once; one of them is first.
        raise InvalidInput(_NOT_EMPTY) from None
    return {email.partition("@")[0]: user_id for email, user_id in stored}


def _add_session(
    session: Session,
    mentor: str,
    students: str,
    starts: int,
    lasts: int,
    topic: str,
    status: Status,
    is_delayed: bool,  # noqa: FBT001  # A column of the table above.
    *,
    id_of: Mapping[str, int],
    now: datetime,
) -> None:
    start = now.replace(second=0, microsecond=0) + timedelta(minutes=starts)
    end = start + timedelta(minutes=lasts)
    slot = {"mentor_id": id_of[mentor], "start_time": start, "end_time": end}
    capacity = 4 if " " in students else 1
    slot_id = session.scalar(
        insert(MentorTimeSlot).values(**slot, capacity=capacity).returning(MentorTimeSlot.id)
    )
    for seat, student in enumerate(students.split(), start=1):
        seated = {"time_slot_id": slot_id, "slot_capacity": capacity, "seat": seat}
        _add_booking(
            session, slot | seated, mentor, student, topic, status, is_delayed, id_of=id_of, now=now
        )


def _add_booking(
    session: Session,
    slot: Mapping[str, Any],
    mentor: str,
    student: str,
    topic: str,
    status: Status,
    is_delayed: bool,  # noqa: FBT001  # A column of the table above.
    *,
    id_of: Mapping[str, int],
    now: datetime,
) -> None:
    start, end = slot["start_time"], slot["end_time"]
    has_begun = status in (Status.ONGOING, Status.COMPLETED) and not is_delayed
    is_cancelled = status is Status.CANCELLED
    is_disputed = status is Status.COMPLETED and is_delayed
    booking_id = session.scalar(
        insert(SessionBooking)
        .values(
            **slot,
            student_id=id_of[student],
            topic=topic,
            status=status,
            is_delayed=is_delayed,
            started_at=start if has_begun else None,
            completed_at=end if status is Status.COMPLETED else None,
            cancelled_at=now if is_cancelled else None,
            cancel_reason="Down with the flu." if is_cancelled else None,
            mentor_says=OutcomeWord.TOOK_PLACE if has_begun or is_disputed else None,
            mentor_said_at=end if is_disputed else start if has_begun else None,
            student_says=OutcomeWord.MENTOR_ABSENT if is_disputed else None,
            student_said_at=end if is_disputed else None,
        )
        .returning(SessionBooking.id)
    )
    if is_disputed:
        answers = [
            (Party.MENTOR, mentor, OutcomeWord.TOOK_PLACE, "We met a little later."),
            (Party.STUDENT, student, OutcomeWord.MENTOR_ABSENT, "I waited for half an hour."),
        ]
        rows = [
            {"side": side, "actor_id": id_of[who], "outcome": word, "reason": reason}
            | {"booking_id": booking_id, "said_at": end}
            for side, who, word, reason in answers
        ]
        session.execute(insert(OutcomeChange), rows)


def _add_profile(
    session: Session, mentor_id: int, mentor: str, headline: str, topics: str, about: str
) -> None:
    edit_profile(
        session,
        mentor_id=mentor_id,
        headline=headline,
        bio=about,
        topics=topics,
        meeting_url=f"https://meet.example.org/{mentor}",
    )


def _add_weekly_hours(
    session: Session,
    mentor_id: int,
    days: str,
    opens: time,
    minutes: int,
    slot_minutes: int,
    *,
    now: datetime,
) -> None:
    session.execute(
        insert(AvailabilityRule).values(
            mentor_id=mentor_id,
            timezone="Europe/Berlin",
            rrule=f"FREQ=WEEKLY;BYDAY={days}",
            first_day=now.date(),
            opens=opens,
            minutes=minutes,
            slot_minutes=slot_minutes,
        )
    )
    session.commit()
    publish(session, mentor_id, now=now)
