"""Accounts: making them, checking a password, setting a new one."""

import re
import unicodedata
from datetime import datetime
from functools import cache
from zoneinfo import available_timezones

from sqlalchemy import exists, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mentorship.adapters.passwords import hash_password, password_fits
from mentorship.database import begin_write
from mentorship.domain.errors import InvalidInput
from mentorship.domain.people import Role, Viewer
from mentorship.models import User
from mentorship.queries.people import account_of

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 200

_EMAIL = re.compile(r"[^@\s,;<>\"()]{1,64}@[^@\s,;<>\"()]{1,189}")


def clean_text(value: str, *, what: str, longest: int, required: bool = True) -> str:
    """`value` without blanks around it. Raises InvalidInput where it does not fit.

    Control characters and lone surrogates are refused: they break headers, calendars and
    databases further on.
    """
    value = value.strip()
    if required and not value:
        raise InvalidInput(f"{what} is missing.")
    if len(value) > longest:
        raise InvalidInput(f"{what} is longer than {longest} characters.")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in value):
        raise InvalidInput(f"{what} contains a character that cannot be used.")
    return value


def clean_email(value: str) -> str:
    """The address in lower case. Raises InvalidInput."""
    email = clean_text(value, what="The e-mail address", longest=254).lower()
    if not _EMAIL.fullmatch(email):
        raise InvalidInput(f"'{email}' is not an e-mail address.")
    return email


def clean_name(value: str) -> str:
    """The name as it is shown. Raises InvalidInput."""
    return clean_text(value, what="The name", longest=120)


def clean_role(value: str) -> Role:
    """The role of this name, in any case of letters. Raises InvalidInput."""
    try:
        return Role(value.strip().upper())
    except ValueError:
        raise InvalidInput(f"'{value}' is not one of student, mentor or admin.") from None


def clean_timezone(value: str) -> str:
    """An IANA name; empty means UTC. Raises InvalidInput."""
    name = value.strip() or "UTC"
    if name not in _timezones():
        raise InvalidInput(f"'{value}' is not a time zone like Europe/Berlin.")
    return name


@cache
def _timezones() -> frozenset[str]:
    # Reading them all from disk takes 20 ms, too long for each row of an import.
    return frozenset(available_timezones())


def clean_password(value: str) -> str:
    """The password as it is. Raises InvalidInput where it is too short or too long."""
    if not SHORTEST_PASSWORD <= len(value) <= LONGEST_PASSWORD:
        raise InvalidInput(
            f"The password needs {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters."
        )
    return clean_text(value, what="The password", longest=LONGEST_PASSWORD) and value


def new_account(
    *, email: str, name: str, role: str, password: str, timezone: str, now: datetime
) -> dict[str, object]:
    """The columns of a new user, checked. An empty password means that it is set later.

    Raises InvalidInput with a sentence about the first field that does not fit.
    """
    return {
        "email": clean_email(email),
        "name": clean_name(name),
        "role": clean_role(role),
        "timezone": clean_timezone(timezone),
        "password_hash": hash_password(clean_password(password)) if password else None,
        "session_epoch": 0,
        "created_at": now,
    }


def create_user(session: Session, account: dict[str, object]) -> None:
    """Store one account made by `new_account`. Raises InvalidInput if the address has one."""
    begin_write(session)
    try:
        session.execute(insert(User).values(account))
        session.commit()
    except IntegrityError:
        session.rollback()
        raise InvalidInput(f"There is an account with {account['email']} already.") from None


def has_users(session: Session) -> bool:
    """Whether there is any account."""
    return bool(session.scalar(select(exists().where(User.id > 0))))


def check_password(session: Session, *, email: str, password: str) -> Viewer | None:
    """The person whom these fit, or None; takes the same time whether the account exists."""
    account = account_of(session, email)
    session.rollback()
    fits = password_fits(account[1] if account else None, password)
    return account[0] if account and fits else None


def set_password(session: Session, *, viewer: Viewer, password: str) -> None:
    """Store a new password and sign the person out everywhere.

    Raises InvalidInput where it does not fit, or where the epoch has passed meanwhile.
    """
    password_hash = hash_password(clean_password(password))
    begin_write(session)
    changed = session.connection().execute(
        update(User)
        .where(User.id == viewer.id, User.session_epoch == viewer.epoch)
        .values(password_hash=password_hash, session_epoch=User.session_epoch + 1)
    )
    session.commit()
    if changed.rowcount != 1:
        raise InvalidInput("The password was changed elsewhere just now.")
