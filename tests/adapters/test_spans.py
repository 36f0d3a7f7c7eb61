"""From when to when: each end in its own zone, and on its own day where that is another."""

from datetime import datetime

import pytest

from mentorship.adapters.translations import from_to, span
from mentorship.domain.shared.locales import HourCycle, Language

BERLIN, VANCOUVER = "Europe/Berlin", "America/Vancouver"
H12, H23 = HourCycle.H12, HourCycle.H23
EN, DE = Language.EN, Language.DE


def utc(text):
    return datetime.fromisoformat(text + "Z")


@pytest.mark.parametrize(
    ("start", "end", "timezone", "language", "cycle", "written"),
    [
        ("2027-10-31T00:30", "2027-10-31T01:30", BERLIN, EN, H12, "2:30 AM CEST - 2:30 AM CET"),
        ("2027-10-31T00:30", "2027-10-31T01:30", BERLIN, DE, H23, "02:30 MESZ - 02:30 MEZ"),
        ("2027-10-30T23:30", "2027-10-31T00:30", BERLIN, EN, H12, "1:30 AM - 2:30 AM CEST"),
        ("2027-10-31T01:30", "2027-10-31T02:30", BERLIN, EN, H12, "2:30 AM - 3:30 AM CET"),
        ("2027-03-28T00:30", "2027-03-28T01:30", BERLIN, EN, H12, "1:30 AM CET - 3:30 AM CEST"),
        ("2027-03-28T00:30", "2027-03-28T01:00", BERLIN, EN, H12, "1:30 AM CET - 3:00 AM CEST"),
        ("2027-06-01T21:30", "2027-06-01T22:30", BERLIN, EN, H12,
         "11:30 PM - Wed 2 Jun, 12:30 AM CEST"),
        ("2027-06-01T21:30", "2027-06-01T22:30", BERLIN, DE, H23,
         "23:30 - Mi., 2. Juni, 00:30 MESZ"),
        ("2027-12-31T22:30", "2027-12-31T23:30", BERLIN, EN, H23,
         "23:30 - Sat 1 Jan 2028, 00:30 CET"),
        ("2026-11-30T15:00", "2062-11-30T16:00", "UTC", EN, H12,
         "3:00 PM - Thu 30 Nov 2062, 4:00 PM UTC"),
        ("2026-12-10T18:00", "2026-12-10T19:00", VANCOUVER, EN, H12, "11:00 AM - 12:00 PM MST"),
        ("2026-12-10T18:00", "2026-12-10T19:00", "Asia/Kathmandu", EN, H23,
         "23:45 - Fri 11 Dec, 00:45 UTC+05:45"),
    ],
)  # fmt: skip
def test_each_end_has_its_own_zone_and_day(start, end, timezone, language, cycle, written):
    found = from_to(utc(start), utc(end), timezone, language, cycle)
    assert found.replace("\xa0", " ").replace("\N{EN DASH}", "-") == written


@pytest.mark.parametrize(
    ("start", "end", "written"),
    [
        ("2027-10-31T00:30", "2027-10-31T01:30", "Sun 31 Oct 2027, 2:30 AM CEST - 2:30 AM CET"),
        ("2027-06-01T21:30", "2027-06-01T22:30",
         "Tue 1 Jun 2027, 11:30 PM - Wed 2 Jun, 12:30 AM CEST"),
    ],
)  # fmt: skip
def test_a_span_begins_with_its_day(start, end, written):
    found = span(utc(start), utc(end), BERLIN, EN, H12)
    assert found.replace("\xa0", " ").replace("\N{EN DASH}", "-") == written
