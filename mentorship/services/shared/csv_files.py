"""Reading CSV files as spreadsheets write them; every error names the row and the column."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from mentorship.domain.shared.errors import InvalidInput

T = TypeVar("T")

_SEPARATORS = (",", ";", "\t")
_SEPARATOR_LINE = re.compile(r'"?sep=(?P<separator>[^\w\s"]|\t)"?[,;\t]*(\r\n?|\n)', re.IGNORECASE)
"""A first line that Excel reads and does not show; it does not count as a row."""

_NAMES = {"\t": "a tab"}
_NOT_TEXT = re.compile("[\ud800-\udfff]")

Watch = Callable[[Sequence["Row"]], Iterable["Row"]]
"""Yields the rows, and may show the progress."""


@dataclass(frozen=True)
class Row:
    """A row of the file. `number` is that of a spreadsheet, in which the header is row 1."""

    number: int
    cells: dict[str, str]

    def read(self, column: str, parse: Callable[[str], T]) -> T:
        """The parsed cell; a missing optional column is empty. Raises InvalidInput."""
        try:
            return parse(self.cells.get(column, ""))
        except InvalidInput as error:
            raise self.wrong(column, str(error)) from None

    def wrong(self, column: str, message: str) -> InvalidInput:
        """An error about this cell, to raise."""
        return _wrong(self.number, column, message)


def read_rows(
    content: bytes,
    *,
    required: Sequence[str],
    optional: Sequence[str],
    ignored: Sequence[str] = (),
) -> Iterator[Row]:
    """The rows below the header, without empty rows and without spaces around cells.

    The file is UTF-8 or UTF-16, separated by commas, semicolons or tabs, which is detected. The
    columns may be in any order. Cells of optional columns may be missing at the end of a row, and
    empty columns without a name are ignored, as are those named in `ignored`.

    Raises InvalidInput for other encodings, missing, unknown or repeated columns, and rows with
    too many or too few cells.
    """
    text, encoding = _decoded(content)
    separators: Sequence[str] = _SEPARATORS
    if line := _SEPARATOR_LINE.match(text):
        text, separators = text[line.end() :], (line["separator"], *_SEPARATORS)
    separator = _separator(text, separators, {*required, *optional})
    header: list[str] = []
    try:
        for number, cells in enumerate(_reader(text, separator), start=1):
            for position, cell in enumerate(cells):
                if _NOT_TEXT.search(cell):
                    column = _column(header, position)
                    raise _wrong(number, column, f"this cell is not {encoding} text.")
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if not header:
                header = _checked_header(cells, required=required, optional=(*optional, *ignored))
                continue
            yield _row(number, cells, header, separator, required=required)
    except csv.Error as error:
        number, position = _unreadable(text, separator)
        column = _column(header, position)
        raise _wrong(number, column, f"this cell cannot be read: {error}.") from None
    if not header:
        raise InvalidInput("The file is empty.")


def _decoded(content: bytes) -> tuple[str, str]:
    """The text and its encoding. Undecodable bytes become surrogates, which are refused later."""
    has_mark = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    # Without a byte order mark, the zero byte of the header's first letter (ASCII) shows it.
    if has_mark or b"\0" in content[:2]:
        encoding = "utf-16" if has_mark else f"utf-16-{'be' if content[0] == 0 else 'le'}"
        try:
            return content.decode(encoding, "surrogatepass"), "UTF-16"
        except UnicodeDecodeError:
            raise InvalidInput("The file ends in the middle of a character (UTF-16).") from None
    return content.decode("utf-8-sig", "surrogateescape"), "UTF-8"


def _separator(text: str, separators: Sequence[str], known: set[str]) -> str:
    """The separator with which the header has the most known columns."""

    def columns(separator: str) -> int:
        try:
            rows = ([cell.strip().lower() for cell in row] for row in _reader(text, separator))
            header = next(islice(filter(any, rows), 1), [])
        except csv.Error:
            return 0
        return len(known.intersection(header))

    return max(separators, key=columns)  # The first one wins a tie.


def _reader(text: str, separator: str) -> Iterator[list[str]]:
    # Not `splitlines`, which also splits at form feeds and Unicode line separators.
    lines = io.StringIO(text, newline="")
    return csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)


def _row(
    number: int, cells: list[str], header: list[str], separator: str, *, required: Sequence[str]
) -> Row:
    for position, cell in enumerate(cells):
        if cell and position >= len(header):
            raise _wrong(number, position + 1, f"there are only {len(header)} columns.")
        if cell and not header[position]:
            raise _wrong(number, position + 1, "this column has no name in the header.")
    missing = next((name for name in header[len(cells) :] if name in required), None)
    if missing is not None:
        others = (other for other in _SEPARATORS if other != separator)
        if len(cells) == 1 and any(other in cells[0] for other in others):
            name = _NAMES.get(separator, f"'{separator}'")
            raise InvalidInput(f"row {number}: this row is not separated by {name} as the header.")
        raise _wrong(number, missing, "the cell is missing.")
    return Row(number, {name: cell for name, cell in zip(header, cells, strict=False) if name})


def _wrong(number: int, column: str | int, message: str) -> InvalidInput:
    return InvalidInput(f"row {number}, column {column}: {message}")


def _column(header: list[str], position: int) -> str | int:
    """The name of a column, or its number if it has no name."""
    return (header[position] if position < len(header) else "") or position + 1


def _unreadable(text: str, separator: str) -> tuple[int, int]:
    """Row and position of the first cell that is too long or wrongly quoted.

    Python's reader says what is wrong, but not where.
    """
    mark = re.escape(separator)
    cells = re.compile(rf' *("(?:[^"]+|"")*+"|[^"{mark}\r\n][^{mark}\r\n]*|)({mark}|\r\n?|\n)')
    number, position, at = 1, 0, 0
    while (cell := cells.match(text, at)) and len(cell[1]) <= csv.field_size_limit():
        at = cell.end()
        number, position = (number, position + 1) if cell[2] == separator else (number + 1, 0)
    return number, position


def _checked_header(
    cells: list[str], *, required: Sequence[str], optional: Sequence[str]
) -> list[str]:
    """The names of the columns up to the last that has one; a column without a name has ""."""
    header = [cell.lower() for cell in cells]
    while not header[-1]:
        header.pop()
    for column in required:
        if column not in header:
            raise InvalidInput(f"row 1: the column {column} is missing.")
    for position, column in enumerate(header):
        if column and column not in (*required, *optional):
            raise _wrong(1, column, "there is no such column.")
        if column and column in header[:position]:
            raise _wrong(1, column, "it stands there twice.")
    return header
