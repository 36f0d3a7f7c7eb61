"""Locks that writers take, always in this order: people, slots, bookings, the journal, waiting
mail.
"""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.shared.errors import NotAuthenticated
from mentorship.models import MentorTimeSlot, User

_AT_ONCE = 1_000
"""Rows in one statement: an imported file may have more rows than a statement has parameters."""


def lock_people(session: Session, ids: Iterable[int]) -> None:
    """Lock the calendars of these people, in order of id, until the transaction ends.

    Every change of a person's calendar takes this lock before reading it, so that two changes see
    each other. On PostgreSQL it is FOR NO KEY UPDATE, so that rows which refer to the person can
    still be added. On SQLite `begin_write` has already taken the only write lock.
    """
    people = sorted(set(ids))
    for first in range(0, len(people), _AT_ONCE):
        some = User.id.in_(people[first : first + _AT_ONCE])
        statement = select(User.id).where(some).order_by(User.id)
        session.execute(statement.with_for_update(key_share=True)).all()


def lock_account(session: Session, viewer: Viewer) -> None:
    """Lock the account; rolls back and raises NotAuthenticated if the viewer was signed out.

    Signing out everywhere changes the epoch. A token must not be created after that, because it
    would stay valid.
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
