"""Time zones: the rules of the pinned `tzdata` package, and names that mean the same everywhere.

A machine's zone files are as old as the machine, and two machines differ. So importing this module
turns them off for the whole process, libraries included; nothing else makes a zone.
"""

import zoneinfo
from collections.abc import Mapping
from datetime import tzinfo
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import tzdata
from babel.core import get_global

zoneinfo.reset_tzpath(to=())
zoneinfo.ZoneInfo.clear_cache()  # Drop zones that were made before this module was imported.

UTC_NAME = "UTC"

RULES = tzdata.IANA_VERSION
"""The release of the rules, like "2026f"."""

_DATA = files("tzdata") / "zoneinfo"
_NOT_A_PLACE = "Factory"
"""The name on machines where no zone was ever set."""


@cache
def zone_of(name: str) -> tzinfo:
    """The zone with this IANA name. Raises ZoneInfoNotFoundError or ValueError for another one."""
    return zoneinfo.ZoneInfo(name)


@cache
def places() -> tuple[str, ...]:
    """The names that people can choose: each place of the world once (zone.tab), and UTC."""
    rows = (line.split("\t") for line in _table("zone.tab") if not line.startswith("#"))
    return (*sorted(row[2] for row in rows), UTC_NAME)


@cache
def current_names() -> Mapping[str, str]:
    """Today's name for each known name: "Europe/Kyiv" for "Europe/Kiev"."""
    names = zoneinfo.available_timezones() - {_NOT_A_PLACE}
    return MappingProxyType({name: _current(name) for name in names})


def current_name(name: str) -> str | None:
    """Today's name of a zone; None if the name is unknown, or known to this machine alone."""
    return current_names().get(name)


def known_name(name: str) -> str:
    """Like `current_name`, but UTC in place of None: for stored names."""
    return current_name(name) or UTC_NAME


@cache
def renamed() -> Mapping[str, str]:
    """The old names, which browsers may still report, each with today's name."""
    return {old: name for old, name in sorted(current_names().items()) if old != name}


def _current(name: str) -> str:
    """Today's name in Unicode's table of renamed zones.

    The links of tzdata may lead to another country.
    """
    if name in places():
        return name
    found = _same_places().get(name) or _links().get(name, name)
    return UTC_NAME if found in ("Etc/UTC", "Etc/GMT") else found


@cache
def _same_places() -> Mapping[str, str]:
    """From each name to the place of zone.tab that CLDR considers the same."""
    canonical: Mapping[str, str] = get_global("zone_aliases")
    place_of = {canonical.get(place, place): place for place in places()}
    return {name: place_of[root] for name, root in canonical.items() if root in place_of} | place_of


@cache
def _links() -> Mapping[str, str]:
    """The links of tzdata.zi, from an old name to the zone with the same rules."""
    rows = (line.split() for line in _table("tzdata.zi") if line.startswith("L "))
    return {alias: target for _, target, alias in rows}


def _table(name: str) -> list[str]:
    return (_DATA / name).read_text(encoding="utf-8").splitlines()
