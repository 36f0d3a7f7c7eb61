"""Reading personal tokens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, select
from sqlalchemy.orm import Session

from mentorship.database import read
from mentorship.domain.accounts.api_tokens import TokenScope
from mentorship.domain.accounts.viewers import Viewer
from mentorship.models import ApiToken, User
from mentorship.queries.shared.viewers import VIEWER_COLUMNS, viewer_from


@dataclass(frozen=True)
class TokenLine:
    """A token that works, as its owner sees it. Instants in UTC."""

    id: int
    name: str
    scope: TokenScope
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True)
class Bearer:
    """Whose a token is."""

    token_id: int
    last_used_at: datetime | None
    scope: TokenScope
    viewer: Viewer


def works_at(now: Any) -> ColumnElement[bool]:
    """Whether a token is neither revoked nor expired at `now` (UTC)."""
    return and_(ApiToken.revoked_at.is_(None), ApiToken.expires_at > now)


_BY_HASH = (
    select(ApiToken.id.label("token_id"), ApiToken.last_used_at, ApiToken.scope, *VIEWER_COLUMNS)
    .join(User, User.id == ApiToken.user_id)
    .where(ApiToken.token_hash == bindparam("hash"), works_at(bindparam("now")))
)


def token_bearer(session: Session, token_hash: str, *, now: datetime) -> Bearer | None:
    """The bearer of the token with this hash, if the token works at `now` (UTC)."""
    rows = read(session, _BY_HASH, hash=token_hash, now=now)
    if not rows:
        return None
    (row,) = rows
    return Bearer(row.token_id, row.last_used_at, TokenScope(row.scope), viewer_from(row))


def tokens_of(session: Session, viewer: Viewer, *, now: datetime) -> list[TokenLine]:
    """The person's tokens that work at `now` (UTC), the newest first."""
    rows = session.execute(
        select(
            ApiToken.id,
            ApiToken.name,
            ApiToken.scope,
            ApiToken.created_at,
            ApiToken.expires_at,
            ApiToken.last_used_at,
        )
        .where(ApiToken.user_id == viewer.id, works_at(now))
        .order_by(ApiToken.id.desc())
    )
    return [TokenLine(**{**row._mapping, "scope": TokenScope(row.scope)}) for row in rows]
