"""Reading CSV files so that every complaint names its row and its column."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mentorship.domain.errors import InvalidInput

T = TypeVar("T")

Watch = Callable[[Sequence["Row"]], Iterable["Row"]]
"""Hands the rows on, one after the other, and may show how far they are."""


@dataclass(frozen=True)
class Row:
    """One line of the file; `number` counts as a spreadsheet does, the header being row 1."""

    number: int
    cells: dict[str, str]

    def read(self, column: str, parse: Callable[[str], T]) -> T:
        """The parsed cell; an absent optional column is empty. Raises InvalidInput."""
        try:
            return parse(self.cells.get(column, ""))
        except InvalidInput as error:
            raise self.wrong(column, str(error)) from None

    def wrong(self, column: str, sentence: str) -> InvalidInput:
        """The error to raise about this cell."""
        return InvalidInput(f"row {self.number}, column {column}: {sentence}")


def read_rows(content: bytes, *, required: Sequence[str], optional: Sequence[str]) -> Iterator[Row]:
    """The rows of a UTF-8 file with a header, empty lines left out.

    Raises InvalidInput for other encodings, missing, unknown or doubled columns, and rows with
    too many or too few cells.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise InvalidInput(f"row {line}: the file is not UTF-8 text.") from None
    # Not `splitlines`: it would also cut a topic at a form feed or a Unicode line separator.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 0
    header: list[str] = []
    try:
        for number, cells in enumerate(reader, start=1):
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = _checked_header(cells, required=required, optional=optional)
                continue
            if len(cells) != len(header):
                raise InvalidInput(
                    f"row {number}: there are {len(cells)} cells for {len(header)} columns."
                )
            yield Row(number, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise InvalidInput(f"row {number + 1}: {error}.") from None
    if not header:
        raise InvalidInput("The file is empty.")


def _checked_header(
    cells: list[str], *, required: Sequence[str], optional: Sequence[str]
) -> list[str]:
    header = [cell.strip().lower() for cell in cells]
    for column in required:
        if column not in header:
            raise InvalidInput(f"row 1: the column {column} is missing.")
    for position, column in enumerate(header):
        if column not in (*required, *optional):
            raise InvalidInput(f"row 1, column {column or position + 1}: there is no such column.")
        if column in header[:position]:
            raise InvalidInput(f"row 1, column {column}: it stands there twice.")
    return header
