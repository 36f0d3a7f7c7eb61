"""How instants are written: zones, and hours as the viewer or the browser counts them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import g
from flask_login import login_user

from mentorship import create_app
from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.time_format import zone
from mentorship.web.http.authentication import SignedIn
from mentorship.web.http.formatting import clock, hour_cycle_of
from tests.support.databases import settings_for

MAYA = Viewer(1, frozenset({Role.MENTOR}), "Maya", "maya@example.org", "Europe/Berlin", 0)
MORNING = datetime(2026, 11, 24, 8, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The application; its database is never opened."""
    return create_app(settings_for(f"sqlite:///{tmp_path_factory.mktemp('none') / 'unused.db'}"))


@pytest.mark.parametrize(
    ("accept_language", "cycle"),
    [
        ("en-US,en;q=0.9",            HourCycle.H12),
        ("en",                        HourCycle.H12),
        ("hi-IN",                     HourCycle.H12),
        ("ko-KR",                     HourCycle.H12),
        ("en-GB,en-US;q=0.9",         HourCycle.H23),
        ("en-US;q=0.5, de-DE;q=0.9",  HourCycle.H23),
        ("fr-CA",                     HourCycle.H23),
        ("xx-YY, en-US;q=0.1",        HourCycle.H12),
        ("zh-Hant-TW",                HourCycle.H12),
        ("",                          HourCycle.H23),
        ("*",                         HourCycle.H23),
        ("xx-YY",                     HourCycle.H23),
        ("/etc/passwd, ../../de",     HourCycle.H23),
        ("a" * 5000,                  HourCycle.H23),
        ("en_US@x;q=NaN, \xe9\xff",   HourCycle.H23),
    ],
)  # fmt: skip
def test_the_language_of_the_browser_says_how_hours_are_counted(accept_language, cycle):
    assert hour_cycle_of(accept_language) is cycle


@pytest.mark.parametrize(
    ("accept_language", "chosen", "written"),
    [
        ("en-US", None,           "9:05\xa0AM"),
        ("de-DE", None,           "09:05"),
        ("en-US", HourCycle.H23,  "09:05"),
        ("de-DE", HourCycle.H12,  "9:05\xa0AM"),
    ],
)  # fmt: skip
def test_the_viewers_own_choice_goes_before_the_language(app, accept_language, chosen, written):
    with app.test_request_context(headers={"Accept-Language": accept_language}):
        login_user(SignedIn(replace(MAYA, hour_cycle=chosen), "0" * 32))

        assert clock(MORNING, MAYA.timezone) == written


@pytest.mark.parametrize(
    ("hour", "written"),
    [
        (0, "12:05\xa0AM"),
        (1, "1:05\xa0AM"),
        (11, "11:05\xa0AM"),
        (12, "12:05\xa0PM"),
        (13, "1:05\xa0PM"),
        (23, "11:05\xa0PM"),
    ],
)
def test_midnight_and_noon_are_twelve_where_hours_go_to_twelve(app, hour, written):
    with app.test_request_context():
        g.hour_cycle = HourCycle.H12

        assert clock(MORNING.replace(hour=hour), "UTC") == written


def test_a_zone_is_named_as_it_is_at_that_instant():
    summer = datetime(2027, 7, 1, 12, tzinfo=UTC)

    def names(timezone, language):
        return zone(MORNING, timezone, language), zone(summer, timezone, language)

    assert names("Europe/Berlin", Language.EN) == ("CET", "CEST")
    assert names("Europe/Berlin", Language.DE) == ("MEZ", "MESZ")
    assert names("Europe/Athens", Language.DE) == ("OEZ", "OESZ")
    assert names("Europe/Lisbon", Language.DE) == ("WEZ", "WESZ")
    assert names("America/New_York", Language.DE) == ("EST", "EDT")
    assert names("Asia/Kathmandu", Language.DE) == ("UTC+05:45", "UTC+05:45")
