"""The pages around accounts, and what they never tell."""

import re
from itertools import product

import pytest
from argon2 import PasswordHasher

from mentorship.adapters import passwords
from mentorship.adapters.passwords import hash_password
from mentorship.adapters.rate_limiter import MAILBOX
from mentorship.domain.accounts.viewers import Role
from mentorship.services.accounts.signed_links import Purpose
from tests.support.builders import a_user
from tests.support.dumps import dump
from tests.support.mails import composed_mail

PASSWORD = "correct horse battery"
EMAIL = "nell@example.org"
POLL = "/api/admin/update-session-status"

FAR_AHEAD = "2099-01-01"
"""Counters in memory are cleared by a thread for which the frozen clock does not hold."""


@pytest.fixture(autouse=True)
def far_ahead(clock):
    clock.move_to(FAR_AHEAD)


@pytest.fixture
def client(client_for):
    return client_for(None)


@pytest.fixture
def nell(session):
    return a_user(session, "Nell", Role.STUDENT, password_hash=hash_password(PASSWORD))


def signs_up(client, **changes):
    fields = {
        "name": "Nell",
        "email": EMAIL,
        "password": PASSWORD,
        "role": "student",
        "timezone": "America/New_York",
    }
    return client.post("/signup", data=fields | changes)


def links(session):
    """The links in the mails that wait, as paths."""
    mails = composed_mail(session)
    return [re.search(r"http://127\.0\.0\.1:8000(/\S+)", mail.text)[1] for mail in mails]


def test_from_sign_up_to_the_account_page(client, session, clock):
    assert signs_up(client).status_code == 200
    clock.tick(60)
    early = client.post("/login", data={"email": EMAIL, "password": PASSWORD})
    assert early.status_code == 403
    assert "Please confirm your e-mail address first" in early.text

    first, again = links(session)
    assert first.startswith("/confirm/")
    assert again.startswith("/confirm/")
    assert "For nell@example.org." in client.get(first).text
    assert client.post(first, data={"password": "not this one"}).status_code == 401
    answer = client.post(first, data={"password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")

    page = client.get("/account").text
    assert "Welcome! Your address is confirmed." in page
    assert "<option selected>America/New_York</option>" in page


def test_a_link_that_has_confirmed_says_so_and_leads_to_sign_in(client, client_for, session, clock):
    signs_up(client)
    clock.tick(60)
    signs_up(client)  # Which ends the first link.
    ended, link = links(session)
    for path in (ended, "/confirm/x", "/reset/x"):
        answer = client.get(path)
        assert (answer.status_code, 'href="/forgot"' in answer.text) == (400, True), path
    client.post(link, data={"password": PASSWORD})

    clock.tick(Purpose.CONFIRMATION.lasts.total_seconds() + 1)
    client.post("/login", data={"email": EMAIL, "password": PASSWORD})
    for browser, leads in ((client_for(None), "/login"), (client, "/dashboard")):
        for path, ask in product((ended, link), (browser.get, browser.post)):
            answer = ask(path, follow_redirects=True)
            assert (answer.status_code, answer.request.path) == (200, leads)
            assert "Your address is already confirmed." in answer.text


def test_a_mentor_waits_for_an_admin_and_may_prepare_meanwhile(client, client_for, session, cast):
    signs_up(client, role="mentor")
    [link] = links(session)
    client.post(link, data={"password": PASSWORD})
    assert "An admin must approve your account" in client.get("/account").text

    admin = client_for(cast.admin)
    page = admin.get("/people?q=nell@")
    assert "1 mentor is waiting for approval" in page.text
    [path] = re.findall(r"/people/\d+/approve", page.text)
    assert client.post(path).status_code == 403
    assert admin.post(path).headers["Location"] == "/people"
    assert "Nell is approved and will be told by e-mail." in admin.get("/people").text
    assert "An admin must approve" not in client.get("/account").text
    assert links(session)[1] == "/dashboard"


def answers(client, path, email, **fields):
    response = client.post(path, data={"email": email} | fields)
    return response.status_code, response.text.replace(email, "...")


def test_no_answer_tells_whether_an_address_has_an_account(client, nell):
    others = {"name": "Some One", "password": PASSWORD, "role": "student", "timezone": "UTC"}

    for path, fields in (("/forgot", {}), ("/signup", others)):
        known = answers(client, path, nell.email, **fields)
        assert known[0] == 200
        assert answers(client, path, "who@example.org", **fields) == known


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("email", [EMAIL, "who@example.org"])
def test_signing_up_costs_one_hash_in_either_case(client, nell, monkeypatch, email):
    hashed = []

    class Counting(PasswordHasher):
        def hash(self, password, **others):
            hashed.append(password)
            return super().hash(password, **others)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    assert signs_up(client, email=email).status_code == 200

    assert hashed == [PASSWORD]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"name": ""},                  "The name is missing."),
        ({"name": "a\x07b"},            "contains a character that cannot be used"),
        ({"email": "nell"},             "is not an e-mail address"),
        ({"email": "zoë@example.org"},  "Mail cannot be sent to"),
        ({"email": "a@b\r\nBcc: c@d"},  "contains a character that cannot be used"),
        ({"password": ""},              "The password is missing."),
        ({"password": "password1"},     "easy to guess"),
        ({"password": "nell@example.org"}, "easy to guess"),
        ({"role": ""},                  "whether you are a student or a mentor"),
        ({"role": "admin"},             "whether you are a student or a mentor"),
        ({"timezone": ""},              "choose your time zone"),
        ({"timezone": "Mars/Base"},     "is not a time zone"),
    ],
)  # fmt: skip
def test_a_sign_up_that_does_not_fit_keeps_what_was_typed_and_writes_nothing(
    client, session, changes, complaint
):
    before = dump(session.get_bind())

    answer = signs_up(client, **changes)

    assert answer.status_code == 400
    assert complaint in answer.text
    assert PASSWORD not in answer.text
    if "name" not in changes:
        assert 'value="Nell"' in answer.text
    assert dump(session.get_bind()) == before


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["/forgot", "/signup"])
@pytest.mark.parametrize("email", [EMAIL, "who@example.org"])
def test_one_mailbox_gets_only_so_much_mail_whether_it_has_an_account_or_not(
    client, session, nell, path, email
):
    statuses = [
        client.post(
            path,
            data={
                "email": email,
                "name": "Nell",
                "password": PASSWORD,
                "role": "student",
                "timezone": "UTC",
            },
        ).status_code
        for _ in range(MAILBOX.amount + 1)
    ]

    assert statuses == [200] * MAILBOX.amount + [429]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_asking_for_a_confirmation_again_and_again_at_sign_in_is_not_told_but_limited(
    client, session, clock
):
    signs_up(client)
    for second in range(MAILBOX.amount + 2):
        clock.tick(1)
        answer = client.post("/login", data={"email": EMAIL, "password": PASSWORD})
        assert answer.status_code == 403, second

    assert len(links(session)) == MAILBOX.amount


def test_a_forgotten_password_is_set_by_the_link_once(client, session, nell):
    client.post("/forgot", data={"email": EMAIL.upper()})
    [link] = links(session)

    assert client.post(link, data={"password": "password"}).status_code == 400
    assert client.post(link, data={"password": "a quite new one"}).status_code == 303
    assert "Your password is set." in client.get("/login").text

    assert client.post(link, data={"password": "one more of them"}).status_code == 400
    signed_in = client.post("/login", data={"email": EMAIL, "password": "a quite new one"})
    assert signed_in.status_code == 303


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["/confirm/", "/reset/"])
def test_a_link_that_is_forged_does_nothing(client, session, path):
    signs_up(client)
    [link] = links(session)
    token = link.rpartition("/")[2]
    before = dump(session.get_bind())
    forged = ["x", token[:-1], f"{token}x", "%00", "é"] + ([token] if path == "/reset/" else [])

    for wrong in forged:
        for method in ("GET", "POST"):
            answer = client.open(path + wrong, method=method, data={"password": PASSWORD})
            assert answer.status_code == 400, wrong
    assert dump(session.get_bind()) == before


@pytest.mark.parametrize("way", ["/account/sign-out-everywhere", "/account/password"])
def test_other_browsers_are_signed_out_at_their_next_poll(client_for, nell, way):
    here, there = client_for(nell), client_for(nell)
    htmx = {"HX-Request": "true"}
    seen = re.search(r'name="seen" value="([^"]*)"', there.get("/dashboard").text)[1]
    assert there.post(POLL, headers=htmx, data={"seen": seen}).status_code == 204

    answer = here.post(way, data={"current": PASSWORD, "password": "a quite new one"})

    assert answer.status_code == 303
    ended = there.post(POLL, headers=htmx, data={"seen": seen})
    assert (ended.status_code, ended.headers["HX-Redirect"]) == (401, "/login")
    stays = way == "/account/password"
    assert here.get("/dashboard").status_code == (200 if stays else 302)


def test_name_zone_and_hours_are_changed_and_remembered(client_for, nell):
    client = client_for(nell)
    language = {"Accept-Language": "en-GB"}

    def written():
        return re.search(
            r"The time there is ([^ ]+) \(([^)]+)\)", client.get("/account", headers=language).text
        )

    assert written().groups() == ("00:00", "UTC")
    fields = {"name": "Nell <3", "timezone": "Asia/Kathmandu", "hour_cycle": "h12"}
    assert client.post("/account", data=fields).status_code == 303
    assert "Nell &lt;3" in client.get("/account").text
    assert written().groups() == ("5:45\xa0AM", "UTC+05:45")
    client.post("/account", data=fields | {"hour_cycle": ""})
    assert written()[1] == "05:45"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("path", "fields", "complaint"),
    [
        ("/account", {"name": ""}, "The name is missing."),
        ("/account", {"timezone": "Mars/Base"}, "is not a time zone"),
        ("/account", {"hour_cycle": "h24"}, "The time format must be h12 or h23."),
        ("/account/password", {"current": "wrong"}, "The current password is wrong."),
        ("/account/password", {"password": "short"}, "must have 8 to 128 characters"),
        ("/account/password", {"password": EMAIL}, "easy to guess"),
        ("/account/tokens", {"name": "", "scope": "read"}, "The name of the token is missing."),
    ],
)
def test_a_change_that_does_not_fit_is_refused_on_the_page_and_writes_nothing(
    client_for, session, nell, path, fields, complaint
):
    fits = {
        "name": "Nell",
        "timezone": "UTC",
        "hour_cycle": "",
        "current": PASSWORD,
        "password": "a quite new one",
    }
    client = client_for(nell)
    before = dump(session.get_bind())

    answer = client.post(path, data=fits | fields)

    assert answer.status_code == 400
    assert complaint in answer.text
    assert dump(session.get_bind()) == before


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "query", ["page=0", "page=x", f"page={'9' * 12}", "q=%00", "q=" + "x" * 101]
)
def test_a_list_of_people_that_cannot_be_asked_for_is_refused(client_for, cast, query):
    assert client_for(cast.admin).get(f"/people?{query}").status_code == 400
