"""Reading accounts."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, String, bindparam, func, or_, select, type_coerce
from sqlalchemy.orm import Session

from mentorship.database import read
from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.domain.shared.search_text import fold
from mentorship.domain.shared.zones import current_name
from mentorship.models import SignIn, User
from mentorship.queries.shared.viewers import (
    IS_SIGNED_IN,
    VIEWER_COLUMNS,
    roles_in,
    sign_in_values,
    viewer_from,
)

_BY_EPOCH = select(*VIEWER_COLUMNS).where(
    User.id == bindparam("id"), User.session_epoch == bindparam("epoch")
)
_SIGNED_IN = (
    select(*VIEWER_COLUMNS, SignIn.last_seen_at)
    .join(SignIn, SignIn.user_id == User.id)
    .where(User.id == bindparam("id"), User.session_epoch == bindparam("epoch"), IS_SIGNED_IN)
)
_BY_EMAIL = select(
    *VIEWER_COLUMNS, User.password_hash, User.is_confirmation_pending, User.is_approval_pending
).where(User.email == bindparam("email"))


@dataclass(frozen=True)
class Account:
    """A person and the state of their account.

    Without a `password_hash` no password was ever set.
    """

    viewer: Viewer
    password_hash: str | None
    is_confirmation_pending: bool
    is_approval_pending: bool


@dataclass(frozen=True)
class Person:
    """One line of the list of people."""

    id: int
    name: str
    email: str
    roles: frozenset[Role]
    timezone: str
    created_at: datetime
    is_confirmation_pending: bool
    is_approval_pending: bool


@dataclass(frozen=True)
class PeoplePage:
    """One page of the people found; pages count from 1. `waiting` counts mentors to be approved."""

    people: tuple[Person, ...]
    total: int
    page: int
    pages: int
    waiting: int


PAGE_SIZE = 20


def viewer_of(session: Session, *, user_id: int, epoch: int) -> Viewer | None:
    """The person with this id, if their sign-in epoch is still the same. Opens no transaction."""
    rows = read(session, _BY_EPOCH, id=user_id, epoch=epoch)
    return viewer_from(rows[0]) if rows else None


def signed_in(
    session: Session, *, user_id: int, epoch: int, sign_in: str, now: datetime
) -> tuple[Viewer, datetime] | None:
    """The person with this sign-in at `now` (UTC), and when the sign-in was last used."""
    values = sign_in_values(sign_in, now)
    rows = read(session, _SIGNED_IN, id=user_id, epoch=epoch, **values)
    return (viewer_from(rows[0]), rows[0].last_seen_at) if rows else None


def account_of(session: Session, email: str) -> Account | None:
    """The account with this address, which must be in lower case."""
    row = session.execute(_BY_EMAIL, {"email": email}).one_or_none()
    if row is None:
        return None
    return Account(
        viewer_from(row), row.password_hash, row.is_confirmation_pending, row.is_approval_pending
    )


def is_approval_pending(session: Session, user_id: int) -> bool:
    """Whether an admin has yet to look at this person before students can find them."""
    return session.scalars(select(User.is_approval_pending).where(User.id == user_id)).one()


def has_password(session: Session, user_id: int) -> bool:
    """Whether the person has ever set a password."""
    return bool(session.scalar(select(User.password_hash.is_not(None)).where(User.id == user_id)))


def unknown_zone_of(session: Session, user_id: int) -> str | None:
    """The stored name of the person's time zone if that zone no longer exists."""
    stored = select(type_coerce(User.timezone, String)).where(User.id == user_id)
    name = session.scalars(stored).one()
    return name if current_name(name) is None else None


def people_page(session: Session, *, search: str, page: int) -> PeoplePage:
    """People whose name or address contains `search`, mentors to be approved first, by name.

    Neither case nor accents of a name count. Returns the requested page, or else the last one. An
    account with an unconfirmed address does not wait for approval.
    """
    found = or_(
        User.folded_name.contains(fold(search), autoescape=True),
        User.email.contains(search.lower(), autoescape=True),
    )
    waits = User.is_approval_pending & ~User.is_confirmation_pending
    total = session.scalar(select(func.count()).select_from(User).where(found)) or 0
    waiting = session.scalar(select(func.count()).select_from(User).where(waits)) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(page, pages)
    rows = session.execute(
        select(
            User.id,
            User.name,
            User.email,
            User.is_student,
            User.is_mentor,
            User.is_admin,
            User.timezone,
            User.created_at,
            User.is_confirmation_pending,
            User.is_approval_pending,
        )
        .where(found)
        .order_by(waits.desc(), User.folded_name, User.id)
        .limit(PAGE_SIZE)
        .offset((page - 1) * PAGE_SIZE)
    )
    return PeoplePage(tuple(map(_person, rows)), total, page, pages, waiting)


def _person(row: Row[*tuple[Any, ...]]) -> Person:
    return Person(
        id=row.id,
        name=row.name,
        email=row.email,
        roles=roles_in(row),
        timezone=row.timezone,
        created_at=row.created_at,
        is_confirmation_pending=row.is_confirmation_pending,
        is_approval_pending=row.is_approval_pending,
    )
