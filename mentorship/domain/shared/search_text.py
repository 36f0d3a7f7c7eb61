"""Folding of texts, so that a search does not depend on case and accents."""

import re
import unicodedata

LONGEST_WORD = 60
"""Characters; longer words are cut, both in stored texts and in searches."""

LAST = "\U0010ffff"
"""Sorts after every character of a word: `word` to `word + LAST` are all that begin with `word`."""

# Letters that Unicode does not decompose into a plain letter and an accent.
_PLAIN = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "\u0131": "i",
        "ħ": "h",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)
_WORD = re.compile(r"[^\W_]+[+#]*")


def fold(text: str) -> str:
    """`text` without case and accents (Unicode, caseless compatibility matching)."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(each for each in apart if not unicodedata.category(each).startswith("M"))
    return plain.casefold().translate(_PLAIN)


def folded_words(*texts: str) -> frozenset[str]:
    """The folded words of these texts; C++ and C# are words of their own."""
    return frozenset(found[:LONGEST_WORD] for text in texts for found in _WORD.findall(fold(text)))
