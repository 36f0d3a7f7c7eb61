"""Records of what an import created, so that it can be removed."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.database import UtcDateTime
from mentorship.models.columns import Model, str_enum


class ImportKind(StrEnum):
    """What a file held."""

    SESSIONS = "sessions"
    PEOPLE = "people"


class Import(Model):
    """One imported file with its number of `rows`; instants in UTC.

    The row stays when the import is removed.
    """

    __tablename__ = "imports"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[ImportKind] = mapped_column(str_enum(ImportKind, name="kind"))
    file_name: Mapped[str] = mapped_column(String(255))
    rows: Mapped[int]
    imported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ImportedBooking(Model):
    """A booking that an import created."""

    __tablename__ = "imported_bookings"

    booking_id: Mapped[int] = mapped_column(
        ForeignKey("session_bookings.id", ondelete="CASCADE"), primary_key=True
    )
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"))

    __table_args__ = (Index("ix_imported_bookings_import", "import_id"),)


class ImportedSlot(Model):
    """A slot that an import created because there was none to book."""

    __tablename__ = "imported_slots"

    slot_id: Mapped[int] = mapped_column(
        ForeignKey("mentor_time_slots.id", ondelete="CASCADE"), primary_key=True
    )
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"))

    __table_args__ = (Index("ix_imported_slots_import", "import_id"),)


class ImportedUser(Model):
    """An account that an import created, with its sign-in `epoch` at that time."""

    __tablename__ = "imported_users"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"))
    epoch: Mapped[int]

    __table_args__ = (Index("ix_imported_users_import", "import_id"),)
