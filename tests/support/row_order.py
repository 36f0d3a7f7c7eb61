"""Rows in an order that a database may choose, where a statement does not ask for one."""

from typing import Any

from sqlalchemy import CompoundSelect, Select
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.orm import Session


class ReversingSession(Session):
    """Returns the rows of statements without ORDER BY the other way round.

    `reversed` holds the statements to which that happened.
    """

    def __init__(self, bind: Any) -> None:
        super().__init__(bind)
        self.reversed: list[str] = []

    def execute(self, statement: Any, *args: Any, **options: Any) -> Any:
        """As in any session, but for the order."""
        result = super().execute(statement, *args, **options)
        is_select = isinstance(statement, Select | CompoundSelect)
        is_ordered = is_select and statement._order_by_clauses  # There is no public way to ask.
        if is_ordered or not statement.exported_columns:
            return result
        names, rows = list(result.keys()), [tuple(row) for row in result]
        if len(rows) > 1:
            self.reversed.append(str(statement))
        return IteratorResult(SimpleResultMetaData(names), reversed(rows))

    def scalars(self, statement: Any, *args: Any, **options: Any) -> Any:
        """The first column, in the same order."""
        return self.execute(statement, *args, **options).scalars()
