"""Leases on rows that are waiting to be sent, for any number of senders that may be killed.

Such a table has `next_try_at`, the time from which a sender may take a row. The sender moves it to
the end of its lease and stores its name in `claimed_by`. A row with an `outcome` is done.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Select, Table, bindparam, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write


def one_line_ascii(reason: str) -> str:
    """A reason to store with a row that could not be sent: one short line of ASCII."""
    return " ".join(reason.split()).encode("unicode_escape").decode()[:500]


class Leases:
    """The leases on the rows of one table. Instants in UTC."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._held = update(table).where(
            table.c.id == bindparam("row_id"), table.c.claimed_by == bindparam("holder")
        )

    def is_waiting(self) -> ColumnElement[bool]:
        """Whether a row is still to be sent."""
        return self._table.c.outcome.is_(None)

    def is_due(self, now: datetime) -> ColumnElement[bool]:
        """Whether a sender may take a row."""
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
        """Take the due rows of `wanted` until the lease ends, and commit; returns their ids."""
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
        """Store the result of a row, unless another sender holds it by now. Does not commit."""
        values = {"row_id": row_id, "holder": holder, "claimed_by": None, **columns}
        return connection.execute(self._held, values).rowcount == 1

    def give_back(self, session: Session, holder: str, *, now: datetime, **columns: object) -> None:
        """Release the rows that were taken but not tried, and commit.

        An open transaction is rolled back first. `columns` are stored with these rows, such as the
        reason why they were not tried.
        """
        session.rollback()
        begin_write(session)
        session.execute(
            update(self._table)
            .where(self._table.c.claimed_by == holder, self.is_waiting())
            .values(claimed_by=None, next_try_at=now, **columns)
        )
        session.commit()
