"""What holds for every answer: other sites, other hosts, headers, cookies, escaped text."""

from html.parser import HTMLParser

import pytest
from sqlalchemy import update

from mentorship.adapters.passwords import hash_password
from mentorship.database import begin_write
from mentorship.models import SessionBooking, User
from tests.support.builders import a_booking, at
from tests.support.dumps import dump
from tests.web.access import rows

START = next(row for row in rows() if row.rule.endswith("/start"))
OTHER_SITE = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "SAME-ORIGIN"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:8001"},
    {"Origin": "https://localhost"},
    {"Origin": "https://127.0.0.1:8000"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "localhost"},
    {"Origin": "http://[::1"},
    {"Origin": "http://localhost@evil.example"},
    {"Origin": "https://localhost"},
    {"Origin": "ftp://localhost"},
    {"Origin": "https://127.0.0.1:8000"},
    {"Origin": "http://127.0.0.1"},
]
OUR_SITE = [
    {},
    {"Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"},
    {"Origin": "http://localhost"},
    {"Origin": "http://127.0.0.1:8000"},
    {"Origin": "http://localhost", "Host": "LOCALHOST"},
]


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        ("https://mentors.example.org", "mentors.example.org", 401),
        ("https://mentors.example.org:8443", "mentors.example.org:8443", 401),
        ("https://mentors.example.org", "localhost:8000", 401),
        ("http://localhost:8000", "localhost:8000", 401),
        ("http://mentors.example.org", "mentors.example.org", 403),
        ("http://mentors.example.org:443", "mentors.example.org", 403),
        ("https://mentors.example.org:8443", "mentors.example.org", 403),
        ("https://localhost:8000", "localhost:8000", 403),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_of_a_site_with_https_a_page_without_it_is_another_site(app_with, origin, host, status):
    client = app_with(base_url="https://mentors.example.org").test_client()

    answer = client.post(
        "/login", data={"email": "a@example.org"}, headers={"Origin": origin, "Host": host}
    )

    assert answer.status_code == status


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("scheme", ["javascript", "ftp", "http:", "https://evil.example/"])
def test_a_scheme_that_is_none_of_the_webs_reaches_no_location(app_with, scheme):
    client = app_with(trusted_proxies=1).test_client()

    for path in ("/", "/dashboard", "//evil.example", "/login/", "/static", "/.well-known/"):
        answer = client.get(path, headers={"X-Forwarded-Proto": scheme})
        assert answer.status_code == 400, path
        assert "Location" not in answer.headers


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_changing_request_from_another_site_is_refused_and_changes_nothing(
    scene, client_for, session
):
    """On one route; tests/architecture/test_guards.py shows that no route escapes this guard."""
    client = client_for(scene.people["mentor"])
    before = dump(session.get_bind())

    for headers in OTHER_SITE:
        for asked in ({}, {"HX-Request": "true"}):
            answer = client.post(scene.path(START), headers=headers | asked)
            assert answer.status_code == 403, headers
            assert "This request came from another site, so it was refused." in answer.text

    assert dump(session.get_bind()) == before
    with client.session_transaction() as cookie:
        assert cookie["_user_id"]  # Nor is anybody signed out.


@pytest.mark.parametrize("headers", OUR_SITE)
def test_a_changing_request_of_our_own_pages_or_of_no_browser_works(scene, client_for, headers):
    answer = client_for(scene.people["mentor"]).post(scene.path(START), headers=headers)

    assert (answer.status_code, answer.json["changed"]) == (200, True)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_reading_from_another_site_is_nobodys_harm(scene, client_for):
    answer = client_for(scene.people["student"]).get("/dashboard", headers=OTHER_SITE[0])

    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "evil.example:8000", "[::1", "a b", "\u00e9"]
)
def test_a_forged_host_is_refused_and_changes_nothing(scene, client_for, session, host):
    """On two addresses; tests/architecture/test_guards.py shows that no route escapes it."""
    client = client_for(scene.people["mentor"])
    before = dump(session.get_bind())

    for method, path in (("POST", scene.path(START)), ("GET", "/nowhere")):
        answer = client.open(path, method=method, headers={"Host": host, "Accept": "text/html"})
        assert answer.status_code == 400, path
        assert "This site is not configured for this address" in answer.text

    assert dump(session.get_bind()) == before


@pytest.mark.parametrize(
    ("base_url", "hosts"),
    [
        ("https://mentors.example.org", ["mentors.example.org", "Mentors.Example.ORG:443"]),
        ("http://[2001:DB8::7]:8101", ["[2001:db8::7]:8101", "[2001:DB8::7]"]),
        ("https://m\u00fcller.example", ["xn--mller-kva.example", "XN--MLLER-KVA.example"]),
        ("https://mentors.example.org", ["LOCALHOST:8101", "127.0.0.1:8000", "[::1]:8101"]),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_host_of_ours_is_known_in_any_case_and_by_any_kind_of_address(app_with, base_url, hosts):
    client = app_with(base_url=base_url).test_client()

    for host in hosts:
        assert client.get("/login", headers={"Host": host}).status_code == 200
    for host in ("x.example.org", "[::2]:8101", "[::1", "::1", "localhost:0", "localhost.", ""):
        assert client.get("/login", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("asked", [{}, {"HX-Request": "true"}, {"Accept": "text/html"}])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/dashboard"),
        ("GET", "/login"),
        ("GET", "/api/mentors"),
        ("POST", "/api/bookings"),
        ("GET", "/nowhere"),
        ("GET", "/api/nowhere"),
        ("DELETE", "/dashboard"),
    ],
)
def test_an_answer_is_private_and_runs_nothing_from_elsewhere(
    scene, client_for, asked, method, path
):
    """Each kind of answer; tests/architecture/test_guards.py shows that no route escapes this."""
    for viewer in (None, scene.people["mentor"]):
        headers = client_for(viewer).open(path, method=method, headers=asked).headers
        assert headers["Cache-Control"] == "no-store"
        assert {"Cookie", "HX-Request"} <= set(headers["Vary"].split(", "))
        policy = dict(
            part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["frame-ancestors"] == "'none'"
        assert {policy[name] for name in ("script-src", "style-src", "form-action")} == {"'self'"}
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "Server" not in headers or "Werkzeug" not in headers["Server"]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/nowhere", "text/html"),
        ("/static/none.css", "text/html"),
        ("/api/nowhere", "application/json"),
        ("/api/sessions/1/delay", "application/json"),
        ("/dashboard/", "text/html"),
    ],
)
def test_an_address_that_leads_nowhere_says_so(client_for, clock, path, kind):
    answer = client_for(None).get(path)

    assert (answer.status_code, answer.mimetype) == (404, kind)
    assert "There is nothing at this address." in answer.text


@pytest.mark.parametrize(
    ("environment", "base_url", "is_secure"),
    [
        ("production", "https://mentors.example.org", True),
        ("development", "http://127.0.0.1:8000", False),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites_and_secure_in_production(
    app_with, session, cast, environment, base_url, is_secure
):
    begin_write(session)
    session.execute(update(User).values(password_hash=hash_password("correct horse")))
    session.commit()
    app = app_with(mentorship_env=environment, base_url=base_url)

    answer = app.test_client().post(
        "/login", base_url=base_url, data={"email": cast.mentor.email, "password": "correct horse"}
    )

    assert answer.status_code == 303
    cookies = answer.headers.getlist("Set-Cookie")
    assert len(cookies) == 2  # Of the sign-in, and of the browser.
    for cookie in cookies:
        flags = set(cookie.split("; ")[1:])
        assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= flags
        assert ("Secure" in flags) is is_secure
        assert not any(flag.startswith("Domain") for flag in flags)
    assert ("Strict-Transport-Security" in answer.headers) is is_secure


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7*7 }}&amp;"


class Elements(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    @property
    def foreign(self):
        """What no template of ours contains."""
        return [
            (tag, names)
            for tag, names in self.found
            if (tag == "script" and "src" not in names)
            or names.get("src") == "x"
            or any(name.startswith("on") for name in names)
        ]


def test_the_search_for_foreign_elements_finds_what_is_not_escaped():
    assert len(Elements(f"<p>{HOSTILE}</p>").foreign) == 2


def test_script_in_names_topics_and_reasons_is_shown_as_the_text_that_it_is(
    client_for, session, cast, clock
):
    people = {"mentor": cast.mentor, "student": cast.student}
    a_booking(session, **people, starts="12:00", topic=HOSTILE)
    cancelled = a_booking(session, **people, starts="14:00")
    session.rollback()
    begin_write(session)
    session.execute(update(User).values(name=HOSTILE))
    session.commit()
    client_for(cast.student).post(f"/api/sessions/{cancelled}/cancel", json={"reason": HOSTILE})

    for viewer in (cast.student, cast.mentor, cast.admin):
        client = client_for(viewer)
        poll = client.post(
            "/api/admin/update-session-status",
            data={"seen": "0.0.0"},
            headers={"HX-Request": "true"},
        )
        for answer in (client.get("/dashboard"), poll):
            page = Elements(answer.text)
            assert answer.status_code == 200
            assert page.foreign == []
            assert page.text.count(HOSTILE) >= 3
    assert session.get_one(SessionBooking, cancelled).cancel_reason == HOSTILE


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_script_in_what_is_asked_comes_back_as_text_or_not_at_all(client_for, session, cast, clock):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts=at("12:00"))
    client = client_for(cast.mentor)
    browser = {"Accept": "text/html"}
    for answer in (
        client_for(None).get("/login", query_string={"next": HOSTILE}),
        client_for(None).post("/login", data={"email": HOSTILE, "next": HOSTILE}),
        client_for(None).get(f"/{HOSTILE}"),
        client_for(None).get("/reset/x", query_string={HOSTILE: HOSTILE}),
        client.get("/dashboard", query_string={"past": HOSTILE}),
        client.post(f"/api/sessions/{booking}/start", data={HOSTILE: "1"}, headers=browser),
        client.post(
            f"/api/sessions/{booking}/start", data={HOSTILE: "1"}, headers={"HX-Request": "true"}
        ),
    ):
        assert answer.mimetype == "text/html"
        assert Elements(answer.text).foreign == []
    as_json = client.post(f"/api/sessions/{booking}/start", data={HOSTILE: "1"})
    assert (as_json.status_code, as_json.mimetype) == (400, "application/json")
