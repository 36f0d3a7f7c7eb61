"""When a session is near: the edges of each reason, and all of them together."""

from datetime import timedelta

import pytest

from mentorship.domain.sessions.near import Near, near
from tests.support.builders import at

TICK = timedelta(microseconds=1)
NOBODY = {"next_start": None, "last_end": None, "last_change": None}


def test_without_sessions_none_is_near():
    assert near(**NOBODY, now=at("10:00")) == Near(None, None)
    assert not Near(None, None).at(at("10:00"))


@pytest.mark.parametrize(
    ("found", "first", "last"),
    [
        ({"next_start": at("10:00")}, at("9:45"), at("10:00") - TICK),
        ({"last_end": at("11:00")}, at("9:00"), at("11:00") - TICK),
        ({"last_change": at("9:00")}, at("9:00"), at("9:05") - TICK),
    ],
)
def test_each_reason_holds_within_its_bounds(found, first, last):
    def is_near(instant):
        return near(**{**NOBODY, **found}, now=instant).at(instant)

    assert is_near(first)
    assert is_near(last)
    assert not is_near(last + TICK)


def test_a_session_is_not_near_sooner_than_a_quarter_of_an_hour_before():
    found = near(**{**NOBODY, "next_start": at("10:00")}, now=at("8:00"))

    assert found == Near(None, at("9:45"))
    assert not found.at(at("9:45") - TICK)
    assert found.at(at("9:45"))


@pytest.mark.parametrize(
    ("clock", "is_near"),
    [("8:29", True), ("8:30", False), ("9:44", False), ("9:45", True), ("9:59", True)],
)
def test_what_was_computed_once_tells_later_without_another_look(clock, is_near):
    found = near(
        next_start=at("10:00"), last_end=at("8:30"), last_change=at("8:00"), now=at("8:01")
    )

    assert found.at(at(clock)) is is_near


def test_the_reason_that_lasts_longest_counts():
    found = near(next_start=at("8:10"), last_end=at("8:30"), last_change=at("8:00"), now=at("8:00"))

    assert found == Near(at("8:30"), None)
