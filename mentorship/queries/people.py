"""Reading accounts."""

from typing import Any

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from mentorship.domain.people import HourCycle, Viewer
from mentorship.models import User

_VIEWER_COLUMNS = (
    User.id, User.role, User.name, User.email, User.timezone, User.session_epoch, User.hour_cycle,
)  # fmt: skip
_BY_EPOCH = select(*_VIEWER_COLUMNS).where(
    User.id == bindparam("id"), User.session_epoch == bindparam("epoch")
)
_BY_EMAIL = select(*_VIEWER_COLUMNS, User.password_hash).where(User.email == bindparam("email"))


def viewer_of(session: Session, *, user_id: int, epoch: int) -> Viewer | None:
    """The person with this id, if their sign-in epoch is still the same."""
    row = session.execute(_BY_EPOCH, {"id": user_id, "epoch": epoch}).one_or_none()
    return None if row is None else _viewer(row)


def account_of(session: Session, email: str) -> tuple[Viewer, str | None] | None:
    """The person with this address, in lower case, and their password hash."""
    row = session.execute(_BY_EMAIL, {"email": email}).one_or_none()
    return None if row is None else (_viewer(row), row.password_hash)


def _viewer(row: Row[*tuple[Any, ...]]) -> Viewer:
    return Viewer(
        row.id,
        row.role,
        row.name,
        row.email,
        row.timezone,
        row.session_epoch,
        HourCycle(row.hour_cycle) if row.hour_cycle else None,
    )
