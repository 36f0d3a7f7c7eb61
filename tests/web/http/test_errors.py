"""Every error of the product becomes an answer: JSON, a fragment for HTMX, or a page."""

import pytest

from mentorship.domain.shared.errors import Conflict, NotFound, ProductError, RateLimited
from mentorship.web.http import errors

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

SENTENCE = "There is no such thing."


@pytest.fixture
def failing(app, client_for, cast, monkeypatch):
    """`failing(error)`: a client for whom two views raise this error."""

    def make(error):
        def raise_it(**_values):
            raise error

        for endpoint in ("dashboard.show", "session_actions.start"):
            monkeypatch.setitem(app.view_functions, endpoint, raise_it)
        monkeypatch.setattr(app, "test_client_class", None)
        return client_for(cast.mentor)

    return make


def concrete_errors():
    """Every class of errors that is raised somewhere: those that have no more special ones."""
    pending, found = [ProductError], set()
    while pending:
        cls = pending.pop()
        pending += cls.__subclasses__()
        found.add(cls)
    return found - {ProductError}


def test_every_error_of_the_product_has_a_status():
    handled_by_themselves = {"AlreadyConfirmed"}
    named = {cls for cls in concrete_errors() if cls.__module__.startswith("mentorship.")}

    assert len(named) > 15
    assert {cls.__name__ for cls in named if cls not in errors._STATUS} <= handled_by_themselves


@on_sqlite
@pytest.mark.parametrize(
    ("path", "method", "headers", "mimetype"),
    [
        ("/dashboard",            "GET",  {},                        "text/html"),
        ("/api/sessions/1/start", "POST", {},                        "application/json"),
        ("/api/sessions/1/start", "POST", {"Accept": "text/html"},   "text/html"),
        ("/api/sessions/1/start", "POST", {"HX-Request": "true"},    "text/html"),
    ],
)  # fmt: skip
def test_the_caller_gets_the_kind_of_answer_that_it_can_show(
    failing, path, method, headers, mimetype
):
    answer = failing(NotFound(SENTENCE)).open(path, method=method, headers=headers)

    assert (answer.status_code, answer.mimetype) == (404, mimetype)
    assert SENTENCE in answer.text
    is_fragment = "HX-Request" in headers
    assert ("<html" in answer.text) is (mimetype == "text/html" and not is_fragment)
    assert answer.headers.get("HX-Retarget") == ("#notice" if is_fragment else None)


@on_sqlite
def test_a_conflict_tells_programs_the_state_and_lets_pages_poll(failing):
    client = failing(Conflict("It has ended.", status="COMPLETED", is_delayed=False))

    answer = client.post("/api/sessions/1/start")
    fragment = client.post("/api/sessions/1/start", headers={"HX-Request": "true"})

    assert (answer.status_code, fragment.status_code) == (409, 409)
    assert (answer.json["status"], answer.json["isDelayed"]) == ("COMPLETED", False)
    assert "poll-now" in fragment.headers["HX-Trigger"]


@on_sqlite
def test_a_limit_says_when_to_try_again(failing):
    answer = failing(RateLimited("Please wait.", retry_after=90)).post("/api/sessions/1/start")

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "90")


@on_sqlite
def test_an_unexpected_error_reveals_nothing(failing):
    answer = failing(KeyError("secret-value")).get("/dashboard")

    assert answer.status_code == 500
    assert "Something went wrong on our side." in answer.text
    assert "secret-value" not in answer.text
    assert "Traceback" not in answer.text
