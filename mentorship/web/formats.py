"""How instants are written for people, in their own time zone."""

import re
from datetime import datetime
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from flask import Flask, g, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from mentorship.domain.people import HourCycle
from mentorship.web.identity import current_viewer


def init_app(app: Flask) -> None:
    """Give templates the filters."""
    app.add_template_filter(day, "day")
    app.add_template_filter(clock, "clock")
    app.add_template_filter(zone, "zone")
    app.add_template_filter(iso, "iso")


def day(instant: datetime, timezone: str) -> str:
    """Like "Tue 24 Nov 2026"."""
    local = instant.astimezone(_zone(timezone))
    return f"{local:%a} {local.day} {local:%b %Y}"


def clock(instant: datetime, timezone: str) -> str:
    """Like "09:05", or "9:05 AM" where the viewer counts hours so."""
    local = instant.astimezone(_zone(timezone))
    hour, minute = local.hour, local.minute
    if _hour_cycle() is HourCycle.H23:
        return f"{hour:02}:{minute:02}"
    return f"{hour % 12 or 12}:{minute:02}\N{NO-BREAK SPACE}{'AM' if hour < 12 else 'PM'}"


def zone(instant: datetime, timezone: str) -> str:
    """The zone's short name at that instant, like "CET" or "UTC+05:45"."""
    local = instant.astimezone(_zone(timezone))
    name = local.tzname() or ""
    return name if name[:1].isalpha() else f"UTC{local:%z}"[:6] + ":" + f"{local:%z}"[3:5]


def iso(instant: datetime) -> str:
    """For `<time datetime>`: UTC, to the second."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def _hour_cycle() -> HourCycle:
    """The viewer's own choice, else that of the browser's language; found once a request."""
    found: HourCycle | None = g.get("hour_cycle")
    if found is None:
        viewer = current_viewer()
        chosen = viewer.hour_cycle if viewer else None
        found = chosen or hour_cycle_of(request.headers.get("Accept-Language", ""))
        g.hour_cycle = found
    return found


@lru_cache(maxsize=1024)  # Browsers send a few headers; strangers may send any.
def hour_cycle_of(accept_language: str) -> HourCycle:
    """How the first language that is known counts hours (CLDR); 0 to 23 where none is."""
    for language in parse_accept_header(accept_language, LanguageAccept).values():
        try:
            pattern = Locale.parse(language, sep="-").time_formats["short"].pattern
        except (UnknownLocaleError, ValueError):
            continue
        return HourCycle.H12 if re.search("[hK]", re.sub("'[^']*'", "", pattern)) else HourCycle.H23
    return HourCycle.H23


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
