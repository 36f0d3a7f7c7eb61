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
    """The start and end of something, both aware and in the reader's zone."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Month:
    """The month that contains this day."""

    day: date


@dataclass(frozen=True)
class Precise:
    """A time of day to the second, or to the tenth of a second if it is not whole.

    Aware and in the reader's zone. The day is left out if `beside`, an instant in the same zone, is
    on the same day.
    """

    instant: datetime
    beside: datetime

    @property
    def is_another_day(self) -> bool:
        """Whether the day must be written as well."""
        return self.instant.date() != self.beside.date()


class Message(str):
    """A text with `%(name)s` for its `values`: words, numbers, other messages, times, spans.

    Instants are aware and in the reader's zone; times, days and months are those of a wall clock
    and calendar.
    """

    text: str
    plural: str | None
    values: dict[str, object]

    def __new__(cls, text: str, plural: str | None = None, /, **values: object) -> Self:
        """With `plural`, the value `n` decides between the two texts."""
        chosen = text if plural is None or values["n"] == 1 else plural
        plain = {name: _in_english(value) for name, value in values.items()}
        made = super().__new__(cls, chosen % plain if values else chosen)
        made.text, made.plural, made.values = text, plural, values
        return made

    @property
    def number(self) -> int:
        """The number that decides between the singular and the plural."""
        number = self.values["n"]
        assert isinstance(number, int)
        return number


def N_(text: str, /, **values: object) -> Message:  # noqa: N802  # Named as in GNU gettext.
    """A text marked for translation, before its reader is known."""
    return Message(text, **values)


def ngettext(text: str, plural: str, /, n: int, **values: object) -> Message:
    """Like `N_`, for a text that depends on the number `n`."""
    return Message(text, plural, n=n, **values)


def joined(*messages: str) -> Message:
    """The messages, one after the other, as one."""
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
