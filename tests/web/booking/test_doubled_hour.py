"""Days of the past on which the clocks changed, by the real clock: none of them is today.

They are apart from the others: freezegun forgets which of two equal hours a time is in.
"""

from datetime import datetime

import pytest

from mentorship.domain.accounts.viewers import Role
from tests.support.builders import a_booking, a_user
from tests.web.sessions.week_pages import parts

pytestmark = pytest.mark.real_clock


def test_a_day_shows_the_doubled_hour_twice_and_leaves_out_the_one_that_is_skipped(
    client_for, session, cast
):
    lena = a_user(session, "Lena", Role.STUDENT, timezone="Europe/Berlin")
    for topic, start in (
        ("Summer", "2025-10-26T00:15Z"),
        ("Winter", "2025-10-26T01:15Z"),
        ("Before", "2025-03-30T00:30Z"),
        ("After", "2025-03-30T01:30Z"),
    ):
        a_booking(
            session,
            mentor=cast.mentor,
            student=lena,
            topic=topic,
            starts=datetime.fromisoformat(start),
        )

    autumn = parts(client_for(lena).get("/dashboard/day?day=2025-10-26"))
    spring = parts(client_for(lena).get("/dashboard/day?day=2025-03-30"))

    # Whatever the season of the test is, its own zone needs no name and the other has one.
    assert [(hour[:5], topics) for hour, topics in autumn] == [
        ("02:00", ["Summer"]),
        ("02:00", ["Winter"]),
        ("03:00", []),
    ]
    assert [hour[5:] for hour, _ in autumn] in ([" CEST", "", ""], ["", " CET", " CET"])
    assert [(hour[:5], topics) for hour, topics in spring] == [
        ("01:00", ["Before"]),
        ("03:00", ["After"]),
        ("04:00", []),
    ]
