"""The parts of weak passwords: everyday words, years and runs of keys, in both languages."""

import re
from collections.abc import Iterable

from mentorship.domain.shared.search_text import fold

_WORDS = """
spring summer autumn winter fruhling fruehling fruhjahr fruehjahr sommer herbst
january february march april may june july august september october november december
januar februar marz maerz mai juni juli oktober dezember
monday tuesday wednesday thursday friday saturday sunday weekend
montag dienstag mittwoch donnerstag freitag samstag sonnabend sonntag wochenende
password passwort kennwort passwd pass pwd geheim secret login zugang access anmelden signin
welcome willkommen hello hallo servus start begin test testing change changeme aendern andern
temp letmein open sesam admin administrator root user benutzer nutzer guest gast
student studentin mentor mentorin mentee mentoring mentorship lehrer lehrerin teacher schule school
schuler schueler university universitat universitaet uni college studium office company firma
love iloveyou liebe ichliebedich schatz schatzi mausi baby angel engel princess prinzessin
sunshine sonne sonnenschein star stern dragon drache monkey affe hund dog katze cat tiger
football fussball baseball hockey tennis soccer computer internet windows apple google
family familie freund freunde freundin friend friends mama papa mutter vater mother father
christmas weihnachten easter ostern halloween silvester birthday geburtstag
holiday holidays vacation urlaub ferien
berlin hamburg munchen muenchen koln koeln frankfurt stuttgart dortmund dresden leipzig bremen
wien zurich zuerich bern london paris york germany deutschland austria osterreich oesterreich
switzerland schweiz bayern europe europa england america amerika
"""

_ROWS = (
    "abcdefghijklmnopqrstuvwxyz", "01234567890",
    "qwertyuiop", "qwertzuiopu", "asdfghjkl", "asdfghjkloa", "zxcvbnm", "yxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "1qay2wsx3edc4rfv5tgb6zhn7ujm8ik9ol0p",
    "qazwsxedcrfvtgbyhnujmikolp", "qaywsxedcrfvtgbzhnujmikolp",
    "!@#$%^&*()", '!"§$%&/()=',
)  # fmt: skip
"""Keys beside each other, on English and German keyboards; columns, too."""

_SHORTEST_RUN = 3
_GONE = "\0"
"""Stands for each character that was found to be part of something common."""

_YEAR = re.compile(r"(19|20)\d\d")
_LOOKALIKES = str.maketrans("@4830!|1i$57+", "aabeollllsstt")
"""Signs in place of letters; I, L, 1 and the like count as one letter."""


def uncommon_length(password: str, *, about: Iterable[str]) -> int:
    """How many characters are neither common words, words of `about`, years nor runs of keys.

    Case and accents do not matter, and a sign like "@" counts as the letter that it stands for. A
    repeated character counts once.
    """
    text = fold(password)
    text = _YEAR.sub(lambda year: _GONE * len(year[0]), text)
    for word in _common(about):
        similar = _similar(text)
        at = similar.find(word)
        while at >= 0:
            text = text[:at] + _GONE * len(word) + text[at + len(word) :]
            similar = _similar(text)
            at = similar.find(word)
    text = _without_runs(text)
    return len(re.sub(r"(.)\1+", r"\1", text.replace(_GONE, "")))


def _common(about: Iterable[str]) -> list[str]:
    """The common words, longest first, so that a longer word is found before its beginning."""
    own = re.findall(r"[^\W\d_]{3,}", fold(" ".join(about)))
    return sorted({*map(_similar, own), *_SIMILAR_WORDS}, key=lambda word: (-len(word), word))


def _similar(text: str) -> str:
    return text.translate(_LOOKALIKES)


_SIMILAR_WORDS = frozenset(map(_similar, _WORDS.split()))


def _without_runs(text: str) -> str:
    """`text` without runs of neighbouring keys, in either direction."""
    rest, at = "", 0
    while at < len(text):
        length = _run_at(text, at)
        rest += _GONE * length if length >= _SHORTEST_RUN else text[at]
        at += length if length >= _SHORTEST_RUN else 1
    return rest


def _run_at(text: str, at: int) -> int:
    length = 0
    while at + length < len(text) and any(
        text[at : at + length + 1] in row or text[at : at + length + 1] in row[::-1]
        for row in _ROWS
    ):
        length += 1
    return length
