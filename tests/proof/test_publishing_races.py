"""Run 9: many processes publish for one mentor at once; each slot is made once, none overlap."""

from collections import Counter

import pytest
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.availability.weekly_rules import Weekday
from mentorship.services.availability.changes import SaveRule
from tests.proof.conftest import sizes
from tests.proof.publishers import keep_publishing
from tests.support import naive
from tests.support.builders import a_profile, a_user
from tests.support.calendars import calendar_faults
from tests.support.hours import NOW, evenings
from tests.support.processes import in_processes


@pytest.fixture
def mentor(reader):
    """A mentor who gives two hours a day, not published yet."""
    with Session(reader, expire_on_commit=False) as session:
        mentor = a_user(session, "Maya Mentor", Role.MENTOR)
        a_profile(session, mentor)
        session.rollback()
        SaveRule(evenings(weekdays=list(Weekday))).store(session, mentor.id)
        session.commit()
        return mentor


@pytest.mark.parametrize("size", sizes(short=(4, 40), long=(50, 1000)))
def test_concurrent_publishing_makes_each_slot_once(database_url, reader, mentor, figure, size):
    processes, publishes = size
    days = publishes // processes

    work = [(database_url, mentor.id, days, NOW)] * processes
    tally = sum(in_processes(keep_publishing, work), Counter())

    assert tally["made"] == 2 * (57 + days - 1)
    assert calendar_faults(reader) == []
    figure(
        f"{publishes} publishes by {processes} processes: {tally['made']} slots, 0 overlaps, "
        f"{tally['put off']} put off"
    )


def test_the_checker_catches_a_read_before_the_lock(reader, mentor):
    def another():
        with Session(reader) as own:
            naive.publish(own, mentor.id, now=NOW)

    with Session(reader) as session:
        naive.publish(session, mentor.id, now=NOW, between=another)

    assert any("mentor" in fault for fault in calendar_faults(reader))
