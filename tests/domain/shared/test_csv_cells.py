"""No cell that we write is a formula, and each can be read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentorship.domain.shared.csv_cells import escaped, unescaped

FORMULAS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1+1", "\uff0b1", "\uff0d1",
    "\uff201",
)  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_begins_with_an_apostrophe(text):
    assert escaped(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Writing", "'tis", "1-1", "a=b", "Größe", "''"])
def test_other_texts_stay_as_they_are(text):
    assert escaped(text) == unescaped(text) == text


@given(st.text(st.sampled_from("'=+-@\t\ra "), max_size=5))
def test_every_text_can_be_read_back(text):
    assert unescaped(escaped(text)) == text
    assert escaped(text)[:1] not in tuple("=+-@\t\r")
