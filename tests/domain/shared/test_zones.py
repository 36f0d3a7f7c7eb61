"""Time zones: the pinned rules and no others, today's names, each place once."""

import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.time_format import clock, zone
from mentorship.domain.shared.zones import places
from mentorship.services.shared.text_fields import clean_timezone

WINTER = datetime(2026, 12, 10, 18, tzinfo=UTC)

MACHINES_ALONE = (
    "localtime",
    "Factory",
    "posixrules",
    "right/Europe/Berlin",
    "posix/Europe/Berlin",
)
"""Names that some machines know, and that say nothing elsewhere."""

NO_NAMES = (
    "tzdata.zi",
    "zone.tab",
    "Europe",
    "../UTC",
    "/etc/localtime",
    "\x00",
    "UTC\n/",
    "a" * 5000,
)

OPENED = """
import sys
opened = set()
sys.addaudithook(lambda what, given: what == "open" and opened.add(str(given[0])))
import mentorship, mentorship.schemas.base, mentorship.services.mail.compose
from mentorship.domain.shared.time_format import clock
from mentorship.domain.accounts.viewers import HourCycle
from datetime import UTC, datetime
from zoneinfo import ZoneInfo
import dateutil.tz
print(clock(datetime(2026, 12, 10, 18, tzinfo=UTC), "America/Vancouver", HourCycle.H23))
print(datetime(2026, 12, 10, 18, tzinfo=UTC).astimezone(ZoneInfo("America/Vancouver")).hour)
print(sorted(path for path in opened if "share/zoneinfo" in path or "lib/zoneinfo" in path))
"""


def test_vancouver_reads_what_the_pinned_rules_say():
    assert clock(WINTER, "America/Vancouver", HourCycle.H12) == "11:00\xa0AM"
    assert zone(WINTER, "America/Vancouver", Language.EN) == "MST"


@pytest.mark.parametrize("path", ["/usr/share/zoneinfo", None])
def test_no_process_of_ours_reads_the_zone_files_of_the_machine(path):
    environment = {**os.environ, "PYTHONTZPATH": path} if path else None
    command = [sys.executable, "-c", OPENED]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)

    assert done.stdout.split("\n")[:3] == ["11:00", "11", "[]"]


@pytest.mark.parametrize("name", [*MACHINES_ALONE, *NO_NAMES])
def test_a_name_that_only_a_machine_knew_is_refused(name):
    with pytest.raises(InvalidInput, match="is not a time zone like Europe/Berlin"):
        clean_timezone(name)


@pytest.mark.parametrize(
    ("old", "now"),
    [
        ("Europe/Kiev",          "Europe/Kyiv"),
        ("Europe/Uzhgorod",      "Europe/Kyiv"),
        ("Asia/Calcutta",        "Asia/Kolkata"),
        ("Asia/Saigon",          "Asia/Ho_Chi_Minh"),
        ("America/Godthab",      "America/Nuuk"),
        ("America/Buenos_Aires", "America/Argentina/Buenos_Aires"),
        ("US/Pacific",           "America/Los_Angeles"),
        ("PST8PDT",              "America/Los_Angeles"),
        ("Iceland",              "Atlantic/Reykjavik"),
        ("Pacific/Truk",         "Pacific/Chuuk"),
        ("GB",                   "Europe/London"),
        ("CET",                  "Europe/Brussels"),
        ("Etc/UTC",              "UTC"),
        ("Zulu",                 "UTC"),
        ("GMT",                  "UTC"),
        ("Europe/Stockholm",     "Europe/Stockholm"),
        ("Europe/Kyiv",          "Europe/Kyiv"),
        ("Etc/GMT-3",            "Etc/GMT-3"),
        ("",                     "UTC"),
    ],
)  # fmt: skip
def test_an_old_name_becomes_todays(old, now):
    assert clean_timezone(f" {old} ") == now


def test_the_list_offers_each_place_once():
    offered = places()

    assert len(set(offered)) == len(offered)
    assert {"UTC", "Europe/Kyiv", "Europe/Stockholm", "Asia/Kolkata"} <= set(offered)
    assert [name for name in offered if clean_timezone(name) != name] == []
    assert not {"Europe/Kiev", "Asia/Calcutta", "Atlantic/Jan_Mayen"} & set(offered)
    assert not [name for name in offered if name.startswith(("Etc/", "US/", "SystemV/"))]
