"""Poll cursors as text and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.domain.shared.errors import InvalidInput

numbers = st.integers(min_value=0, max_value=10**18 - 1)


@given(st.builds(PollCursor, numbers, st.tuples(numbers, numbers)))
def test_a_place_is_read_back_as_it_was_written(seen):
    assert PollCursor.parse(str(seen)) == seen


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "1.2.",
        ".1.2",
        "-1.2.3",
        "1.2.x",
        " 1.2.3",
        "1.2.3\n",
        "1,2,3",
        "1.2.3e1",
        "\u0663.1.1",
        f"{10**18}.1.1",
        f"1.1.{10**20}",
        "1.2.3\x00",
    ],
)
def test_anything_else_is_refused_with_a_sentence(text):
    with pytest.raises(InvalidInput, match=r"'seen'.*\.$"):
        PollCursor.parse(text)


@given(st.text(max_size=30))
def test_no_text_makes_it_fail_in_another_way(text):
    try:
        seen = PollCursor.parse(text)
    except InvalidInput:
        return
    assert [int(part) for part in text.split(".")] == [seen.last_change_id, *seen.fingerprint]
