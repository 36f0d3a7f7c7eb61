"""The figures about a mentor's punctuality."""

from datetime import timedelta

import pytest

from mentorship.domain.sessions.punctuality import PastSession, Punctuality, punctuality_of
from tests.support.builders import at

TEN = at("10:00")
MINUTE, HOUR, TICK = timedelta(minutes=1), timedelta(hours=1), timedelta(microseconds=1)


def begun(*delays):
    return [PastSession(TEN, started_at=TEN + delay) for delay in delays]


def cancelled(*notices):
    return [PastSession(TEN, cancelled_at=TEN - notice) for notice in notices]


def test_nothing_is_said_about_fewer_than_ten_sessions():
    assert punctuality_of(begun(*[MINUTE] * 9) + cancelled(HOUR)) is None
    assert punctuality_of(begun(*[MINUTE] * 10)) is not None


def test_five_minutes_are_on_time_and_a_moment_more_is_not():
    figures = punctuality_of(begun(*[5 * MINUTE] * 9, 5 * MINUTE + TICK))

    assert (figures.on_time, figures.sessions) == (9, 10)


def test_missed_sessions_are_not_on_time_and_have_no_delay():
    figures = punctuality_of([*begun(*[2 * MINUTE] * 9), PastSession(TEN)])

    assert figures == Punctuality(10, 9, 2 * MINUTE, 0, None)


def test_an_early_beginning_is_no_delay_and_an_even_number_has_the_middle_of_two():
    figures = punctuality_of(begun(*[-HOUR] * 5, *[3 * MINUTE] * 5))

    assert figures.median_delay == 1.5 * MINUTE
    assert figures.median_delay_minutes == 1


@pytest.mark.parametrize(
    ("notices", "hours"), [([], None), ([30 * MINUTE], 0), ([HOUR, 9 * HOUR, 3 * HOUR], 3)]
)
def test_cancellations_count_apart_with_their_median_notice(notices, hours):
    figures = punctuality_of([*begun(*[MINUTE] * 10), *cancelled(*notices)])

    assert (figures.sessions, figures.cancelled) == (10, len(notices))
    assert figures.median_notice_hours == hours
