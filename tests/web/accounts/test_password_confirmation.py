"""The password is asked for again before a secret is made or shown."""

import re
from datetime import timedelta

import pytest

from mentorship.adapters.passwords import hash_password
from mentorship.adapters.rate_limiter import OWN_PASSWORD
from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from tests.support.builders import a_user, a_webhook

PASSWORD = "correct horse battery"
FAR_AHEAD = "2099-01-01"
"""Counters in memory are cleared by a thread for which the frozen clock does not hold."""

SECRETS = [
    (
        "/account/tokens",
        {"name": "My <b>program</b>", "scope": "read", "days": "7"},
        r"mentorship_[A-Za-z0-9_-]{43}",
    ),
    ("/account/calendar", {}, r"/calendar/[A-Za-z0-9_-]{43}\.ics"),
]


@pytest.fixture
def ada(session, clock):
    clock.move_to(FAR_AHEAD)
    return a_user(session, "Ada Admin", Role.ADMIN, password_hash=hash_password(PASSWORD))


def hidden(page):
    """The fields that a page sends along unseen."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
    return {name: value.replace("&lt;", "<").replace("&gt;", ">") for name, value in found}


@pytest.mark.parametrize(("path", "fields", "secret"), SECRETS)
def test_a_secret_is_made_only_with_a_password_given_in_the_last_15_minutes(
    client_for, ada, clock, path, fields, secret
):
    client = client_for(ada)
    clock.tick(timedelta(minutes=15))
    assert re.search(secret, client.post(path, data=fields).text)
    clock.tick(1)

    asked = client.post(path, data=fields)
    assert (asked.status_code, re.search(secret, asked.text)) == (403, None)
    assert "Confirm your password" in asked.text
    again = hidden(asked)
    assert fields.items() <= again.items(), "nothing is lost"

    wrong = client.post(path, data=again | {"confirm_password": "wrong"})
    assert (wrong.status_code, re.search(secret, wrong.text)) == (403, None)
    assert "That password is wrong." in wrong.text
    assert fields.items() <= hidden(wrong).items()
    assert "wrong" not in hidden(wrong).values()

    done = client.post(path, data=again | {"confirm_password": PASSWORD})
    assert (done.status_code, bool(re.search(secret, done.text))) == (200, True)
    assert client.post(path, data=fields).status_code == 200, "not asked for again at once"


def test_a_json_caller_is_told_in_a_sentence(client_for, ada, clock):
    client = client_for(ada)
    clock.tick(timedelta(minutes=15, seconds=1))

    answer = client.post("/api/tokens", json={"name": "It"})

    assert (answer.status_code, answer.json["success"]) == (403, False)
    assert answer.json["error"].startswith("Your sign-in is older than 15 minutes.")
    assert client.get("/api/tokens").json["tokens"] == []


def test_the_key_of_a_webhook_is_shown_and_renewed_only_then(client_for, session, ada, clock):
    endpoint = a_webhook(session, "https://hooks.example.org/a")
    client, page = client_for(ada), f"/webhooks/{endpoint}"
    [key] = re.findall("whsec_[^<]+", client.get(page).text)
    clock.tick(timedelta(minutes=15, seconds=1))

    assert "whsec_" not in client.get(page).text
    assert client.post(f"{page}/key").status_code == 403
    assert client.post(page).status_code == 403
    shown = client.post(page, data={"confirm_password": PASSWORD}, follow_redirects=True)
    assert key in shown.text


def test_the_password_is_not_guessed_there(client_for, ada, clock):
    client = client_for(ada)
    clock.tick(timedelta(minutes=15, seconds=1))
    guess = {"confirm_password": "wrong"}

    answers = [client.post("/account/calendar", data=guess) for _ in range(OWN_PASSWORD.amount + 1)]

    assert [answer.status_code for answer in answers] == [403] * OWN_PASSWORD.amount + [429]


def test_a_sign_in_counts_as_giving_the_password_and_a_future_one_does_not(client_for, ada, clock):
    client = client_for(None)
    client.post("/login", data={"email": ada.email, "password": PASSWORD})
    assert client.post("/account/calendar").status_code == 200
    with client.session_transaction() as cookie:
        cookie["password_at"] = int((utc_now() + timedelta(hours=1)).timestamp())
    assert client.post("/account/calendar").status_code == 403
