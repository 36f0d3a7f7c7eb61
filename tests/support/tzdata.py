"""A different release of the time zone rules, for a while."""

import zoneinfo
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import pytest

from mentorship.adapters import translations
from mentorship.domain.shared import time_format, zones


@contextmanager
def other_rules(folder: Path, rules_of: Mapping[str, str], *, release: str) -> Iterator[None]:
    """A release in which each zone of `rules_of` has today's rules of the other zone."""
    for name, other in rules_of.items():
        file = folder / release / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(files("tzdata").joinpath("zoneinfo", *other.split("/")).read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zones, "RULES", release)
        _read_from(folder / release)
        try:
            yield
        finally:
            _read_from()


def _read_from(*path: Path) -> None:
    zoneinfo.reset_tzpath(path)
    zoneinfo.ZoneInfo.clear_cache()
    for kept in (
        zones.zone_of,
        time_format.clock,
        time_format.zone,
        translations.day,
        translations.hours,
    ):
        kept.cache_clear()
