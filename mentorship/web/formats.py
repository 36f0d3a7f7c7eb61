"""How instants are written for people, in their own time zone."""

import re
from datetime import UTC, date, datetime, time
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from flask import Flask, g, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from mentorship.domain import instants
from mentorship.domain.instants import day, zone
from mentorship.domain.people import HourCycle
from mentorship.web.identity import current_viewer


def init_app(app: Flask) -> None:
    """Give templates the filters."""
    app.add_template_filter(day, "day")
    app.add_template_filter(clock, "clock")
    app.add_template_filter(zone, "zone")
    app.add_template_filter(iso, "iso")
    app.add_template_filter(date_words, "date_words")
    app.add_template_filter(hour, "hour")


def clock(instant: datetime, timezone: str) -> str:
    """Like "09:05", or "9:05 AM" where the viewer counts hours so."""
    return instants.clock(instant, timezone, hour_cycle())


def date_words(calendar_day: date) -> str:
    """A day of somebody's calendar, like "Tue 24 Nov 2026"."""
    return day(datetime.combine(calendar_day, time(), UTC), "UTC")


def hour(wall: time) -> str:
    """A time of somebody's wall clock, as `clock` writes an instant."""
    return clock(datetime.combine(date.min, wall, UTC), "UTC")


def iso(instant: datetime) -> str:
    """For `<time datetime>`: UTC, to the second."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def hour_cycle() -> HourCycle:
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
