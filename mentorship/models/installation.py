"""Tables of a row or two: which installation this is, and counters for open pages."""

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from mentorship.models.columns import Model


class Installation(Model):
    """The one row, which a migration wrote and nothing changes.

    `identity` is a random UUID. Ids that other systems got before it existed keep their old names:
    all up to the last ids of that time, with the host of BASE_URL at that time.
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


DISPLAYED, ADDITIONS = 1, 2


class DisplayVersion(Model):
    """Two rows that count what polls compare besides bookings and journals (decision 3).

    `DISPLAYED` counts the changes of names and meeting links, which lists of sessions show.
    Database triggers count them, because no booking's revision grows when a person is renamed or
    a mentor sets another link. `ADDITIONS` counts late notices, recordings, feedback and notes:
    the revision of their booking grows as well, but the fingerprint of all sessions does not add
    those up.
    """

    __tablename__ = "display_versions"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
