"""Listing imports and undoing one."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Select,
    Table,
    delete,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.orm import Session

from mentorship.database import begin_write, insert_or
from mentorship.domain.shared.errors import InvalidInput, ProductError
from mentorship.models import (
    BookingMove,
    DisplayVersion,
    Import,
    ImportedBooking,
    ImportedSlot,
    ImportedUser,
    ImportKind,
    MentorTimeSlot,
    OutcomeChange,
    SessionBooking,
    SignIn,
    StatusChange,
    User,
    table_of,
)
from mentorship.models.installation import DISPLAYED
from mentorship.services.availability.publish import publish
from mentorship.services.shared.locks import lock_people, lock_slots

_BOOKINGS, _SLOTS, _USERS = (table_of(it) for it in (SessionBooking, MentorTimeSlot, User))

_MADE_BY_THE_CLOCK = frozenset({"outbox_messages", "webhook_calls", "sweep_failures"})
"""Tables whose rows about a session were not caused by a person."""

_BELONGINGS = frozenset(
    {
        "mentor_profiles",
        "mentor_topics",
        "mentor_words",
        "mail_choices",
        "calendar_feeds",
        "api_tokens",
        "idempotency_keys",
        "waiting_list_entries",
        "sign_ins",
    }
)
"""Tables whose rows are removed with a person. Rows in other tables keep the person."""

_LISTED = 10


@dataclass(frozen=True)
class Removal:
    """The removed rows by table, and how many slots stay because other sessions use them."""

    kind: ImportKind
    removed: Counter[str]
    slots_left: int = 0
    mentors: frozenset[int] = frozenset()


def list_imports(session: Session) -> Sequence[Import]:
    """All imports, the newest first."""
    return session.scalars(select(Import).order_by(Import.id.desc())).all()


def remove_import(
    session: Session, import_id: int, *, now: datetime, is_forced: bool, is_dry_run: bool = False
) -> Removal:
    """Undo an import at `now` (UTC), and commit; a dry run changes nothing.

    Sessions are removed with their journal, mail and webhook calls, and with the slots that were
    created for them and are not used otherwise; the mentors' weekly rules then fill the free time.
    People are removed with their profile and settings.

    Raises InvalidInput, and removes nothing, if the import does not exist, if people have acted on
    it and it is not forced, and for people who have sessions or weekly hours.
    """
    begin_write(session)
    try:
        batch = session.scalar(select(Import).where(Import.id == import_id).with_for_update())
        if batch is None:
            raise InvalidInput(f"There is no import {import_id}.")
        if batch.removed_at is not None:
            raise InvalidInput(f"Import {import_id} was removed already.")
        if batch.kind is ImportKind.SESSIONS:
            removal = _remove_sessions(session, import_id, is_forced=is_forced)
        else:
            removal = _remove_people(session, import_id, is_forced=is_forced)
    except ProductError:
        session.rollback()
        raise
    batch.removed_at = now
    if is_dry_run:
        session.rollback()
        return removal
    session.commit()
    for mentor_id in sorted(removal.mentors):  # Each mentor in a separate transaction.
        publish(session, mentor_id, now=now)
    return removal


def _remove_sessions(session: Session, import_id: int, *, is_forced: bool) -> Removal:
    """1. Lock, in the order of all writers. 2. Check whether people have acted. 3. Delete."""
    made = select(ImportedBooking.booking_id).where(ImportedBooking.import_id == import_id)
    slots = select(ImportedSlot.slot_id).where(ImportedSlot.import_id == import_id)
    of_import = SessionBooking.id.in_(made)
    mentors = set(session.scalars(select(SessionBooking.mentor_id).where(of_import)))
    lock_people(
        session, mentors.union(session.scalars(select(SessionBooking.student_id).where(of_import)))
    )
    booked = select(SessionBooking.time_slot_id).where(of_import)
    lock_slots(session, session.scalars(slots.union(booked)).all())
    locked = select(SessionBooking.id, SessionBooking.revision).where(of_import)
    rows = session.execute(locked.order_by(SessionBooking.id).with_for_update()).all()

    acted = session.scalars(
        select(SessionBooking.id).where(of_import, _acted_on()).order_by(SessionBooking.id)
    ).all()
    if acted and not is_forced:
        raise InvalidInput(
            f"People have acted on {len(acted)} of these sessions since they were imported: "
            f"{_listed(acted)}. With --force they are removed, too."
        )

    removed: Counter[str] = Counter()
    heads = _journal_heads(session)
    _delete(session, _BOOKINGS, made, removed)
    is_used = or_(*(exists().where(column == _SLOTS.c.id) for _table, column in _referring(_SLOTS)))
    gone = session.connection().execute(delete(_SLOTS).where(_SLOTS.c.id.in_(slots), ~is_used))
    removed[_SLOTS.name] = gone.rowcount
    left = session.scalar(select(func.count()).select_from(slots.subquery())) or 0
    fallen = sum(row.revision for row in rows) + heads - _journal_heads(session)
    _show_anew(session, fallen)
    return Removal(ImportKind.SESSIONS, removed, left, frozenset(mentors))


def _remove_people(session: Session, import_id: int, *, is_forced: bool) -> Removal:
    made = select(ImportedUser.user_id).where(ImportedUser.import_id == import_id)
    people = select(User.email).where(User.id.in_(made)).order_by(User.email)
    lock_people(session, session.scalars(made).all())
    is_used = or_(
        *(
            exists().where(column == User.id)
            for table, column in _referring(_USERS)
            if table.name not in _BELONGINGS
        )
    )
    if used := session.scalars(people.where(is_used)).all():
        raise InvalidInput(
            f"{len(used)} of these people have sessions, hours or mail by now: {_listed(used)}."
        )
    has_begun = exists().where(
        ImportedUser.user_id == User.id, ImportedUser.epoch != User.session_epoch
    )
    is_signed_in = exists().where(SignIn.user_id == User.id)
    acted = session.scalars(people.where(or_(has_begun, is_signed_in))).all()
    if acted and not is_forced:
        raise InvalidInput(
            f"{len(acted)} of these people have set a password or signed in since: "
            f"{_listed(acted)}. With --force they are removed, too."
        )
    removed: Counter[str] = Counter()
    _delete(session, _USERS, made, removed)
    return Removal(ImportKind.PEOPLE, removed)


def _acted_on() -> ColumnElement[bool]:
    """Whether a person has acted on a booking, according to any table that refers to it."""
    return or_(
        *(
            exists().where(
                column == SessionBooking.id,
                *([StatusChange.actor_id.is_not(None)] if table.name == "status_changes" else []),
            )
            for table, column in _referring(_BOOKINGS)
            if table.name not in _MADE_BY_THE_CLOCK
        )
    )


def _referring(table: Table) -> Iterator[tuple[Table, Column[Any]]]:
    """The tables and columns that refer to this table without a cascading delete."""
    for other in table.metadata.sorted_tables:
        for key in other.foreign_keys:
            if key.column is table.c.id and key.ondelete is None and other is not table:
                yield other, key.parent


def _delete(session: Session, table: Table, ids: Select[int], removed: Counter[str]) -> None:
    """Delete these rows after the rows that refer to them."""
    for other, column in _referring(table):
        if "id" in other.c:
            _delete(session, other, select(other.c.id).where(column.in_(ids)), removed)
        else:
            gone = session.connection().execute(delete(other).where(column.in_(ids)))
            removed[other.name] += gone.rowcount
    gone = session.connection().execute(delete(table).where(table.c.id.in_(ids)))
    removed[table.name] += gone.rowcount


def _journal_heads(session: Session) -> int:
    return sum(
        session.scalar(select(func.coalesce(func.max(model.id), 0))) or 0
        for model in (StatusChange, BookingMove, OutcomeChange)
    )


def _show_anew(session: Session, fallen: int) -> None:
    """Let open pages notice the removal: the version that they compare must never decrease."""
    version = insert_or(session, DisplayVersion).values(id=DISPLAYED, number=fallen + 1)
    number = DisplayVersion.number + fallen + 1
    session.execute(version.on_conflict_do_update(index_elements=["id"], set_={"number": number}))


def _listed(items: Sequence[object]) -> str:
    some = ", ".join(str(item) for item in items[:_LISTED])
    return some if len(items) <= _LISTED else f"{some} and {len(items) - _LISTED} more"
