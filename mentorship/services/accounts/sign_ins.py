"""Sign-ins on the server: a row for each person in each browser."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.sign_ins import IDLE_FOR, LASTS_FOR
from mentorship.domain.accounts.viewers import Viewer
from mentorship.models import SignIn

MOST = 50
"""The most sign-ins of one person; beyond that the oldest ones end."""

SEEN_NOTED_EVERY = timedelta(hours=1)
BATCH = 1_000


def begin_sign_in(session: Session, *, viewer: Viewer, now: datetime) -> str:
    """The random id of a new sign-in at `now` (UTC), for the cookie. Commits."""
    sign_in = secrets.token_hex(16)
    begin_write(session)
    newest = (
        select(SignIn.id)
        .where(SignIn.user_id == viewer.id)
        .order_by(SignIn.created_at.desc(), SignIn.id)
        .limit(MOST - 1)
    )
    session.execute(delete(SignIn).where(SignIn.user_id == viewer.id, SignIn.id.not_in(newest)))
    session.execute(
        insert(SignIn).values(id=sign_in, user_id=viewer.id, created_at=now, last_seen_at=now)
    )
    session.commit()
    return sign_in


def end_sign_in(session: Session, sign_in: str) -> None:
    """End a sign-in, so that a copy of its cookie no longer works. Commits."""
    begin_write(session)
    session.execute(delete(SignIn).where(SignIn.id == sign_in))
    session.commit()


def note_seen(session: Session, sign_in: str, *, last: datetime, now: datetime) -> None:
    """Record the use of a sign-in at `now` (UTC), at most once an hour; commits if it writes.

    If the database accepts no changes, the request goes on without it.
    """
    if now - last < SEEN_NOTED_EVERY:
        return
    try:
        begin_write(session)
        session.execute(
            update(SignIn)
            .where(SignIn.id == sign_in, SignIn.last_seen_at < now)
            .values(last_seen_at=now)
        )
        session.commit()
    except SQLAlchemyError:
        session.rollback()


def forget_sign_ins(session: Session, *, now: datetime) -> bool:
    """Delete a batch of expired sign-ins; returns whether there were any. Commits."""
    is_over = or_(SignIn.created_at <= now - LASTS_FOR, SignIn.last_seen_at <= now - IDLE_FOR)
    over = select(SignIn.id).where(is_over).limit(BATCH)
    is_needed = session.scalar(select(over.exists()))
    session.rollback()
    if is_needed:
        begin_write(session)
        session.execute(delete(SignIn).where(SignIn.id.in_(over)))
        session.commit()
    return bool(is_needed)
