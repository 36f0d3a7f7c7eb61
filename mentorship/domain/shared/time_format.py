"""How instants are written for people, in a time zone and an hour cycle."""

from datetime import datetime, timedelta
from functools import lru_cache

from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.zones import zone_of

_remembered = lru_cache(16_384)
"""A cache, because a page shows the same instants to all its readers."""


@_remembered
def clock(instant: datetime, timezone: str, cycle: HourCycle) -> str:
    """Like "09:05", or "9:05 AM" on the 12-hour clock."""
    local = instant.astimezone(zone_of(timezone))
    hour, minute = local.hour, local.minute
    if cycle is HourCycle.H23:
        return f"{hour:02}:{minute:02}"
    return f"{hour % 12 or 12}:{minute:02}\N{NO-BREAK SPACE}{'AM' if hour < 12 else 'PM'}"


def precise_clock(instant: datetime, timezone: str, language: Language, cycle: HourCycle) -> str:
    """Like "09:05:00", or "9:05:00.4 AM" if the second is not whole."""
    written, *half = clock(instant, timezone, cycle).split("\N{NO-BREAK SPACE}")
    seconds = f"{instant:%S}"
    if instant.microsecond:
        seconds += _POINT[language] + str(instant.microsecond // 100_000)
    return "\N{NO-BREAK SPACE}".join([f"{written}:{seconds}", *half])


def duration(span: timedelta, language: Language) -> str:
    """Like "0.4 s", "12 s", "3 min" or "2 h 5 min", rounded down."""
    minutes = span // timedelta(minutes=1)
    if minutes >= 60:
        hours, minutes = divmod(minutes, 60)
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if minutes:
        return f"{minutes} min"
    tenths = span // timedelta(milliseconds=100)
    if tenths >= 100 or tenths % 10 == 0:
        return f"{tenths // 10} s"
    return f"{tenths // 10}{_POINT[language]}{tenths % 10} s"


_POINT = {Language.EN: ".", Language.DE: ","}


@_remembered
def zone(instant: datetime, timezone: str, language: Language) -> str:
    """The zone's short name at that instant, like "CET" ("MEZ" in German) or "UTC+05:45"."""
    local = instant.astimezone(zone_of(timezone))
    name = local.tzname() or ""
    if language is Language.DE:
        name = _GERMAN_NAMES.get(name, name)
    return name if name[:1].isalpha() else f"UTC{local:%z}"[:6] + ":" + f"{local:%z}"[3:5]


_GERMAN_NAMES = {
    "WET": "WEZ", "WEST": "WESZ", "CET": "MEZ", "CEST": "MESZ", "EET": "OEZ", "EEST": "OESZ",
}  # fmt: skip
"""The German names of Europe's zones (CLDR); all others keep their names."""
