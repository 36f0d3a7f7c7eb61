"""Headers that strangers send: whatever stands in them, no error of ours and little memory."""

import gc
import tracemalloc

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mentorship.web.http.formatting import hour_cycle_of
from mentorship.web.http.locale import language_of

PIECES = ["sr", "Latn", ".", "..", "/", "-", "_", " ", "de", "en", "*", ";q=", "0.5", "1e999", ",",
          "zh", "Hant", "419", "POSIX", "u", "hc", "h12", "x", "\u00e9", "root", "nan"]  # fmt: skip

LANGUAGES = st.lists(st.sampled_from(PIECES), max_size=8).map("".join)

NAMES = ["Accept-Language", "Accept", "Accept-Encoding", "Authorization", "Cookie", "If-None-Match",
         "If-Modified-Since", "Idempotency-Key", "Origin", "Range", "Referer", "User-Agent",
         "X-Forwarded-For", "X-Forwarded-Proto", "HX-Request", "HX-Current-URL",
         "Sec-Fetch-Site"]  # fmt: skip

VALUES = LANGUAGES | st.text(st.characters(max_codepoint=0xFF, exclude_characters="\r\n\x00"))

ROUTES = ["/login", "/nothing-here", "/api/sessions/1", "/dashboard", "/signup", "/static/app.css"]


def a_client(app):
    """One that sends the headers as they are given, cookies too."""
    return FlaskClient(app, app.response_class, use_cookies=False)


@given(LANGUAGES)
@example("sr-Latn .")
@example("sr-Latn ./../de")
def test_any_accept_language_leads_to_a_language_and_an_hour_cycle(header):
    assert language_of(header)
    assert hour_cycle_of(header)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4), st.sampled_from(ROUTES))
@example({"Accept-Language": "sr-Latn ."}, "/nothing-here")
@example({"Accept-Language": "sr-Latn ."}, "/login")
@example({"Accept-Language": "sr-Latn ."}, "/api/admin/update-session-status")
def test_no_header_is_an_error_of_ours(app, headers, route):
    client = a_client(app)
    for method in ("GET", "POST"):
        answer = client.open(route, method=method, headers=headers)
        assert answer.status_code < 500, (method, route, headers)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_long_headers_are_not_kept(app):
    """2,200 different headers of 400 KB each once cost every process hundreds of megabytes."""
    client = a_client(app)
    for path in ("/login", "/nothing-here"):
        client.get(path)
    gc.collect()  # What is garbage is not kept.
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(60):
            tag = f"x{number:05}-de,"
            client.get("/login", headers={"Accept-Language": tag * 2000})
            client.get("/login", headers={"User-Agent": tag * 2000})
            client.get("/login", headers={"Cookie": "mentorship_session=" + tag * 2000})
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 1_000_000


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["Accept-Language", "Cookie", "User-Agent", "X-Anything"])
def test_headers_that_are_too_long_are_refused_with_a_sentence(app, name):
    answer = a_client(app).get("/login", headers={name: "a" * 40_000})

    assert answer.status_code == 431
    assert "The headers of this request are too long." in answer.text
