"""Records of what an import created, so that it can be removed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import insert
from sqlalchemy.orm import Session

from mentorship.models import Import, ImportedBooking, ImportedSlot, ImportedUser, ImportKind


def record_import(
    session: Session,
    kind: ImportKind,
    *,
    file_name: str,
    now: datetime,
    bookings: Sequence[int] = (),
    slots: Iterable[int] = (),
    users: Mapping[int, int] = MappingProxyType({}),
) -> int:
    """Record what a file created; returns the id of the import. Does not commit.

    `users` maps the ids of people to their epochs.
    """
    printable = "".join(it if it.isprintable() else "?" for it in file_name)[:255]
    columns = {"kind": kind, "file_name": printable, "rows": len(bookings or users)}
    statement = insert(Import).values(**columns, imported_at=now).returning(Import.id)
    import_id: int = session.execute(statement).scalar_one()
    for model, rows in (
        (ImportedBooking, [{"booking_id": booking_id} for booking_id in bookings]),
        (ImportedSlot, [{"slot_id": slot_id} for slot_id in slots]),
        (ImportedUser, [{"user_id": user_id, "epoch": epoch} for user_id, epoch in users.items()]),
    ):
        if rows:
            session.execute(insert(model), [row | {"import_id": import_id} for row in rows])
    return import_id
