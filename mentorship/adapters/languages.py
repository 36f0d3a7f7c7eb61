"""The languages of people: what the catalogs say, and dates as each language writes them."""

from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path

from babel.dates import format_date
from babel.support import NullTranslations, Translations

from mentorship.domain.instants import clock, zone
from mentorship.domain.people import HourCycle, Language
from mentorship.domain.sentences import Sentence
from mentorship.domain.zones import zone_of

FOLDER = Path(__file__).parents[1] / "translations"
"""The catalogs; English has none, because the source is in English."""

# British order without its comma, and what CLDR has for German (skeleton yMMMEd).
_DATE_PATTERNS = {Language.EN: "EEE d MMM y", Language.DE: "EEE, d. MMM y"}


@cache
def catalog_of(language: Language) -> NullTranslations:
    """The texts of a language, read once a process."""
    return Translations.load(FOLDER, [language.value])


def say(sentence: str, language: Language | None, cycle: HourCycle | None = HourCycle.H23) -> str:
    """The sentence in the reader's language (None: English), times by the reader's hour cycle."""
    language, cycle = language or Language.EN, cycle or HourCycle.H23
    if not sentence:
        return ""  # Its entry in a catalog is the catalog's own header.
    catalog = catalog_of(language)
    if not isinstance(sentence, Sentence):
        return str(catalog.gettext(sentence))
    values = {name: _value(value, language, cycle) for name, value in sentence.values.items()}
    if sentence.plural is None:
        text = catalog.gettext(sentence.text)
    else:
        text = catalog.ngettext(sentence.text, sentence.plural, sentence.number)
    return str(text % values if values else text)


def _value(value: object, language: Language, cycle: HourCycle) -> object:
    if isinstance(value, Sentence):
        return say(value, language, cycle)
    if isinstance(value, datetime):
        at = str(value.tzinfo)  # Of a ZoneInfo the IANA name.
        return f"{day(value, at, language)}, {clock(value, at, cycle)} {zone(value, at)}"
    return value


@lru_cache(16_384)  # A page writes the same days for everybody who looks at it.
def day(instant: datetime, timezone: str, language: Language) -> str:
    """Like "Tue 24 Nov 2026" or "Di., 24. Nov. 2026"."""
    return date_words(instant.astimezone(zone_of(timezone)).date(), language)


@lru_cache(4096)
def date_words(calendar_day: date, language: Language) -> str:
    """A day of somebody's calendar, as `day` writes an instant."""
    return format_date(calendar_day, _DATE_PATTERNS[language], locale=language.value)
