"""Rows that wait to be sent. Any number of senders take them, and may be killed at any moment.

Such a table has `next_try_at`, when anybody may take a row; who takes it moves that to the end of
a lease and leaves its name in `claimed_by`. A row with an `outcome` waits no longer.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write


def one_line_ascii(reason: str) -> str:
    """What such a row keeps of why it could not be sent: one line of ASCII, without NUL."""
    return " ".join(reason.split()).encode("unicode_escape").decode()[:500]


class Leases:
    """The rows of one such table. Instants in UTC."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._held = update(table).where(
            table.c.id == bindparam("row_id"), table.c.claimed_by == bindparam("holder")
        )

    def is_waiting(self) -> ColumnElement[bool]:
        """Whether a row still is to be sent."""
        return self._table.c.outcome.is_(None)

    def is_due(self, now: datetime) -> ColumnElement[bool]:
        """Whether anybody may take a row."""
        return self.is_waiting() & (self._table.c.next_try_at <= now)

    def take(
        self,
        session: Session,
        wanted: Select[int] | Sequence[int],
        holder: str,
        *,
        now: datetime,
        until: datetime,
    ) -> list[int]:
        """Take those of `wanted` that are due, until the lease ends; returns their ids. Commits."""
        begin_write(session)
        taken = session.scalars(
            update(self._table)
            .where(self._table.c.id.in_(wanted), self.is_due(now))
            .values(claimed_by=holder, next_try_at=until)
            .returning(self._table.c.id)
        ).all()
        session.commit()
        return list(taken)

    def note(
        self, connection: Connection, row_id: int, holder: str, columns: dict[str, object]
    ) -> bool:
        """Store what came of a row unless somebody else holds it by now. Does not commit."""
        values = {"row_id": row_id, "holder": holder, "claimed_by": None, **columns}
        return connection.execute(self._held, values).rowcount == 1

    def give_back(self, session: Session, holder: str, *, now: datetime, **columns: object) -> None:
        """Let others have at once what was taken and not tried. Ends what is open; commits.

        `columns` are stored with these rows, such as why they could not be tried.
        """
        session.rollback()
        begin_write(session)
        session.execute(
            update(self._table)
            .where(self._table.c.claimed_by == holder, self.is_waiting())
            .values(claimed_by=None, next_try_at=now, **columns)
        )
        session.commit()
