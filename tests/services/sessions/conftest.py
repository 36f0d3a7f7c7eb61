"""Shared fixtures of the tests of presses and undo."""

import pytest

from tests.support.builders import a_booking


@pytest.fixture
def booked(session, cast):
    """`booked("10:00", ...)`: a session of the student with her mentor."""

    def make(starts="10:00", **state):
        return a_booking(session, mentor=cast.mentor, student=cast.student, starts=starts, **state)

    return make
