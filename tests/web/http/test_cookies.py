"""How browsers keep our cookies."""

import pytest

from mentorship.adapters.passwords import hash_password
from mentorship.current import parts_of
from mentorship.domain.accounts.viewers import Role
from tests.support.builders import a_user

PASSWORD = "correct horse battery"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("changes", "prefix", "is_secure"),
    [
        (
            {"mentorship_env": "production", "base_url": "https://mentors.example.org"},
            "__Host-",
            True,
        ),
        ({"mentorship_env": "production", "base_url": "http://127.0.0.1:8000"}, "", True),
        ({}, "", False),
    ],
)
def test_cookies_belong_to_the_host_alone_where_https_is(
    app_with, session, changes, prefix, is_secure
):
    a_user(session, "Maya Mentor", Role.MENTOR, password_hash=hash_password(PASSWORD))
    app = app_with(**changes)
    client = app.test_client()
    email = "maya.mentor@example.org"

    answer = client.post(
        "/login",
        data={"email": email, "password": PASSWORD},
        base_url=parts_of(app).settings.base_url,
    )

    cookies = answer.headers.getlist("Set-Cookie")
    assert {each.partition("=")[0] for each in cookies} == {
        f"{prefix}mentorship_session",
        f"{prefix}mentorship_browser",
    }
    for each in cookies:
        attributes = each.split("; ")[1:]
        assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(attributes)
        assert ("Secure" in attributes) is is_secure
        assert "Domain" not in each


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_session_cookie_holds_no_more_than_the_sign_in_needs(app, session):
    a_user(session, "Maya Mentor", Role.MENTOR, password_hash=hash_password(PASSWORD))
    client = app.test_client()

    client.post("/login", data={"email": "maya.mentor@example.org", "password": PASSWORD})

    with client.session_transaction() as cookie:
        assert set(cookie) - {"_flashes"} == {"_permanent", "_user_id", "_fresh", "password_at"}
