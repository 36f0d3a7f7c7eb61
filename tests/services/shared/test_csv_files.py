"""CSV files as spreadsheets write them; every error names its row and its column."""

import codecs

import pytest

from mentorship.domain.shared.errors import InvalidInput
from mentorship.services.shared.csv_files import read_rows

LINES = "name,email\nKim,kim@example.org\n"
KIM = {"name": "Kim", "email": "kim@example.org"}


def rows(content, *, required=("name", "email"), optional=("role",)):
    content = content if isinstance(content, bytes) else content.encode()
    return [
        (row.number, row.cells) for row in read_rows(content, required=required, optional=optional)
    ]


@pytest.mark.parametrize(
    "content",
    [
        LINES,
        LINES.replace(",", ";"),
        LINES.replace(",", "\t"),
        LINES.replace("\n", "\r\n"),
        LINES.replace("\n", "\r"),
        LINES.removesuffix("\n"),
        "NAME , Email\n Kim , kim@example.org \n",
        '"name","email"\n"Kim","kim@example.org"\n',
        "name,email,,\nKim,kim@example.org,,\n",
        codecs.BOM_UTF8 + LINES.encode(),
        codecs.BOM_UTF16_LE + LINES.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + LINES.encode("utf-16-be"),
        LINES.encode("utf-16-le"),
        LINES.encode("utf-16-be"),
    ],
)
def test_a_file_is_read_however_a_spreadsheet_wrote_it(content):
    assert rows(content) == [(2, KIM)]


def test_a_first_line_for_excel_is_no_row_and_names_the_separator():
    assert rows("sep=|\nname|email\nKim|kim@example.org\n") == [(2, KIM)]


def test_rows_are_counted_as_a_spreadsheet_does_and_empty_ones_left_out():
    assert rows("name,email\n\nKim,kim@example.org\n,\nKim,kim@example.org\n") == [
        (3, KIM),
        (5, KIM),
    ]


def test_columns_come_in_any_order_and_optional_cells_may_be_missing():
    assert rows("email,name,role\nkim@example.org,Kim\n") == [(2, KIM)]
    assert rows("role,email,name\nmentor,kim@example.org,Kim\n") == [(2, KIM | {"role": "mentor"})]


def test_a_quoted_cell_may_contain_separators_quotes_and_line_breaks():
    [(_, cells)] = rows('name,email\n"Kim, ""K""\nLee",kim@example.org\n')

    assert cells["name"] == 'Kim, "K"\nLee'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "The file is empty."),
        ("\n \n", "The file is empty."),
        ("name\nKim\n", "row 1: the column email is missing."),
        ("name,email,age\n", "row 1, column age: there is no such column."),
        ("name,email,name\n", "row 1, column name: it stands there twice."),
        ("name,email\nKim\n", "row 2, column email: the cell is missing."),
        ("name,email\nKim,k@example.org,3\n", "row 2, column 3: there are only 2 columns."),
        (
            "name,,email\nKim,3,k@example.org\n",
            "row 2, column 2: this column has no name in the header.",
        ),
        (
            "name,email\nKim;k@example.org\n",
            "row 2: this row is not separated by ',' as the header.",
        ),
        (b"name,email\nK\xefm,k@example.org\n", "row 2, column name: this cell is not UTF-8 text."),
        (LINES.encode("utf-16-le")[:-1], "The file ends in the middle of a character (UTF-16)."),
    ],
)
def test_an_error_names_its_row_and_its_column(content, message):
    with pytest.raises(InvalidInput) as refused:
        rows(content)

    assert str(refused.value) == message


def test_a_cell_with_a_wrong_quote_is_found():
    with pytest.raises(InvalidInput, match=r"^row 3, column email: this cell cannot be read: "):
        rows('name,email\nKim,kim@example.org\nLee,"lee"@example.org\n')


def test_an_error_of_a_parser_gets_the_place_of_its_cell():
    [row] = read_rows(LINES.encode(), required=("name", "email"), optional=("role",))

    def refuse(text):
        raise InvalidInput(f"'{text}' will not do.")

    assert row.read("role", str.upper) == ""
    with pytest.raises(InvalidInput, match=r"^row 2, column name: 'Kim' will not do\.$"):
        row.read("name", refuse)
