"""A site that is asked at another address than it was set up for says what it expected."""

from contextlib import ExitStack

import pytest
from structlog.testing import capture_logs

from mentorship import create_app
from mentorship.extensions import db
from tests.support.databases import settings_for

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

PRODUCTION = {"mentorship_env": "production", "secret_key": "3kf9-Jd82-mmQp-71xz-Wq0L"}
OURS = "https://mentors.example.org"


@pytest.fixture
def captured():
    """What was logged by each application, which sets the log up anew."""
    return []


@pytest.fixture
def site(database_url, captured):
    """`site(...)`: a client of an application with these settings."""
    with ExitStack() as stack:

        def make(**settings):
            app = create_app(settings_for(database_url, **{"base_url": OURS} | settings))
            stack.enter_context(app.app_context())
            stack.callback(db.engine.dispose)
            captured.append(stack.enter_context(capture_logs()))
            return app.test_client()

        yield make


@pytest.fixture
def lines(captured):
    """`lines(event)`: the lines that were logged, or those of one event."""

    def read(event=None):
        return [each for found in captured for each in found if event in (None, each["event"])]

    return read


def test_in_development_the_page_names_both_hosts_and_the_setting(site):
    answer = site().get("/login", headers={"Host": "10.0.0.7:8321", "Accept": "text/html"})

    assert answer.status_code == 400
    for said in ("10.0.0.7:8321", OURS, "BASE_URL"):
        assert said in answer.text


@pytest.mark.parametrize("settings", [{}, PRODUCTION], ids=["development", "production"])
def test_the_page_has_no_button_that_leads_to_the_same_wrong_address(site, settings):
    answer = site(**settings).get("/nowhere", headers={"Host": "10.0.0.7", "Accept": "text/html"})

    assert (answer.status_code, 'class="button"' in answer.text) == (400, False)


def test_json_says_the_same(site):
    answer = site().get("/api/mentors", headers={"Host": "10.0.0.7:8321"})

    assert (answer.status_code, answer.json["success"]) == (400, False)
    assert "10.0.0.7:8321" in answer.json["error"]


@pytest.mark.parametrize("path", ["/login", "/api/mentors"])
def test_in_production_it_says_no_more_than_that_the_address_is_not_configured(site, path):
    answer = site(**PRODUCTION).get(path, headers={"Host": "10.0.0.7"})

    assert answer.status_code == 400
    assert "This site is not configured for this address." in answer.text
    assert "10.0.0.7" not in answer.text
    assert "mentors.example.org" not in answer.text


@pytest.mark.parametrize("host", ["a<b>.example", "x" * 300, "a b"])
def test_what_cannot_be_a_host_is_not_repeated(site, host):
    answer = site().get("/login", headers={"Host": host})

    assert answer.status_code == 400
    assert host not in answer.text


def test_the_log_has_one_line_for_each_host_with_both_names(site, lines):
    client = site(**PRODUCTION)
    for host in ("10.0.0.7", "10.0.0.7", "www.example.org", "10.0.0.7"):
        client.get("/login", headers={"Host": host})

    assert [(line["asked"], line["expected"]) for line in lines("wrong_host")] == [
        ("10.0.0.7", OURS),
        ("www.example.org", OURS),
    ]


def test_forged_hosts_do_not_fill_the_log(site, lines):
    client = site(**PRODUCTION)
    for number in range(300):
        client.get("/login", headers={"Host": f"h{number}.example.org"})

    assert 0 < len(lines()) <= 60
    assert max(len(line.get("asked", "")) for line in lines()) <= 200


def test_another_scheme_or_port_in_the_origin_is_refused_and_explained(site, lines):
    client = site()
    for origin in ("http://mentors.example.org", "https://mentors.example.org:8443"):
        headers = {"Origin": origin, "Host": "127.0.0.1:8000"}
        answer = client.post("/api/bookings", json={}, headers=headers)
        assert answer.status_code == 403
        assert origin in answer.json["error"]
        assert OURS in answer.json["error"]

    assert [line["expected"] for line in lines("cross_site")] == [OURS, OURS]


def test_a_proxy_that_hands_on_another_host_is_no_other_site(site):
    headers = {"Origin": OURS, "Host": "127.0.0.1:8000"}

    assert site(**PRODUCTION).post("/api/bookings", json={}, headers=headers).status_code == 401


@pytest.mark.parametrize("base_url", [OURS, "http://mentors.example.org"])
def test_signing_in_without_https_says_why_it_cannot_work(site, lines, base_url):
    client = site(**PRODUCTION, base_url=base_url)
    form = {"email": "a@example.org", "password": "x"}
    headers = {"Host": "mentors.example.org", "Origin": "http://mentors.example.org"}

    answer = client.post("/login", data=form, headers=headers)

    assert (answer.status_code, "HTTPS" in answer.text) == (400, True)
    assert len(lines("no_https")) == 1


def test_on_this_machine_browsers_keep_secure_cookies_without_https(site):
    client = site(**PRODUCTION, base_url="http://127.0.0.1:8000")
    form = {"email": "a@example.org", "password": "x"}
    headers = {"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:8000"}

    assert client.post("/login", data=form, headers=headers).status_code == 401


def test_a_proxy_that_is_not_set_up_is_logged_once(site, lines):
    for settings in (PRODUCTION, PRODUCTION | {"trusted_proxies": 1}):
        client = site(**settings)
        for _twice in range(2):
            client.get(
                "/login", headers={"Host": "mentors.example.org", "X-Forwarded-For": "198.51.100.7"}
            )

    assert [line["event"] for line in lines()] == ["proxy_not_trusted", "proxy_scheme"]


@pytest.mark.parametrize("scheme", ["HTTPS", "Https", "hTTpS"])
def test_the_scheme_that_a_proxy_names_is_known_in_any_case(site, lines, scheme):
    client = site(trusted_proxies=1)
    headers = {"X-Forwarded-Proto": scheme, "Host": "mentors.example.org"}

    assert client.get("/login", headers=headers).status_code == 200
    posted = client.post("/login", data={}, headers=headers | {"Origin": OURS})
    assert "came from another site" not in posted.text
    assert client.get("/login/", headers=headers).headers.get("Location", OURS).startswith(OURS)
    assert [lines(event) for event in ("wrong_host", "proxy_scheme", "cross_site")] == [[], [], []]


@pytest.mark.parametrize("scheme", ["ftp", "javascript", "https://evil.example/"])
def test_a_scheme_that_is_none_of_the_webs_is_logged_as_such(site, lines, scheme):
    headers = {"X-Forwarded-Proto": scheme, "Host": "mentors.example.org"}
    answer = site(trusted_proxies=1).get("/login", headers=headers)

    assert answer.status_code == 400
    assert scheme not in answer.text
    assert lines("wrong_host") == []
    assert [(line["asked"], line["expected"]) for line in lines("proxy_scheme")] == [(scheme, OURS)]
