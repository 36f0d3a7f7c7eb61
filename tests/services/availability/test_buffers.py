"""The buffers before and after a slot keep slots apart, whichever of the two is set."""

from datetime import date, time

import pytest
from sqlalchemy import select

from mentorship.domain.availability.slot_plan import SlotSettings
from mentorship.domain.shared.errors import InvalidInput
from mentorship.models import MentorTimeSlot
from mentorship.services.availability.apply import apply_change
from mentorship.services.availability.changes import ChangeSettings, SaveRule
from mentorship.services.availability.one_off_slots import OneOffSlot, save_one_off_slot
from tests.support.hours import NOW, evenings

DAY = date(2026, 11, 25)
QUARTERS = [
    SlotSettings(buffer_before=15),
    SlotSettings(buffer_after=15),
    SlotSettings(buffer_before=10, buffer_after=5),
]
"""Buffers of which the two between neighbouring slots make 15 minutes."""


def change(session, mentor, what):
    session.rollback()
    return apply_change(session, mentor=mentor, change=what, now=NOW)


def hours(session, mentor):
    session.rollback()
    starts = session.scalars(
        select(MentorTimeSlot.start_time).where(
            MentorTimeSlot.mentor_id == mentor.id, ~MentorTimeSlot.is_withdrawn
        )
    )
    return sorted({f"{start:%a %H:%M}" for start in starts})


@pytest.fixture
def rule(session, cast):
    """Weekly hours from 18:00 to 20:00 in slots of an hour, published."""
    return change(session, cast.mentor, SaveRule(evenings())).change.rule


@pytest.mark.parametrize("settings", QUARTERS)
def test_other_buffers_cut_the_hours_anew(session, cast, rule, settings):
    change(session, cast.mentor, ChangeSettings(settings))
    assert hours(session, cast.mentor) == ["Wed 18:00"]

    change(session, cast.mentor, ChangeSettings(SlotSettings(horizon_days=14)))
    assert hours(session, cast.mentor) == ["Wed 18:00", "Wed 19:00"]


@pytest.mark.parametrize("settings", QUARTERS)
@pytest.mark.parametrize(
    ("opens", "closes"), [(time(19, 14), time(20, 14)), (time(16, 46), time(17, 46))]
)
def test_a_one_off_slot_keeps_the_buffers_to_others(session, cast, rule, settings, opens, closes):
    change(session, cast.mentor, ChangeSettings(settings))
    with pytest.raises(InvalidInput, match="18:00 UTC to 19:00 UTC is too close to this time"):
        save_one_off_slot(session, cast.mentor.id, OneOffSlot(DAY, opens, closes, 1), now=NOW)


@pytest.mark.parametrize("settings", QUARTERS)
def test_one_off_slots_fit_where_the_buffers_just_lie_between(session, cast, rule, settings):
    change(session, cast.mentor, ChangeSettings(settings))
    for opens, closes in (time(19, 15), time(20, 15)), (time(16, 45), time(17, 45)):
        assert save_one_off_slot(
            session, cast.mentor.id, OneOffSlot(DAY, opens, closes, 1), now=NOW
        )
