"""Demo people and sessions around the present minute. Development only."""

from datetime import datetime, time, timedelta

from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mentorship.adapters.passwords import DEMO_PASSWORD, hash_password
from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.shared.errors import InvalidInput
from mentorship.models import AvailabilityRule, User
from mentorship.services.accounts.passwords import has_users, new_account
from mentorship.services.availability.publish import publish
from mentorship.services.booking.mentor_profile import edit_profile
from mentorship.services.operations.demo_sessions import live_through_sessions

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

_JOINED = timedelta(weeks=3)
"""How long before the present the people of the demo joined."""

_NOT_EMPTY = "The database already has users, so the demo was not loaded."


def load_demo(session: Session, *, now: datetime) -> int:
    """Fill an empty database; returns the number of sessions. Raises InvalidInput if not empty.

    Some sessions fall due within minutes of `now` (UTC), so they change on screen by themselves.
    Those of the past were booked, begun and completed by the same services as real ones.
    """
    begin_write(session)
    try:
        if has_users(session):
            raise InvalidInput(_NOT_EMPTY)
        id_of = _add_people(session, now - _JOINED)
    except InvalidInput:
        session.rollback()
        raise
    session.commit()
    for mentor, *texts, _hours in _PROFILES:
        _add_profile(session, id_of[mentor], mentor, *texts)
    count = live_through_sessions(session, id_of, now=now)
    for mentor, *_texts, hours in _PROFILES:
        _add_weekly_hours(session, id_of[mentor], *hours, now=now)
    return count


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
