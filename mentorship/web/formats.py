"""How instants are written for people, in their own time zone."""

from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from flask import Flask


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
    """Like "09:05"."""
    return f"{instant.astimezone(_zone(timezone)):%H:%M}"


def zone(instant: datetime, timezone: str) -> str:
    """The zone's short name at that instant, like "CET" or "UTC+05:45"."""
    local = instant.astimezone(_zone(timezone))
    name = local.tzname() or ""
    return name if name[:1].isalpha() else f"UTC{local:%z}"[:6] + ":" + f"{local:%z}"[3:5]


def iso(instant: datetime) -> str:
    """For `<time datetime>`: UTC, to the second."""
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
