"""Sign-in, sign-out, links that set a password: what they do and what they never tell."""

import re
from datetime import timedelta

import pytest
from argon2 import PasswordHasher

from mentorship.adapters import passwords
from mentorship.adapters.passwords import DEMO_PASSWORD, hash_password
from mentorship.adapters.rate_limiter import ACCOUNT_FROM_NETWORK, NETWORK
from mentorship.current import parts_of
from mentorship.domain.accounts.viewers import Role
from mentorship.services.accounts.signed_links import make_token
from tests.support.builders import a_user
from tests.support.dumps import dump

PASSWORD = "correct horse battery"
POLL = "/api/admin/update-session-status"
OPEN_PAGE = {"HX-Request": "true", "Sec-Fetch-Site": "same-origin"}
NOBODYS_HASH = passwords._DUMMY

FAR_AHEAD = "2099-01-01"
"""Counters in memory are cleared by a thread for which the frozen clock does not hold."""


@pytest.fixture
def maya(session, clock):
    clock.move_to(FAR_AHEAD)
    return a_user(
        session,
        "Maya Mentor",
        Role.MENTOR,
        timezone="Europe/London",
        password_hash=hash_password(PASSWORD),
    )


@pytest.fixture
def client(client_for):
    return client_for(None)


def sign_in(client, email="maya.mentor@example.org", password=PASSWORD, **others):
    return client.post("/login", data={"email": email, "password": password} | others)


def who(client):
    """Whom the dashboard greets; None where it leads to sign-in."""
    found = re.search(r'popovertarget="menu"><span>([^<]*)', client.get("/dashboard").text)
    return found and found[1]


def test_the_right_password_leads_to_the_dashboard(client, maya):
    assert who(client) is None

    answer = sign_in(client)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard")
    assert who(client) == "Maya Mentor"
    assert client.get("/login").headers["Location"] == "/dashboard"


def test_the_demos_password_opens_nothing_in_production(app, client, session, clock, monkeypatch):
    demo = {"password_hash": hash_password(DEMO_PASSWORD)}
    a_user(session, "Maya Mentor", Role.MENTOR, **demo)
    assert sign_in(client, password=DEMO_PASSWORD).status_code == 303
    client.post("/logout")

    monkeypatch.setattr(parts_of(app).settings, "mentorship_env", "production")

    assert sign_in(client, password=DEMO_PASSWORD).status_code == 401


def test_the_address_is_taken_in_any_case_and_with_blanks_around_it(client, maya):
    assert sign_in(client, email="  Maya.MENTOR@example.org ").status_code == 303


def test_the_root_leads_to_the_dashboard_and_that_to_sign_in(client, clock):
    assert client.get("/").headers["Location"] == "/dashboard"

    answer = client.get("/dashboard?past=2")

    assert (answer.status_code, answer.headers["Location"]) == (
        302,
        "/login?next=/dashboard?past%3D2",
    )
    assert client.head("/dashboard").status_code == 302


def test_htmx_is_not_led_into_the_panel_but_sent_to_the_sign_in_page(client, clock):
    answer = client.get("/dashboard", headers={"HX-Request": "true"})

    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login")
    assert "You are signed out, so nothing was changed." in client.get("/login").text


def test_a_page_that_polls_on_after_the_sign_in_ended_is_told_so_once(client, clock):
    for _ in range(60):
        client.post(
            "/api/admin/update-session-status",
            data={"seen": "1.1.1"},
            headers={"HX-Request": "true"},
        )

    assert client.get("/login").text.count("You are signed out, so nothing was changed.") == 1


def test_a_form_that_is_sent_after_the_sign_in_ended_leads_to_it_in_another_window(client, clock):
    answer = client.post("/sessions/1/notes", data={"summary": "Long"})

    assert answer.status_code == 401
    assert '<a class="button" href="/login" target="_blank">' in answer.text
    assert "What you typed is still there" in answer.text


def test_sign_out_leads_to_sign_in_and_forgets_the_person(client, maya):
    sign_in(client)

    answer = client.post("/logout")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert who(client) is None
    assert client.post("/logout").status_code == 303


def test_a_link_on_another_page_cannot_sign_out(client, maya):
    sign_in(client)

    assert client.get("/logout").status_code == 405
    assert who(client) == "Maya Mentor"


class Counting(PasswordHasher):
    """The real thing, which counts how often it works."""

    times = 0

    def verify(self, *args):
        self.times += 1
        return super().verify(*args)


def test_to_look_for_nobody_costs_what_it_costs_to_check_a_password():
    assert not PasswordHasher().check_needs_rehash(NOBODYS_HASH)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_wrong_password_an_unknown_address_and_an_account_without_one_are_alike(
    client, session, maya, monkeypatch
):
    a_user(session, "Nora Nopassword", Role.STUDENT)
    hasher = Counting()
    monkeypatch.setattr(passwords, "_hasher", hasher)
    answers = []
    for number, (email, password) in enumerate(
        (
            ("maya.mentor@example.org", "not the password"),
            ("who.is.that@example.org", "not the password"),
            ("nora.nopassword@example.org", ""),
            ("nora.nopassword@example.org", "no account has this password"),
        )
    ):
        answer = sign_in(client, email=email, password=password)
        answers.append((answer.status_code, answer.text.replace(email, "")))
        assert hasher.times == number + 1
        assert "Set-Cookie" not in answer.headers

    assert len(set(answers)) == 1
    assert answers[0][0] == 401
    assert "The e-mail address or password is wrong." in answers[0][1]


HARD = [
    "",
    " ",
    "\x00",
    "a\x00@b",
    "x" * 50_000,
    "\u202e@x",
    "' OR 1=1 --",
    "%",
    "\U0001f600@x",
    "maya.mentor@example.org\x00",
    "maya.mentor@example.org\r\n",
]


def test_whatever_is_typed_at_sign_in_is_answered_with_a_sentence(client, maya):
    form = "application/x-www-form-urlencoded"
    for text in HARD:
        for answer in (
            sign_in(client, email=text, password=text[:20_000], next=text[:20_000]),
            client.get("/login", query_string={"next": text}),
        ):
            assert answer.status_code in (200, 401, 413), text
    for answer in (
        client.post("/login", data=b"email=%ED%A0%80&password=%FF%FE", content_type=form),
        client.post("/login", json={"email": maya.email, "password": PASSWORD}),
        client.post("/login", query_string={"email": maya.email, "password": PASSWORD}),
    ):
        assert answer.status_code == 401
    assert who(client) is None


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_eleventh_try_on_one_account_in_ten_minutes_has_to_wait(
    client, client_for, maya, clock
):
    for _ in range(10):
        assert sign_in(client, password="wrong").status_code == 401

    answer = sign_in(client_for(None))  # The right password, from another browser.

    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 600
    assert "Too many sign-in attempts. Please wait 10 min and try again." in answer.text
    assert sign_in(client, email="who@example.org").status_code == 401
    clock.tick(601)
    assert sign_in(client).status_code == 303


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_account_that_does_not_exist_is_throttled_alike(client, clock):
    clock.move_to(FAR_AHEAD)
    answers = [sign_in(client, email="who@example.org").status_code for _ in range(11)]

    assert answers == [401] * 10 + [429]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_right_password_makes_earlier_tries_forgotten(app, client, maya):
    throttle = parts_of(app).throttle
    key = f"{maya.email} 127.0.0.1"
    for _ in range(9):
        throttle.hit(ACCOUNT_FROM_NETWORK, key)
    sign_in(client)

    assert all(throttle.hit(ACCOUNT_FROM_NETWORK, key) for _ in range(10))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_only_failed_tries_count_against_an_address(app, client, client_for, maya):
    throttle = parts_of(app).throttle
    for _ in range(NETWORK.amount - 1):
        throttle.hit(NETWORK, "127.0.0.1")

    assert [sign_in(client_for(None)).status_code for _ in range(2)] == [303, 303]
    assert sign_in(client_for(None), password="wrong").status_code == 401
    assert sign_in(client_for(None)).status_code == 429


def test_what_a_browser_held_before_is_dropped_at_sign_in(client, session, maya):
    other = a_user(session, "Planted Person", Role.ADMIN)
    with client.session_transaction() as cookie:
        cookie.update(planted="by the attacker", _user_id=f"{other.id}.0.ADMIN")
    planted = client.get_cookie("mentorship_session").value

    client.post("/logout")
    with client.session_transaction() as cookie:
        cookie["planted"] = "by the attacker"
    sign_in(client)

    assert client.get_cookie("mentorship_session").value != planted
    with client.session_transaction() as cookie:
        assert "planted" not in cookie
    assert who(client) == "Maya Mentor"


@pytest.mark.parametrize(
    "claim",
    [
        "1.1.MENTOR.{}",
        "1.0.ADMIN.{}",
        "2.0.MENTOR.{}",
        "1",
        "1.0",
        "x.0.MENTOR.{}",
        "1.0.OWNER.{}",
        "",
        "1.0.MENTOR.{}\n",
        "1.0.MENTOR",
        "1.0.MENTOR." + "0" * 32,
    ],
)
def test_a_cookie_of_another_epoch_role_person_or_sign_in_signs_nobody_in(client, maya, claim):
    sign_in(client)
    with client.session_transaction() as cookie:
        claim = claim.format(cookie["_user_id"].rpartition(".")[2])
    with client.session_transaction() as cookie:
        cookie["_user_id"] = claim

    answer = client.get("/dashboard")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=/dashboard")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_cookie_that_we_did_not_sign_signs_nobody_in(client, maya):
    sign_in(client)
    good = client.get_cookie("mentorship_session").value
    for forged in ("x", good[:-2], good.swapcase(), f"{good}.x", "\u00e9", "e30.x.y", "." * 200):
        client.delete_cookie("mentorship_session")
        client.set_cookie("mentorship_session", forged)
        assert who(client) is None


@pytest.mark.parametrize(
    ("lag", "greeted"), [(0.01, True), (300, True), (302, False), (-3 * 86400 + 1, True)]
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_cookie_holds_also_where_a_clock_is_a_little_behind(client, maya, clock, lag, greeted):
    sign_in(client)

    clock.tick(timedelta(seconds=-lag))

    assert (who(client) is not None) is greeted


ELSEWHERE = [
    "https://evil.example", "//evil.example", "///evil.example", "/\\evil.example",
    "\\\\evil.example", "/\t/evil.example", "/\n/evil.example", "\x00//evil.example",
    " //evil.example", "/ /evil.example", "javascript:alert(1)", "evil.example", "", "dashboard",
    "http:/evil.example", "/\x0b/evil.example", "@evil.example",
]  # fmt: skip


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("where", ELSEWHERE)
def test_next_never_leads_to_another_host(client, maya, where):
    for answer in (
        sign_in(client, next=where),
        client.post(
            "/login", query_string={"next": where}, data={"email": maya.email, "password": PASSWORD}
        ),
    ):
        assert answer.status_code == 303
        assert answer.headers["Location"] == "/dashboard"


@pytest.mark.parametrize(
    "where", ["/dashboard?past=2", "/dashboard#list-past", "/a/../b", "/%2F/x"]
)
def test_next_leads_back_to_a_page_of_this_host(client, maya, where):
    form = client.get("/login", query_string={"next": where}).text
    assert f'name="next" value="{where}"' in form

    assert sign_in(client, next=where).headers["Location"] == where


def a_link(app, viewer):
    token = make_token(secret_key=app.config["SECRET_KEY"], user_id=viewer.id, epoch=viewer.epoch)
    return f"/reset/{token}"


def test_a_link_sets_a_password_once_and_signs_out_everywhere(app, client, client_for, maya):
    elsewhere = client_for(maya)
    link = a_link(app, maya)
    assert "For maya.mentor@example.org." in client.get(link).text

    answer = client.post(link, data={"password": "a new password"})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert who(elsewhere) is None
    assert client.get(link).status_code == 400
    assert client.post(link, data={"password": "a third password"}).status_code == 400
    assert sign_in(client).status_code == 401
    assert sign_in(client, password="a new password").status_code == 303


@pytest.mark.parametrize("password", ["", "short", "x" * 129, "a\x00bcdefgh", " " * 9])
def test_a_password_that_does_not_fit_is_refused_beside_the_field(
    app, client, session, maya, password
):
    before = dump(session.get_bind())

    answer = client.post(a_link(app, maya), data={"password": password})

    assert answer.status_code == 400
    assert re.search(
        r'<p class="message is-error" role="alert">The password [^<]+\.</p>', answer.text
    )
    assert dump(session.get_bind()) == before


@pytest.mark.parametrize("token", ["x", "W10.x.y", "a" * 3000, "%00", "\u00e9", "..", "a.b.c"])
def test_a_link_that_was_not_made_here_is_refused_with_a_sentence(client, clock, token):
    for answer in (client.get(f"/reset/{token}"), client.post(f"/reset/{token}")):
        assert answer.status_code in (400, 404)
        assert "<h1>" in answer.text
