"""The addresses that are the same on every site."""

import pytest

from mentorship import create_app
from tests.support.databases import settings_for

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

BASE_URL = "https://mentors.example.org"


def client_with(database_url, **settings):
    app = create_app(settings_for(database_url, base_url=BASE_URL, **settings))
    return app.test_client()


def test_whoever_finds_a_weakness_reads_whom_to_tell(database_url, clock):
    answer = client_with(database_url).get("/.well-known/security.txt")

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text == (
        "Contact: mailto:no-reply@mentors.example.org\n"
        "Expires: 2027-05-23T00:00:00Z\n"
        "Preferred-Languages: en, de\n"
        f"Canonical: {BASE_URL}/.well-known/security.txt\n"
    )


@pytest.mark.parametrize("contact", ["mailto:security@example.org", "https://example.org/report"])
def test_the_contact_is_a_setting(database_url, contact):
    client = client_with(database_url, mail_from="a@example.org", security_contact=contact)

    assert f"Contact: {contact}\n" in client.get("/.well-known/security.txt").text
    assert "a@example.org" not in client.get("/.well-known/security.txt").text


def test_a_password_manager_is_led_to_where_the_password_is_changed(database_url):
    client = client_with(database_url)

    answer = client.get("/.well-known/change-password")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/account#password")
    assert client.get("/.well-known/no-such-resource").status_code == 404
