"""The columns of a `Viewer`, and the condition for a valid sign-in."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam

from mentorship.domain.accounts.sign_ins import IDLE_FOR, LASTS_FOR
from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.models import SignIn, User

VIEWER_COLUMNS = (
    User.id,
    User.is_student,
    User.is_mentor,
    User.is_admin,
    User.name,
    User.email,
    User.timezone,
    User.session_epoch,
    User.hour_cycle,
    User.language,
)

IS_SIGNED_IN = (
    (SignIn.id == bindparam("sign_in"))
    & (SignIn.created_at > bindparam("earliest"))
    & (SignIn.last_seen_at > bindparam("idle_since"))
)
"""Whether a row of `sign_ins` has this id and has not expired."""


def sign_in_values(sign_in: str, now: datetime) -> dict[str, object]:
    """The parameters of IS_SIGNED_IN."""
    return {"sign_in": sign_in, "earliest": now - LASTS_FOR, "idle_since": now - IDLE_FOR}


def roles_in(row: Any) -> frozenset[Role]:
    """The roles of the person in a row that has the columns of `role_columns`."""
    has_role = (
        (row.is_student, Role.STUDENT),
        (row.is_mentor, Role.MENTOR),
        (row.is_admin, Role.ADMIN),
    )
    return frozenset(role for has, role in has_role if has)


def viewer_from(row: Row[*tuple[Any, ...]]) -> Viewer:
    """The person in a row that has VIEWER_COLUMNS."""
    return Viewer(
        row.id,
        roles_in(row),
        row.name,
        row.email,
        row.timezone,
        row.session_epoch,
        HourCycle(row.hour_cycle) if row.hour_cycle else None,
        Language(row.language) if row.language else None,
    )
