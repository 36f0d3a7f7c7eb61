"""Reading CSV files so that every complaint names its row and its column."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mentorship.domain.errors import InvalidInput

T = TypeVar("T")

_CELL = re.compile(r"""("(?:[^"]+|"")*+"|[^",\r\n][^,\r\n]*|)(,|\r\n?|\n)""")
_NOT_UTF8 = re.compile("[\udc80-\udcff]")

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
        return _wrong(self.number, column, sentence)


def read_rows(content: bytes, *, required: Sequence[str], optional: Sequence[str]) -> Iterator[Row]:
    """The rows of a UTF-8 file with a header, empty lines left out.

    Raises InvalidInput for other encodings, missing, unknown or doubled columns, and rows with
    too many or too few cells.
    """
    text = content.decode("utf-8-sig", "surrogateescape")  # Each cell is asked what it escaped.
    # Not `splitlines`: it would also cut a topic at a form feed or a Unicode line separator.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    try:
        for number, cells in enumerate(reader, start=1):
            for position, cell in enumerate(cells):
                if _NOT_UTF8.search(cell):
                    raise _wrong(number, _column(header, position), "this cell is not UTF-8 text.")
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = _checked_header(cells, required=required, optional=optional)
                continue
            if len(cells) < len(header):
                raise _wrong(number, header[len(cells)], "the cell is missing.")
            if len(cells) > len(header):
                raise _wrong(number, len(header) + 1, f"there are only {len(header)} columns.")
            yield Row(number, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        number, position = _unreadable(text)
        column = _column(header, position)
        raise _wrong(number, column, f"this cell cannot be read: {error}.") from None
    if not header:
        raise InvalidInput("The file is empty.")


def _wrong(number: int, column: str | int, sentence: str) -> InvalidInput:
    return InvalidInput(f"row {number}, column {column}: {sentence}")


def _column(header: list[str], position: int) -> str | int:
    """The name of a column, or its number where it has none, as in the header itself."""
    return header[position] if position < len(header) else position + 1


def _unreadable(text: str) -> tuple[int, int]:
    """Row and position of the first cell that is too long or not quoted as it must be.

    The reader of Python says what is wrong there, but not where.
    """
    number, position, at = 1, 0, 0
    while (cell := _CELL.match(text, at)) and len(cell[1]) <= csv.field_size_limit():
        at = cell.end()
        number, position = (number, position + 1) if cell[2] == "," else (number + 1, 0)
    return number, position


def _checked_header(
    cells: list[str], *, required: Sequence[str], optional: Sequence[str]
) -> list[str]:
    header = [cell.strip().lower() for cell in cells]
    for column in required:
        if column not in header:
            raise InvalidInput(f"row 1: the column {column} is missing.")
    for position, column in enumerate(header):
        if column not in (*required, *optional):
            raise _wrong(1, column or position + 1, "there is no such column.")
        if column in header[:position]:
            raise _wrong(1, column, "it stands there twice.")
    return header
