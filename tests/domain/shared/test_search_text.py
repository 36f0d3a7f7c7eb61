"""Words are found however case, accents and letters are written."""

import pytest

from mentorship.domain.shared.search_text import fold, folded_words


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Müller", "muller"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Žižek", "zizek"),
        ("Łódź", "lodz"),
        ("Ærø", "aero"),
        ("ﬁne", "fine"),
        ("İstanbul", "istanbul"),
    ],
)
def test_a_word_is_folded(written, folded):
    assert fold(written) == folded


def test_words_are_cut_at_what_is_no_letter_and_keep_the_names_of_languages():
    assert folded_words("C++ and C#, Node.js", "first-year") == {
        "c++",
        "and",
        "c#",
        "node",
        "js",
        "first",
        "year",
    }
    assert folded_words("", "…!") == frozenset()
    assert {len(word) for word in folded_words("x" * 500)} == {60}
