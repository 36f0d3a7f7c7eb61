"""Demo people and sessions around the present minute. Development only."""

from datetime import datetime, time, timedelta

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mentorship.adapters.passwords import DEMO_PASSWORD, hash_password
from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.shared.errors import InvalidInput
from mentorship.models import AvailabilityRule, MentorTimeSlot, SessionBooking, User
from mentorship.services.accounts.passwords import has_users, new_account
from mentorship.services.availability.publish import publish
from mentorship.services.booking.mentor_profile import edit_profile

DEMO_SIGN_INS = (
    ("maya@example.org", Role.MENTOR),
    ("sam@example.org", Role.STUDENT),
    ("ada@example.org", Role.ADMIN),
)

_PEOPLE = (
    ("maya@example.org", "Maya Okafor", Role.MENTOR, "Europe/Berlin"),
    ("sam@example.org", "Sam Rivera", Role.STUDENT, "America/New_York"),
    ("ada@example.org", "Ada Lindqvist", Role.ADMIN, "UTC"),
    ("jonas@example.org", "Jonas Weber", Role.MENTOR, "Europe/Berlin"),
    ("lin@example.org", "Lin Zhao", Role.STUDENT, "Asia/Shanghai"),
    ("noor@example.org", "Noor Haddad", Role.STUDENT, "Europe/Paris"),
    ("tomas@example.org", "Tomás Silva", Role.STUDENT, "America/Sao_Paulo"),
)

_SESSIONS = (
    # mentor, student, starts (minutes from now), lasts, topic, status, delayed
    ("maya", "sam", 1, 30, "First steps with databases", Status.SCHEDULED, False),
    ("maya", "lin", 33, 45, "Reading other people's code", Status.SCHEDULED, False),
    ("maya", "noor", -29, 30, "Preparing a conference talk", Status.ONGOING, False),
    ("maya", "tomas", -95, 60, "Choosing a thesis topic", Status.ONGOING, True),
    ("maya", "sam", 180, 45, "Code review: the parser", Status.SCHEDULED, False),
    ("maya", "lin", 26 * 60, 60, "Mock interview", Status.SCHEDULED, False),
    ("jonas", "sam", 7 * 24 * 60, 30, "Looking back on the month", Status.SCHEDULED, False),
    ("maya", "sam", -3 * 24 * 60, 45, "Planning the term", Status.COMPLETED, False),
    ("maya", "lin", -5 * 24 * 60, 30, "Writing a first résumé", Status.COMPLETED, False),
    ("maya", "noor", -6 * 24 * 60, 60, "Debugging with a plan", Status.COMPLETED, True),
    ("maya", "tomas", -8 * 24 * 60, 30, "Getting to know each other", Status.CANCELLED, False),
    ("jonas", "lin", -57, 60, "Statistics for surveys", Status.ONGOING, False),
    ("jonas", "tomas", 4, 30, "Negotiating an internship", Status.SCHEDULED, False),
    ("jonas", "sam", -10 * 24 * 60, 30, "Choosing a first project", Status.COMPLETED, False),
)  # fmt: skip


_PROFILES = (
    # mentor, headline, topics, days, opens, minutes, slot minutes, about
    (
        "maya", "Databases, code review and calm under deadline",
        "Databases, Code review, Careers", "MO,WE,FR", time(17), 180, 45,
        "Fifteen years of keeping data safe. I can help with\n\n- first schemas\n- **interviews**",
    ),
    (
        "jonas", "Statistics for people who would rather not",
        "Statistics, Research, Theses", "TU,TH", time(9), 240, 60,
        "Bring your survey, your numbers and your doubts. We look at all three.",
    ),
)  # fmt: skip


_NOT_EMPTY = "The database has users already, so the demo was not loaded."


def load_demo(session: Session, *, now: datetime) -> int:
    """Fill an empty database; returns the number of sessions. Raises InvalidInput if not empty.

    Some sessions fall due within minutes of `now` (UTC), and so change on screen by themselves.
    """
    begin_write(session)
    if has_users(session):
        session.rollback()
        raise InvalidInput(_NOT_EMPTY)
    password_hash = hash_password(DEMO_PASSWORD)
    accounts = [
        new_account(email=email, name=name, role=role, password="", timezone=timezone, now=now)
        | {"password_hash": password_hash}
        for email, name, role, timezone in _PEOPLE
    ]
    try:
        ids = session.scalars(
            insert(User).returning(User.id, sort_by_parameter_order=True), accounts
        ).all()
    except IntegrityError:  # PostgreSQL lets two ask at once, and one of them is first.
        session.rollback()
        raise InvalidInput(_NOT_EMPTY) from None
    id_of = {
        person[0].partition("@")[0]: user_id for person, user_id in zip(_PEOPLE, ids, strict=True)
    }
    minute = now.replace(second=0, microsecond=0)
    for mentor, student, starts, lasts, topic, status, is_delayed in _SESSIONS:
        start = minute + timedelta(minutes=starts)
        end = start + timedelta(minutes=lasts)
        slot = {"mentor_id": id_of[mentor], "start_time": start, "end_time": end}
        slot_id = session.scalar(insert(MentorTimeSlot).values(slot).returning(MentorTimeSlot.id))
        has_begun = status in (Status.ONGOING, Status.COMPLETED) and not is_delayed
        session.execute(
            insert(SessionBooking).values(
                **slot,
                time_slot_id=slot_id,
                student_id=id_of[student],
                topic=topic,
                status=status,
                is_delayed=is_delayed,
                started_at=start if has_begun else None,
                completed_at=end if status is Status.COMPLETED else None,
                cancelled_at=now if status is Status.CANCELLED else None,
                cancel_reason="Down with the flu." if status is Status.CANCELLED else None,
            )
        )
    session.commit()
    for mentor, headline, topics, days, opens, minutes, slot_minutes, about in _PROFILES:
        edit_profile(
            session,
            mentor_id=id_of[mentor],
            headline=headline,
            bio=about,
            topics=topics,
            meeting_url=f"https://meet.example.org/{mentor}",
        )
        session.execute(
            insert(AvailabilityRule).values(
                mentor_id=id_of[mentor],
                timezone="Europe/Berlin",
                rrule=f"FREQ=WEEKLY;BYDAY={days}",
                first_day=now.date(),
                opens=opens,
                minutes=minutes,
                slot_minutes=slot_minutes,
            )
        )
        session.commit()
        publish(session, id_of[mentor], now=now)
    return len(_SESSIONS)
