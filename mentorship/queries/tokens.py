"""Reading personal tokens."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from mentorship.domain.people import Viewer
from mentorship.models import ApiToken, User
from mentorship.queries.people import VIEWER_COLUMNS, viewer_from


@dataclass(frozen=True)
class TokenLine:
    """A token that works, as its owner sees it. Instants in UTC."""

    id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True)
class Bearer:
    """Whose a token is."""

    token_id: int
    last_used_at: datetime | None
    viewer: Viewer


_BY_HASH = (
    select(ApiToken.id.label("token_id"), ApiToken.last_used_at, *VIEWER_COLUMNS)
    .join(User, User.id == ApiToken.user_id)
    .where(ApiToken.token_hash == bindparam("hash"), ApiToken.revoked_at.is_(None))
)


def token_bearer(session: Session, token_hash: str) -> Bearer | None:
    """Whose the token with this hash is, if it works."""
    row = session.execute(_BY_HASH, {"hash": token_hash}).one_or_none()
    return None if row is None else Bearer(row.token_id, row.last_used_at, viewer_from(row))


def tokens_of(session: Session, viewer: Viewer) -> list[TokenLine]:
    """The person's tokens that work, the newest first."""
    rows = session.execute(
        select(ApiToken.id, ApiToken.name, ApiToken.created_at, ApiToken.last_used_at)
        .where(ApiToken.user_id == viewer.id, ApiToken.revoked_at.is_(None))
        .order_by(ApiToken.id.desc())
    )
    return [TokenLine(**row._mapping) for row in rows]
