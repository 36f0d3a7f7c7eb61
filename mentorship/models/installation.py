"""Which installation this database is: what its names for other systems are made of."""

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.models.columns import Model


class Installation(Model):
    """The one row that the migration has written; it never changes.

    `identity` is a random UUID. What was told to other systems before there was one is named as it
    was then: everything up to the last ids of that time, with the host of that time's BASE_URL.
    """

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    identity: Mapped[str] = mapped_column(String(36))
    old_host: Mapped[str] = mapped_column(String(255))
    last_old_booking: Mapped[int]
    last_old_mail: Mapped[int]
    last_old_call: Mapped[int]
    last_old_person: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = (CheckConstraint("id = 1", name="is_the_only_one"),)
