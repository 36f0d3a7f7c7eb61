"""Personal tokens over HTTP: on the JSON routes alone, for their person alone."""

import re

import pytest

from mentorship.adapters.rate_limiter import TOKEN
from mentorship.clock import utc_now
from mentorship.current import parts_of
from mentorship.services.accounts.api_tokens import create_token
from tests.conftest import CRON_SECRET
from tests.support.builders import a_booking, at, the_booking
from tests.support.hours import some_hours

FAR_AHEAD = "2099-01-01"
"""Counters in memory are cleared by a thread for which the frozen clock does not hold."""


@pytest.fixture
def secret(session, cast, clock):
    """A token of the mentor's."""
    return create_token(session, viewer=cast.mentor, name="A program", now=at("09:00")).secret


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


def test_a_program_acts_for_its_person_without_a_cookie_and_from_wherever_it_runs(
    client_for, session, cast, secret
):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    others = a_booking(session, mentor=cast.other_mentor, student=cast.student, starts="10:00")
    program = client_for(None)
    elsewhere = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}

    answer = program.post(f"/api/sessions/{booking}/start", headers=bearer(secret) | elsewhere)

    assert (answer.status_code, answer.json["newStatus"]) == (200, "ONGOING")
    assert the_booking(session, booking).started_at == at("09:50")
    assert program.post(f"/api/sessions/{others}/start", headers=bearer(secret)).status_code == 404
    assert program.get("/api/tokens", headers=bearer(secret)).json["tokens"][0]["lastUsedAt"]
    assert program.get_cookie("mentorship_session") is None


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_beside_a_token_the_cookie_does_not_count(client_for, session, cast, secret):
    booking = a_booking(session, mentor=cast.other_mentor, student=cast.student, starts="10:00")
    client = client_for(cast.other_mentor)

    answer = client.post(f"/api/sessions/{booking}/start", headers=bearer(secret))

    assert answer.status_code == 404
    for wrong in (f"{secret}x", "mentorship_"):
        answer = client.post(f"/api/sessions/{booking}/start", headers=bearer(wrong))
        assert answer.status_code == 401
    poll = client.post(
        "/api/admin/update-session-status", headers=bearer(secret) | {"HX-Request": "true"}
    )
    assert poll.status_code == 401


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_bearer_that_is_no_token_neither_signs_in_nor_frees_of_the_rule_for_other_sites(
    client_for, session, cast, clock
):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    path = f"/api/sessions/{booking}/start"
    headers = bearer(CRON_SECRET)

    assert client_for(None).post(path, headers=headers).status_code == 401
    cross_site = headers | {"Sec-Fetch-Site": "cross-site"}
    assert client_for(cast.mentor).post(path, headers=cross_site).status_code == 403
    assert client_for(cast.mentor).post(path, headers=headers).status_code == 200


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_pages_and_the_cron_route_take_no_token(client_for, secret):
    client = client_for(None)

    for page in ("/dashboard", "/account"):
        assert client.get(page, headers=bearer(secret)).status_code == 302
    assert client.post("/account/tokens", headers=bearer(secret)).status_code == 401
    cron = client.get("/api/cron/complete-sessions", headers=bearer(secret))
    assert (cron.status_code, cron.json["error"]) == (401, "Unauthorized")


def test_a_token_is_told_once_listed_without_its_secret_and_revoked(client_for, cast, clock):
    client = client_for(cast.student)

    made = client.post("/api/tokens", json={"name": "My calendar"}).json
    listed = client.get("/api/tokens")

    assert made["token"] not in listed.text
    [held] = listed.json["tokens"]
    assert held == {
        "id": made["id"],
        "name": "My calendar",
        "scope": "act",
        "createdAt": "2026-11-24T09:50:00Z",
        "expiresAt": "2027-02-22T09:50:00Z",
        "lastUsedAt": None,
    }
    program = client_for(None)
    assert program.get("/api/tokens", headers=bearer(made["token"])).status_code == 200
    for changed in (True, False):
        answer = client.delete(f"/api/tokens/{made['id']}")
        assert answer.json == {"success": True, "changed": changed}
    assert program.get("/api/tokens", headers=bearer(made["token"])).status_code == 401


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": " "},
        {"name": "x" * 81},
        {"name": "a\x00"},
        {"name": 7},
        {"name": "a", "userId": 1},
        {"name": "a", "scope": "admin"},
        {"name": "a", "days": 0},
        {"name": "a", "days": 366},
        {"name": "a", "scope": 1},
    ],
)
def test_a_token_that_does_not_fit_is_refused(client_for, cast, clock, body):
    client = client_for(cast.student)

    assert client.post("/api/tokens", json=body).status_code == 400
    assert client.get("/api/tokens").json["tokens"] == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_each_token_has_a_limit_of_its_own(app, client_for, session, cast, clock):
    clock.move_to(FAR_AHEAD)
    first, second = (
        create_token(session, viewer=cast.mentor, name="It", now=utc_now()) for _ in "ab"
    )
    client = client_for(None)
    for _ in range(TOKEN.amount):
        parts_of(app).throttle.hit(TOKEN, str(first.id))

    refused = client.get("/api/tokens", headers=bearer(first.secret))

    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) <= 60
    assert client.get("/api/tokens", headers=bearer(second.secret)).status_code == 200


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_account_page_shows_a_new_token_once_and_revokes_it(client_for, cast, clock):
    client = client_for(cast.student)

    page = client.post("/account/tokens", data={"name": "<b>My calendar</b>", "scope": "read"})

    [secret] = re.findall("mentorship_[A-Za-z0-9_-]{43}", page.text)
    assert "&lt;b&gt;My calendar" in page.text
    again = client.get("/account").text
    assert secret not in again
    assert client_for(None).get("/api/tokens", headers=bearer(secret)).status_code == 200
    [revoke] = re.findall(r"/account/tokens/\d+/revoke", again)
    assert client.post(revoke).headers["Location"] == "/account"
    assert client_for(None).get("/api/tokens", headers=bearer(secret)).status_code == 401


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"scope": ""},
        {"scope": "admin"},
        {"days": "0"},
        {"days": "366"},
        {"days": "x"},
        {"days": "\u0663"},
    ],
)
def test_a_scope_or_an_end_that_does_not_fit_is_refused_on_the_page(
    client_for, cast, clock, fields
):
    client = client_for(cast.student)
    given = {"name": "It"} | ({"scope": "read"} if "days" in fields else {}) | fields

    assert client.post("/account/tokens", data=given).status_code == 400
    assert client.get("/api/tokens").json["tokens"] == []


@pytest.mark.parametrize("scope", ["act", "read"])
def test_a_token_makes_no_tokens(client_for, cast, clock, scope):
    made = client_for(cast.student).post("/api/tokens", json={"name": "Leaked", "scope": scope})
    program = client_for(None)

    answer = program.post(
        "/api/tokens", json={"name": "Another"}, headers=bearer(made.json["token"])
    )

    assert answer.status_code == 403
    held = client_for(cast.student).get("/api/tokens").json["tokens"]
    assert [token["name"] for token in held] == ["Leaked"]


def test_a_token_that_may_read_changes_nothing(client_for, session, cast, clock):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    made = client_for(cast.mentor).post("/api/tokens", json={"name": "It", "scope": "read"}).json
    program, headers = client_for(None), bearer(made["token"])

    assert program.get("/api/tokens", headers=headers).status_code == 200
    for method, path in (
        ("POST", f"/api/sessions/{booking}/start"),
        ("POST", f"/api/sessions/{booking}/cancel"),
        ("DELETE", f"/api/tokens/{made['id']}"),
        ("PUT", "/api/availability/settings"),
    ):
        answer = program.open(path, method=method, headers=headers)
        assert (answer.status_code, answer.json["success"]) == (403, False), path
        assert answer.json["error"] == "This token may read only, so nothing was changed."
    assert the_booking(session, booking).started_at is None


def test_a_token_that_may_read_may_ask_for_a_preview(client_for, session, cast, clock):
    rule_id = some_hours(session, cast.mentor)["rule_id"]
    made = client_for(cast.mentor).post("/api/tokens", json={"name": "It", "scope": "read"}).json
    program, headers = client_for(None), bearer(made["token"])
    rule = {
        "weekdays": ["MO"],
        "opens": "18:00",
        "closes": "20:00",
        "slotMinutes": 60,
        "firstDay": "2026-11-30",
    }

    for path in ("preview", f"{rule_id}/preview"):
        answer = program.post(f"/api/availability/rules/{path}", json=rule, headers=headers)
        assert answer.status_code == 200, answer.json
    saved = program.post("/api/availability/rules", json=rule, headers=headers)
    assert saved.status_code == 403


def test_a_token_ends_at_its_end(client_for, cast, clock):
    made = client_for(cast.student).post("/api/tokens", json={"name": "It", "days": 1}).json
    program, headers = client_for(None), bearer(made["token"])

    clock.tick(86_399)
    assert program.get("/api/tokens", headers=headers).status_code == 200
    clock.tick(1)
    assert program.get("/api/tokens", headers=headers).status_code == 401
