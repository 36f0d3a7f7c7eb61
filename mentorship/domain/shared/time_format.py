"""How instants are written for people: in a time zone, by a hour cycle."""

from datetime import datetime
from functools import lru_cache

from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.zones import zone_of

_remembered = lru_cache(16_384)
"""A cache, because a page shows the same instants to all its readers."""


@_remembered
def clock(instant: datetime, timezone: str, cycle: HourCycle) -> str:
    """Like "09:05", or "9:05 AM" where hours are counted so."""
    local = instant.astimezone(zone_of(timezone))
    hour, minute = local.hour, local.minute
    if cycle is HourCycle.H23:
        return f"{hour:02}:{minute:02}"
    return f"{hour % 12 or 12}:{minute:02}\N{NO-BREAK SPACE}{'AM' if hour < 12 else 'PM'}"


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
"""What German calls the zones of Europe (CLDR); all others keep their names."""
