"""The cookie of browsers that have signed in before."""

import pytest
from flask import Response

from mentorship.web.http.limits.known_browsers import known_browser, remember_browser

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

COOKIE = "mentorship_browser"


@pytest.fixture
def signed_in_to(app):
    """`signed_in_to(cookie, email)`: the browser's cookie after it has signed in there."""

    def sign_in(cookie, email):
        with app.test_request_context(headers={"Cookie": f"{COOKIE}={cookie}"}):
            remember_browser(email)
            sent = app.process_response(Response()).headers.getlist("Set-Cookie")
            (line,) = [each for each in sent if each.startswith(f"{COOKIE}=")]
            return line.partition("=")[2].partition(";")[0]

    return sign_in


@pytest.fixture
def browser_of(app):
    """`browser_of(cookie, email)`: the id by which the account knows the browser, or None."""

    def known(cookie, email):
        with app.test_request_context(headers={"Cookie": f"{COOKIE}={cookie}"}):
            return known_browser(email)

    return known


def test_a_browser_keeps_its_id_for_the_four_accounts_that_used_it_last(signed_in_to, browser_of):
    cookie = signed_in_to("", "a@x.example")
    browser = browser_of(cookie, "a@x.example")
    for name in "bcde":
        cookie = signed_in_to(cookie, f"{name}@x.example")

    assert browser
    assert [browser_of(cookie, f"{name}@x.example") for name in "abcde"] == [None] + [browser] * 4


def test_an_account_that_signs_in_again_is_the_last_to_be_forgotten(signed_in_to, browser_of):
    cookie = ""
    for name in "abcdae":
        cookie = signed_in_to(cookie, f"{name}@x.example")

    assert browser_of(cookie, "b@x.example") is None
    assert browser_of(cookie, "a@x.example")


def test_two_browsers_of_one_account_have_different_ids(signed_in_to, browser_of):
    one, other = (signed_in_to("", "a@x.example") for _ in range(2))

    assert browser_of(one, "a@x.example") != browser_of(other, "a@x.example")


def test_the_cookie_names_no_account(signed_in_to):
    assert "a@x" not in signed_in_to("", "a@x.example")
