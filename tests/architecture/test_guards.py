"""The guards hold for the whole application: no route and no blueprint escapes them.

What a guard refuses in detail is tested on one route, in tests/web/http. Here each route of the
application meets each guard once, without its view and without a database.
"""

from dataclasses import dataclass

import pytest
from flask import Blueprint, Flask
from werkzeug.exceptions import RequestHeaderFieldsTooLarge
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from mentorship import create_app
from mentorship.domain.shared.errors import InvalidInput
from mentorship.web.http.request_guards import CrossSite, WrongAddress
from mentorship.web.http.security_headers import fixed_headers, security_headers
from tests.support.databases import settings_for

SAFE = {"GET", "HEAD", "OPTIONS"}
STATIC_FILES = "_StaticFiles"


@dataclass(frozen=True)
class Guard:
    """One request that a guard refuses, and the error with which it does so."""

    error: type[Exception]
    headers: dict[str, str]
    query: str = ""
    only_changes: bool = False
    only_below: str = "/"
    but_for: str | None = None


GUARDS = [
    pytest.param(
        Guard(CrossSite, {"Sec-Fetch-Site": "cross-site"}, only_changes=True), id="other sites"
    ),
    pytest.param(Guard(WrongAddress, {"Host": "evil.example"}), id="forged hosts"),
    pytest.param(
        Guard(RequestHeaderFieldsTooLarge, {"X-Anything": "a" * 40_000}), id="long headers"
    ),
    # The cron route asks for its secret first; its own tests send it an unknown argument.
    pytest.param(
        Guard(
            InvalidInput,
            {},
            query="nonsense=1",
            only_below="/api/",
            but_for="/api/cron/complete-sessions",
        ),
        id="unknown arguments",
    ),
    pytest.param(
        Guard(
            InvalidInput,
            {},
            query="page=1&page=2",
            only_below="/api/",
            but_for="/api/cron/complete-sessions",
        ),
        id="doubled arguments",
    ),
]


@pytest.fixture
def app(tmp_path):
    """The application; its database is never opened."""
    return create_app(settings_for(f"sqlite:///{tmp_path / 'unused.db'}"))


def requests_to(app):
    """A method and a path for each route, OPTIONS and HEAD included."""
    for rule in app.url_map.iter_rules():
        _domain, path = rule.build(dict.fromkeys(rule.arguments, 1), append_unknown=False)
        for method in sorted(rule.methods):
            yield method, path


def unguarded(app, guard):
    """The requests that a guard should refuse, and that would reach their view."""
    found = []
    for method, path in requests_to(app):
        if not path.startswith(guard.only_below) or path == guard.but_for:
            continue
        if guard.only_changes and method in SAFE:
            continue
        with app.test_request_context(
            path, method=method, headers=guard.headers, query_string=guard.query
        ):
            try:
                app.preprocess_request()
            except guard.error:
                continue
        found.append(f"{method} {path}")
    return found


def without_headers(app):
    """The requests whose answers would lack a header that every answer carries."""
    expected = fixed_headers(settings_for("sqlite://"))
    found = []
    for method, path in requests_to(app):
        with app.test_request_context(path, method=method):
            answer = app.process_response(app.response_class())
        if not set(expected) <= set(answer.headers.items()):
            found.append(f"{method} {path}")
    return found


def in_front_of(app):
    """The names of the WSGI middlewares that see a request before the application does."""
    names, application = [], app.wsgi_app
    while getattr(application, "__func__", None) is not Flask.wsgi_app:
        names.append(type(application).__name__)
        application = getattr(application, "application", None) or application.app
    return names


@pytest.mark.parametrize("guard", GUARDS)
def test_no_route_escapes_a_guard(app, guard):
    assert len(list(requests_to(app))) > 100
    assert unguarded(app, guard) == []


def test_every_answer_carries_the_security_headers(app):
    assert without_headers(app) == []


def test_only_static_files_are_answered_in_front_of_the_application(app):
    assert in_front_of(app) == [STATIC_FILES]


@pytest.mark.parametrize("base_url", ["http://localhost:5000", "https://mentors.example.org"])
def test_static_files_carry_the_security_headers_of_this_application(tmp_path, base_url):
    settings = settings_for(f"sqlite:///{tmp_path / 'unused.db'}", base_url=base_url)
    answer = create_app(settings).test_client().get("/static/app.css")

    expected = security_headers(settings)
    assert answer.status_code == 200
    assert ("Strict-Transport-Security" in expected) == base_url.startswith("https:")
    assert expected.items() <= dict(answer.headers).items()


def guarded_blueprint_only():
    """An application whose guards hold for one blueprint, and a route outside that blueprint."""
    app = Flask(__name__, static_folder=None)
    inside = Blueprint("inside", __name__)

    @inside.before_request
    def refuse():
        raise CrossSite

    @inside.after_request
    def add_headers(response):
        response.headers.extend(fixed_headers(settings_for("sqlite://")))
        return response

    inside.add_url_rule("/inside", "inside", lambda: "", methods=["POST"])
    app.register_blueprint(inside)
    app.add_url_rule("/outside", "outside", lambda: "", methods=["POST"])
    return app


def test_the_check_finds_a_route_outside_the_blueprint_that_has_the_guard():
    app = guarded_blueprint_only()
    guard = Guard(CrossSite, {"Sec-Fetch-Site": "cross-site"}, only_changes=True)

    assert unguarded(app, guard) == ["POST /outside"]
    assert without_headers(app) == ["OPTIONS /outside", "POST /outside"]


def test_the_check_finds_an_application_that_is_mounted_beside_this_one(app):
    other = Flask("other", static_folder=None)
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/outside": other})

    assert in_front_of(app) == ["DispatcherMiddleware", STATIC_FILES]


def test_the_check_finds_a_hook_that_answers_before_the_guards(app):
    app.before_request_funcs[None].insert(0, lambda: "An answer of its own")

    for parameters in GUARDS:
        assert len(unguarded(app, parameters.values[0])) > 30
