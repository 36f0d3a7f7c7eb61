"""Booked, delivered and owed minutes."""

from datetime import timedelta

import pytest

from mentorship.domain.sessions.minutes import minutes_booked, minutes_delivered, minutes_owed
from mentorship.domain.sessions.outcomes import OutcomeWord
from tests.support.builders import at

TOOK_PLACE = OutcomeWord.TOOK_PLACE


def test_booked_minutes_are_the_length_of_the_slot():
    assert minutes_booked(at("10:00"), at("11:30")) == 90


def test_delivered_minutes_are_whole_and_never_more_than_there_were():
    almost = at("11:00") - timedelta(microseconds=1)

    assert minutes_delivered(at("10:05"), at("11:00"), TOOK_PLACE) == 55
    assert minutes_delivered(at("10:05"), almost, TOOK_PLACE) == 54


@pytest.mark.parametrize(
    ("started", "completed", "outcome"),
    [
        (None, at("11:00"), TOOK_PLACE),
        (at("10:00"), None, TOOK_PLACE),
        (at("10:00"), at("11:00"), None),
        (at("10:00"), at("11:00"), OutcomeWord.STUDENT_ABSENT),
    ],
)
def test_what_is_not_known_is_none_and_not_zero(started, completed, outcome):
    delivered = minutes_delivered(started, completed, outcome)

    assert delivered is None
    assert minutes_owed(at("10:00"), started, booked=60, delivered=delivered) is None


@pytest.mark.parametrize(
    ("started", "delivered", "owed"),
    [(at("10:20"), 40, 20), (at("10:20"), 75, 0), (at("10:00"), 30, 0), (at("9:50"), 30, 0)],
)
def test_only_a_late_beginning_owes_minutes(started, delivered, owed):
    assert minutes_owed(at("10:00"), started, booked=60, delivered=delivered) == owed
