"""How sign-ins end: signed out of, everywhere at once, unused, or old."""

import re
from datetime import timedelta

import pytest

from mentorship.adapters.passwords import hash_password
from mentorship.domain.accounts.viewers import Role
from tests.support.builders import a_user

PASSWORD = "correct horse battery"
POLL = "/api/admin/update-session-status"
OPEN_PAGE = {"HX-Request": "true", "Sec-Fetch-Site": "same-origin"}

FAR_AHEAD = "2099-01-01"
"""Counters in memory are cleared by a thread for which the frozen clock does not hold."""


@pytest.fixture
def maya(session, clock):
    clock.move_to(FAR_AHEAD)
    return a_user(session, "Maya Mentor", Role.MENTOR, password_hash=hash_password(PASSWORD))


@pytest.fixture
def client(client_for):
    return client_for(None)


def sign_in(client):
    client.post("/login", data={"email": "maya.mentor@example.org", "password": PASSWORD})


def who(client):
    """Whom the dashboard greets; None where it leads to sign-in."""
    found = re.search(r'popovertarget="menu"><span>([^<]*)', client.get("/dashboard").text)
    return found and found[1]


def test_a_sign_in_lasts_two_weeks_while_it_is_used_every_other_day(client, maya, clock):
    sign_in(client)
    for _ in range(6):
        clock.tick(timedelta(days=2))
        assert who(client) == "Maya Mentor"

    clock.tick(timedelta(days=2, seconds=-1))
    assert who(client) == "Maya Mentor"
    clock.tick(timedelta(seconds=1))
    assert who(client) is None


def test_a_sign_in_that_is_not_used_ends_after_three_days(client, maya, clock):
    """A page that is left open and polls does not keep it going."""
    sign_in(client)
    for _ in range(71):
        clock.tick(timedelta(hours=1))
        client.post(POLL, data={"seen": "1.1.1"}, headers=OPEN_PAGE)

    clock.tick(timedelta(hours=1, seconds=-1))
    assert client.post(POLL, data={"seen": "1.1.1"}, headers=OPEN_PAGE).status_code == 200
    clock.tick(timedelta(seconds=1))
    assert client.post(POLL, data={"seen": "1.1.1"}, headers=OPEN_PAGE).status_code == 401
    assert who(client) is None


def test_a_copied_cookie_ends_with_the_sign_out(client, client_for, maya):
    sign_in(client)
    copy = client_for(None)
    copy.set_cookie("mentorship_session", client.get_cookie("mentorship_session").value)
    assert who(copy) == "Maya Mentor"

    client.post("/logout")

    assert who(copy) is None
    assert copy.post(POLL, data={"seen": "1.1.1"}, headers=OPEN_PAGE).status_code == 401
    assert copy.post("/api/tokens", json={"name": "It"}).status_code == 401


def test_signing_out_ends_one_browser_and_signing_out_everywhere_all(client, client_for, maya):
    others = [client_for(None) for _ in range(3)]
    for each in (client, *others):
        sign_in(each)

    client.post("/logout")
    assert [who(each) for each in others] == ["Maya Mentor"] * 3
    others[0].post("/account/sign-out-everywhere")
    assert [who(each) for each in others] == [None] * 3
