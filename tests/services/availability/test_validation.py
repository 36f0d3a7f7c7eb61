"""Hours, days off and limits that cannot be."""

from datetime import date

import pytest

from mentorship.domain.availability.slot_plan import SlotSettings
from mentorship.domain.shared.errors import InvalidInput
from mentorship.services.availability.validation import new_days_off, new_settings
from tests.support.hours import NOW, evenings


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"weekdays": []}, "at least one day"),
        ({"slot_minutes": 4}, "between 5 and 120"),
        ({"slot_minutes": 121}, "between 5 and 120"),
        ({"capacity": 31}, "between 1 and 30"),
        ({"every_weeks": 5}, "between 1 and 4"),
        ({"first_day": date(2031, 1, 1)}, "three years"),
        ({"first_day": date(1, 1, 1)}, "2020"),
        ({"until": date(2026, 10, 1)}, "before the first"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_with_a_sentence(fields, says):
    with pytest.raises(InvalidInput, match=says):
        evenings(**fields)


def test_days_off_and_limits_that_cannot_be_are_refused_with_a_sentence():
    for first, last, says in (
        (date(2026, 12, 2), date(2026, 12, 1), "before the first"),
        (date(2026, 11, 1), None, "have passed"),
        (date(2036, 11, 1), None, "three years"),
    ):
        with pytest.raises(InvalidInput, match=says):
            new_days_off(first_day=first, last_day=last, note="", timezone="UTC", now=NOW)
    for name, value in (("buffer_before", 241), ("horizon_days", 0), ("daily_limit", 101)):
        with pytest.raises(InvalidInput, match="between"):
            new_settings(SlotSettings(**{name: value}))
