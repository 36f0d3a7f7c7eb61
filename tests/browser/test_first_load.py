"""The files that a browser fetches for a dashboard, and its stable layout while it appears."""

from datetime import timedelta

import pytest

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Status
from tests.support.builders import a_booking
from tests.support.loading import Loader

pytestmark = pytest.mark.browser


@pytest.fixture
def mentor(site):
    """A mentor with a session in each list, 20 in all."""
    now, mentor = utc_now(), site.person("Maya", Role.MENTOR)
    people = {"mentor": mentor, "student": site.person("Sam", Role.STUDENT)}
    a_booking(
        site.session,
        **people,
        status=Status.ONGOING,
        is_delayed=True,
        starts=now - timedelta(hours=3),
    )
    a_booking(site.session, **people, status=Status.ONGOING, starts=now - timedelta(minutes=9))
    for hours in range(1, 10):
        a_booking(site.session, **people, starts=now + timedelta(hours=hours))
        a_booking(
            site.session, **people, status=Status.COMPLETED, starts=now - timedelta(days=hours)
        )
    return mentor


def test_a_first_load_is_small_and_all_from_here_and_what_follows_comes_from_the_cache(
    site, windows, mentor
):
    loader = Loader(windows.of(site, mentor).page)

    first = loader.open(f"{site.address}/dashboard")
    second = loader.open(f"{site.address}/dashboard")

    assert first.bytes <= 60_000
    assert len(first.addresses) <= 6
    assert all(address.startswith(site.address + "/") for address in first.addresses)
    assert second.addresses == [f"{site.address}/dashboard"]
    assert (first.shift, second.shift) == (0, 0)
