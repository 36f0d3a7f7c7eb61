"""Locks that writers take, always in the same order: people, slots, bookings, the journal."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.shared.errors import NotAuthenticated
from mentorship.models import MentorTimeSlot, User

_AT_ONCE = 1_000
"""Rows in one statement: a file may name more than a statement has parameters."""


def lock_people(session: Session, ids: Iterable[int]) -> None:
    """Lock the calendars of these people until the transaction ends; the smaller id comes first.

    Whoever changes what a person's calendar holds takes this lock before reading it, so that two
    of them see each other's work. FOR NO KEY UPDATE on PostgreSQL: rows that refer to the person
    may still be added. On SQLite `begin_write` has the only write lock already.
    """
    people = sorted(set(ids))
    for first in range(0, len(people), _AT_ONCE):
        some = User.id.in_(people[first : first + _AT_ONCE])
        statement = select(User.id).where(some).order_by(User.id)
        session.execute(statement.with_for_update(key_share=True)).all()


def lock_account(session: Session, viewer: Viewer) -> None:
    """Lock what acts in the person's name. Rolls back and raises NotAuthenticated if it has ended.

    Whoever signs a person out everywhere changes the epoch: what is made after that must not last.
    """
    account = select(User.id).where(User.id == viewer.id, User.session_epoch == viewer.epoch)
    if session.scalar(account.with_for_update(key_share=True)) is None:
        session.rollback()
        raise NotAuthenticated


def lock_slots(session: Session, ids: Iterable[int]) -> dict[int, MentorTimeSlot]:
    """The slots by id as they are now, locked until the transaction ends."""
    slots = sorted(set(ids))
    found: dict[int, MentorTimeSlot] = {}
    for first in range(0, len(slots), _AT_ONCE):
        some = MentorTimeSlot.id.in_(slots[first : first + _AT_ONCE])
        locked = select(MentorTimeSlot).where(some).order_by(MentorTimeSlot.id).with_for_update()
        rows = session.scalars(locked.execution_options(populate_existing=True))
        found.update((slot.id, slot) for slot in rows)
    return found
