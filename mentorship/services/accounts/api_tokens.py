"""Personal tokens: a program that has one acts for its person on the JSON routes."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.api_tokens import DEFAULT_DAYS, LONGEST_DAYS, TokenScope
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.shared.errors import InvalidInput, NotFound
from mentorship.domain.shared.messages import N_
from mentorship.models import ApiToken
from mentorship.queries.accounts.api_tokens import token_bearer, works_at
from mentorship.services.shared.locks import lock_account
from mentorship.services.shared.text_fields import clean_text
from mentorship.services.shared.token_hash import token_hash

PREFIX = "mentorship_"
"""Tells a token from any other secret, in a header or in a leaked text."""

LONGEST_NAME = 80
KEPT_REVOKED = 20
"""The most stored tokens of one person; a new token replaces the oldest revoked ones."""

MOST_TOKENS = 20
"""The most tokens of one person that are not revoked."""

_USE_NOTED_EVERY = timedelta(minutes=1)
"""How often the use of a token is recorded: a busy program costs one write a minute."""


@dataclass(frozen=True)
class NewToken:
    """A new token; its `secret` is known only now."""

    id: int
    name: str
    secret: str
    scope: TokenScope
    created_at: datetime
    expires_at: datetime


def clean_token_name(value: str) -> str:
    """The name of a token, in its owner's words. Raises InvalidInput."""
    return clean_text(value, what=N_("The name of the token"), longest=LONGEST_NAME)


def clean_scope(value: object) -> TokenScope:
    """The scope of a token. Raises InvalidInput."""
    try:
        return TokenScope(str(value))
    except ValueError:
        raise InvalidInput(N_("Please choose whether the token may read or act.")) from None


def clean_days(value: str) -> int:
    """For how many days a token works. Raises InvalidInput."""
    if not re.fullmatch("[0-9]{1,3}", value) or not 1 <= int(value) <= LONGEST_DAYS:
        raise InvalidInput(N_("A token can work for 1 to %(longest)s days.", longest=LONGEST_DAYS))
    return int(value)


def create_token(
    session: Session,
    *,
    viewer: Viewer,
    name: str,
    now: datetime,
    scope: TokenScope = TokenScope.ACT,
    days: int = DEFAULT_DAYS,
) -> NewToken:
    """Create a token that works for `days`. Its 32 random bytes need no slow hash.

    Raises InvalidInput for a name that does not fit or if there are too many tokens, and
    NotAuthenticated if the person was signed out in the meantime.
    """
    name = clean_token_name(name)
    secret = PREFIX + secrets.token_urlsafe(32)
    expires_at = now + timedelta(days=days)
    begin_write(session)
    # The lock keeps two requests of one person from passing the limit together.
    lock_account(session, viewer)
    held = session.scalars(
        select(ApiToken.id).where(ApiToken.user_id == viewer.id, works_at(now))
    ).all()
    if len(held) >= MOST_TOKENS:
        session.rollback()
        raise InvalidInput(
            N_("You already have %(most)s tokens. Please revoke one first.", most=MOST_TOKENS)
        )
    _forget_revoked(session, viewer)
    token_id = session.scalar(
        insert(ApiToken)
        .values(
            user_id=viewer.id,
            name=name,
            token_hash=token_hash(secret),
            scope=scope,
            created_at=now,
            expires_at=expires_at,
        )
        .returning(ApiToken.id)
    )
    session.commit()
    assert token_id is not None
    return NewToken(token_id, name, secret, scope, now, expires_at)


def _forget_revoked(session: Session, viewer: Viewer) -> None:
    revoked = (
        select(ApiToken.id)
        .where(ApiToken.user_id == viewer.id, ApiToken.revoked_at.is_not(None))
        .order_by(ApiToken.id.desc())
        .offset(KEPT_REVOKED)
    )
    old = session.scalars(revoked).all()
    if old:
        session.execute(delete(ApiToken).where(ApiToken.id.in_(old)))


def revoke_token(session: Session, *, viewer: Viewer, token_id: int, now: datetime) -> bool:
    """Revoke a token; False if it was revoked before. Raises NotFound for somebody else's."""
    begin_write(session)
    revoked = session.connection().execute(
        update(ApiToken)
        .where(
            ApiToken.id == token_id, ApiToken.user_id == viewer.id, ApiToken.revoked_at.is_(None)
        )
        .values(revoked_at=now)
    )
    is_theirs = session.scalar(
        select(ApiToken.id).where(ApiToken.id == token_id, ApiToken.user_id == viewer.id)
    )
    session.commit()
    if is_theirs is None:
        raise NotFound(N_("There is no such token."))
    return revoked.rowcount == 1


def token_owner(
    session: Session, secret: str, *, now: datetime
) -> tuple[int, Viewer, TokenScope] | None:
    """The id, owner and scope of a token that works; records that it was used."""
    found = token_bearer(session, token_hash(secret), now=now)
    if found is None:
        return None
    if found.last_used_at is None or now - found.last_used_at >= _USE_NOTED_EVERY:
        begin_write(session)
        session.execute(
            update(ApiToken)
            .where(
                ApiToken.id == found.token_id,
                or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at < now),
            )
            .values(last_used_at=now)
        )
        session.commit()
    return found.token_id, found.viewer, found.scope
