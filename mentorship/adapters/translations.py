"""The languages of people: what the catalogs say, and dates as each language writes them."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from pathlib import Path

from babel.dates import format_date
from babel.support import NullTranslations, Translations

from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.messages import Message, Month, Precise, Span
from mentorship.domain.shared.time_format import clock, precise_clock, zone
from mentorship.domain.shared.zones import UTC_NAME, zone_of

FOLDER = Path(__file__).parents[1] / "translations"
"""The catalogs; English has none, because the source is in English."""

# British order without its comma, and what CLDR has for German (skeleton yMMMEd).
_DATE_PATTERNS = {Language.EN: "EEE d MMM y", Language.DE: "EEE, d. MMM y"}

_SHORT_PATTERNS = {Language.EN: "EEE d MMM", Language.DE: "EEE, d. MMM"}
"""For a second day of the same year, and for days that are near."""

_A_YEAR = timedelta(days=365)


@cache
def catalog_of(language: Language) -> NullTranslations:
    """The texts of a language, read once a process."""
    return Translations.load(FOLDER, [language.value])


def say(message: str, language: Language | None, cycle: HourCycle | None = HourCycle.H23) -> str:
    """The sentence in the reader's language (None: English), times by the reader's hour cycle."""
    language, cycle = language or Language.EN, cycle or HourCycle.H23
    if not message:
        return ""  # For an empty text, gettext returns the catalog's header.
    catalog = catalog_of(language)
    if not isinstance(message, Message):
        return str(catalog.gettext(message))
    values = {name: _value(value, language, cycle) for name, value in message.values.items()}
    if message.plural is None:
        text = catalog.gettext(message.text)
    else:
        text = catalog.ngettext(message.text, message.plural, message.number)
    return str(text % values if values else text)


def _value(value: object, language: Language, cycle: HourCycle) -> object:
    if isinstance(value, Message):
        return say(value, language, cycle)
    if isinstance(value, datetime):
        at = str(value.tzinfo)  # The text of a ZoneInfo is its IANA name.
        return moment(value, at, language, cycle)
    if isinstance(value, Span):
        return span(value.start, value.end, str(value.start.tzinfo), language, cycle)
    if isinstance(value, date):
        return date_words(value, language)
    if isinstance(value, Month):
        return format_date(value.day, "LLLL y", locale=language.value)
    if isinstance(value, Precise):
        at = precise_clock(value.instant, str(value.instant.tzinfo), language, cycle)
        return f"{date_words(value.instant.date(), language)}, {at}" if value.is_another_day else at
    if isinstance(value, time):
        return clock(datetime.combine(date.min, value, UTC), UTC_NAME, cycle)
    return value


def moment(instant: datetime, timezone: str, language: Language, cycle: HourCycle) -> str:
    """Like "Tue 24 Nov 2026, 9:05 AM CET"."""
    at = f"{clock(instant, timezone, cycle)} {zone(instant, timezone, language)}"
    return f"{day(instant, timezone, language)}, {at}"


def span(
    start: datetime, end: datetime, timezone: str, language: Language, cycle: HourCycle
) -> str:
    """Like "Tue 24 Nov 2026, 9:05 AM - 10:05 AM CET"."""
    return f"{day(start, timezone, language)}, {from_to(start, end, timezone, language, cycle)}"


def from_to(
    start: datetime, end: datetime, timezone: str, language: Language, cycle: HourCycle
) -> str:
    """Like "9:05 AM - 10:05 AM CET": `hours` with the zone of the end."""
    return f"{hours(start, end, timezone, language, cycle)} {zone(end, timezone, language)}"


@lru_cache(16_384)
def hours(
    start: datetime, end: datetime, timezone: str, language: Language, cycle: HourCycle
) -> str:
    """Like "9:05 AM - 10:05 AM", to be followed by the zone of the end.

    If they differ, the beginning shows its own zone and the end its own day.
    """
    begins, ends = clock(start, timezone, cycle), clock(end, timezone, cycle)
    if (name := zone(start, timezone, language)) != zone(end, timezone, language):
        begins = f"{begins} {name}"
    here = zone_of(timezone)
    first, last = start.astimezone(here).date(), end.astimezone(here).date()
    if last != first:
        patterns = _SHORT_PATTERNS if last.year == first.year else _DATE_PATTERNS
        ends = f"{format_date(last, patterns[language], locale=language.value)}, {ends}"
    return f"{begins} – {ends}"  # noqa: RUF001  # A dash between times.


@lru_cache(16_384)  # A page shows the same days to all its readers.
def day(instant: datetime, timezone: str, language: Language) -> str:
    """Like "Tue 24 Nov 2026" or "Di., 24. Nov. 2026"."""
    return date_words(instant.astimezone(zone_of(timezone)).date(), language)


@lru_cache(4096)
def date_words(calendar_day: date, language: Language, today: date | None = None) -> str:
    """A day of somebody's calendar, as `day` writes an instant.

    Where it is given and less than a year away from the day, the year is left out.
    """
    is_near = today is not None and abs(calendar_day - today) < _A_YEAR
    patterns = _SHORT_PATTERNS if is_near else _DATE_PATTERNS
    return format_date(calendar_day, patterns[language], locale=language.value)
