"""How messages and instants are written for the person who makes the request."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby
from typing import Protocol, TypeVar

from babel import Locale, UnknownLocaleError
from flask import Flask, g, request
from markupsafe import Markup

from mentorship.adapters import translations
from mentorship.adapters.markdown import html_of
from mentorship.domain.shared import time_format
from mentorship.domain.shared.calendar_weeks import local_day
from mentorship.domain.shared.errors import ProductError
from mentorship.domain.shared.locales import HourCycle
from mentorship.domain.shared.messages import N_
from mentorship.web.http.locale import accepted_languages, language, reader


class _HasStart(Protocol):
    @property
    def start_time(self) -> datetime: ...


T = TypeVar("T", bound=_HasStart)


def init_app(app: Flask) -> None:
    """Give templates the filters."""
    app.add_template_filter(day, "day")
    app.add_template_filter(by_day, "by_day")
    app.add_template_filter(near_day, "near_day")
    app.add_template_filter(clock, "clock")
    app.add_template_filter(zone, "zone")
    app.add_template_filter(clock_beside, "clock_beside")
    app.add_template_filter(hours, "hours")
    app.add_template_filter(moment, "moment")
    app.add_template_filter(precise_clock, "precise_clock")
    app.add_template_filter(duration, "duration")
    app.add_template_filter(markdown, "markdown")
    app.add_template_filter(iso, "iso")
    app.add_template_filter(date_words, "date_words")
    app.add_template_filter(hour, "hour")
    app.add_template_filter(translate, "translate")


def translate(message: str | ProductError) -> str:
    """A message in the language and the time format of the request."""
    if isinstance(message, ProductError):
        message = message.message
    return translations.say(message, language(), hour_cycle())


def clock(instant: datetime, timezone: str) -> str:
    """Like "09:05", or "9:05 AM" on the viewer's 12-hour clock."""
    return time_format.clock(instant, timezone, hour_cycle())


def zone(instant: datetime, timezone: str) -> str:
    """The zone's short name at that instant, like "CET", as the reader's language writes it."""
    return time_format.zone(instant, timezone, language())


def clock_beside(instant: datetime, other: datetime, timezone: str) -> str:
    """Like `clock`, with the zone if that differs from the zone of the other instant."""
    name = zone(instant, timezone)
    written = clock(instant, timezone)
    return written if name == zone(other, timezone) else f"{written} {name}"


def hours(start: datetime, end: datetime, timezone: str) -> str:
    """Like "9:05 AM - 10:05 AM", to be followed by the zone of the end."""
    return translations.hours(start, end, timezone, language(), hour_cycle())


def moment(instant: datetime, timezone: str) -> str:
    """Like "Tue 24 Nov 2026, 9:05 AM CET"."""
    return translations.moment(instant, timezone, language(), hour_cycle())


def precise_clock(instant: datetime, timezone: str) -> str:
    """Like "9:05:00.4 AM": a time of day to the second, with tenths if it is not whole."""
    return time_format.precise_clock(instant, timezone, language(), hour_cycle())


def duration(span: timedelta) -> str:
    """Like "0.4 s" or "2 h 5 min"."""
    return time_format.duration(span, language())


def markdown(text: str) -> Markup:
    """Somebody's Markdown as HTML that is safe to show to others."""
    return Markup(html_of(text))  # noqa: S704  # It was cleaned.


def day(instant: datetime, timezone: str) -> str:
    """Like "Tue 24 Nov 2026", or "Di., 24. Nov. 2026" in German."""
    return translations.day(instant, timezone, language())


def by_day(cards: Iterable[T], timezone: str, now: datetime) -> list[tuple[str, str, list[T]]]:
    """Sessions in their order, by day: the day in ISO 8601 and in words, and its sessions."""
    today = local_day(now, timezone)
    return [
        (calendar_day.isoformat(), day_heading(calendar_day, today), list(found))
        for calendar_day, found in groupby(
            cards, key=lambda card: local_day(card.start_time, timezone)
        )
    ]


def near_day(instant: datetime, timezone: str, now: datetime) -> str:
    """The day of an instant as `by_day` writes it."""
    return day_heading(local_day(instant, timezone), local_day(now, timezone))


def day_heading(calendar_day: date, today: date) -> str:
    """Like "Today", "Tomorrow" or "Mon 7 Dec"; with the year where that is a year away."""
    near = _NEAR_DAYS.get((calendar_day - today).days)
    return translate(near) if near else translations.date_words(calendar_day, language(), today)


_NEAR_DAYS = {-1: N_("Yesterday"), 0: N_("Today"), 1: N_("Tomorrow")}


def date_words(calendar_day: date) -> str:
    """A day of somebody's calendar, as `day` writes an instant."""
    return translations.date_words(calendar_day, language())


def hour(wall: time) -> str:
    """A time of somebody's wall clock, as `clock` writes an instant."""
    return clock(datetime.combine(date.min, wall, UTC), "UTC")


def iso(instant: datetime) -> str:
    """For `<time datetime>`: UTC, to the second."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


def hour_cycle() -> HourCycle:
    """The viewer's choice, or else that of the browser's language; computed once a request."""
    found: HourCycle | None = g.get("hour_cycle")
    if found is None:
        viewer = reader()
        chosen = viewer.hour_cycle if viewer else None
        found = chosen or hour_cycle_of(request.headers.get("Accept-Language", ""))
        g.hour_cycle = found
    return found


def hour_cycle_of(accept_language: str) -> HourCycle:
    """The hour cycle of the first known language (CLDR); the 24-hour clock if none is known."""
    for tag in accepted_languages(accept_language):
        cycle = _hour_cycle_in(tag)
        if cycle:
            return cycle
    return HourCycle.H23


@lru_cache(maxsize=256)
def _hour_cycle_in(tag: str) -> HourCycle | None:
    try:
        pattern = Locale.parse(tag, sep="-").time_formats["short"].pattern
    except (UnknownLocaleError, ValueError):
        return None
    return HourCycle.H12 if re.search("[hK]", re.sub("'[^']*'", "", pattern)) else HourCycle.H23
