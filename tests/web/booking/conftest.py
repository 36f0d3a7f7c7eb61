"""Times of a mentor, for the tests of finding and booking one."""

import pytest

from tests.support.builders import a_booking, a_profile, a_slot, at


@pytest.fixture
def slots(session, cast, clock):
    """At 14:00, 16:00 and 18:00 of a day on which the clock stands at 09:50."""
    a_profile(session, cast.mentor)
    return [a_slot(session, cast.mentor, starts=starts) for starts in ("14:00", "16:00", "18:00")]


@pytest.fixture
def at_the_limit(session, cast, slots):
    """Three sessions of the student with the mentor, all still to come."""
    for days in (1, 2, 3):
        starts = at("14:00", days=days)
        a_booking(session, mentor=cast.mentor, student=cast.student, starts=starts)
