"""Locks that writers take, always in the same order: people, slots, bookings, the journal."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.models import User


def lock_people(session: Session, ids: Iterable[int]) -> None:
    """Lock the calendars of these people until the transaction ends; the smaller id comes first.

    Whoever changes what a person's calendar holds takes this lock before reading it, so that two
    of them see each other's work. FOR NO KEY UPDATE on PostgreSQL: rows that refer to the person
    may still be added. On SQLite `begin_write` has the only write lock already.
    """
    statement = select(User.id).where(User.id.in_(set(ids))).order_by(User.id)
    session.execute(statement.with_for_update(key_share=True)).all()
