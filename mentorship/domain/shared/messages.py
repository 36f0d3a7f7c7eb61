"""Messages for people, in English, which the edges can translate.

A message is created where something happens, long before its reader is known. So it keeps its
text, which is the key in the catalogs, and its values. As a `str` it is the English for logs,
commands and programs (decision 13).
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Self


@dataclass(frozen=True)
class Span:
    """From when to when something lasts, both aware and in the zone of whoever will read it."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Month:
    """The month of a wall calendar that has this day."""

    day: date


@dataclass(frozen=True)
class Precise:
    """A time of day to the second, or to the tenth of one where it is not whole.

    Aware and in the zone of whoever will read it. The day is left out where it is that of
    `beside`, an instant in the same zone.
    """

    instant: datetime
    beside: datetime

    @property
    def is_another_day(self) -> bool:
        """Whether its day must be said, too."""
        return self.instant.date() != self.beside.date()


class Message(str):
    """A text with `%(name)s` for its `values`: words, numbers, other messages, times, spans.

    An instant is aware, and in the zone of whoever will read it; a time is one of a wall clock,
    a day or a month one of a wall calendar.
    """

    text: str
    plural: str | None
    values: dict[str, object]

    def __new__(cls, text: str, plural: str | None = None, /, **values: object) -> Self:
        """With `plural`, the value `n` decides between the two."""
        chosen = text if plural is None or values["n"] == 1 else plural
        plain = {name: _in_english(value) for name, value in values.items()}
        made = super().__new__(cls, chosen % plain if values else chosen)
        made.text, made.plural, made.values = text, plural, values
        return made

    @property
    def number(self) -> int:
        """What decides between the singular and the plural."""
        number = self.values["n"]
        assert isinstance(number, int)
        return number


def N_(text: str, /, **values: object) -> Message:  # noqa: N802  # Named as in GNU gettext.
    """A text that is marked for the catalogs, while nobody knows yet who will read it."""
    return Message(text, **values)


def ngettext(text: str, plural: str, /, n: int, **values: object) -> Message:
    """The same where the text depends on the number `n`."""
    return Message(text, plural, n=n, **values)


def joined(*messages: str) -> Message:
    """These, one after the other."""
    parts = {f"part{number}": message for number, message in enumerate(messages)}
    return Message(" ".join(f"%({name})s" for name in parts), **parts)


def _in_english(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value:%a} {value.day} {value:%b %Y, %H:%M %Z}"
    if isinstance(value, Span):
        is_one_day = value.start.date() == value.end.date()
        end = f"{value.end:%H:%M %Z}" if is_one_day else _in_english(value.end)
        return f"{_in_english(value.start)} to {end}"
    if isinstance(value, date):
        return f"{value:%a} {value.day} {value:%b %Y}"
    if isinstance(value, Month):
        return f"{value.day:%B %Y}"
    if isinstance(value, Precise):
        at = value.instant
        clock = f"{at:%H:%M:%S}" + (f".{at.microsecond // 100_000}" if at.microsecond else "")
        return f"{at:%a} {at.day} {at:%b %Y}, {clock}" if value.is_another_day else clock
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return value
