"""Fixtures of groups in calendars."""

import pytest

from mentorship.domain.accounts.viewers import Role
from tests.services.calendars.groups import Programs, book
from tests.support.builders import a_profile, a_slot, a_user


@pytest.fixture
def programs(session):
    return Programs(session)


@pytest.fixture
def students(session, cast):
    return [cast.student, cast.stranger, a_user(session, "Thea Third", Role.STUDENT)]


@pytest.fixture
def slots(session, cast):
    """For four at 10:00, 12:00 and 14:00, and for one at 16:00."""
    a_profile(session, cast.mentor)
    group = [a_slot(session, cast.mentor, starts=f"{hour}:00", capacity=4) for hour in (10, 12, 14)]
    return [*group, a_slot(session, cast.mentor, starts="16:00")]


@pytest.fixture
def group(session, students, slots):
    """Three students who have booked 10:00 one after the other."""
    return [book(session, each, slots[0]) for each in students]
