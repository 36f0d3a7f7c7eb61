"""Each JSON route has a description, and each route a row that says who may use it."""

import re

import pytest

from mentorship import create_app
from mentorship.config import PROJECT
from mentorship.current import parts_of
from mentorship.web.http.openapi import describe
from tests.support.databases import settings_for
from tests.web.access import rows


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The application; its database is never opened."""
    return create_app(settings_for(f"sqlite:///{tmp_path_factory.mktemp('none') / 'unused.db'}"))


def routes(app):
    """The method and rule of every route."""
    return {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


def test_every_route_below_api_is_described_and_nothing_else_is(app):
    """Put `@described(...)` of mentorship.web.http.openapi below the route."""
    expected = {
        (method, re.sub("<[^>]+>", "{}", rule))
        for method, rule in routes(app)
        if rule.startswith("/api/")
    }
    with app.app_context():
        document = describe(app)

    assert {
        (method.upper(), re.sub(r"\{\w+\}", "{}", path))
        for path, operations in document["paths"].items()
        for method in operations
    } == expected


def test_every_route_has_a_row_that_says_who_may_use_it(app):
    """The table stands in tests/web/access.py."""
    assert {(row.method, row.rule) for row in rows()} == routes(app)


def test_every_endpoint_that_code_and_templates_name_is_a_page_of_the_product(app):
    """A link built from `url_for` fails only when its page is drawn; here it fails at once."""
    files = [*PROJECT.glob("templates/**/*.html"), *PROJECT.glob("mentorship/web/**/*.py")]
    named = {
        name
        for file in files
        for name in re.findall(r"""["']([a-z_]+\.[a-z_]+)["']""", file.read_text())
        if name.partition(".")[0] in app.blueprints
    }

    assert len(named) > 50
    assert named - {rule.endpoint for rule in app.url_map.iter_rules()} == set()


def test_every_link_in_the_header_needs_no_value(app):
    header = (PROJECT / "templates/shared/_header.html").read_text()
    needed = {rule.endpoint: rule.arguments for rule in app.url_map.iter_rules()}
    named = re.findall(r'"([a-z_]+\.[a-z_]+)"', header)

    assert len(named) > 5
    assert {name: needed[name] for name in named if needed[name]} == {}


def test_the_comparison_finds_a_route_that_nobody_thought_of(app):
    other = create_app(parts_of(app).settings)
    other.add_url_rule("/api/forgotten", "forgotten", lambda: "", methods=["POST"])

    assert routes(other) - {(row.method, row.rule) for row in rows()} == {
        ("POST", "/api/forgotten")
    }
