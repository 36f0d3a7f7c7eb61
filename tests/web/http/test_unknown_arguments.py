"""No JSON route takes an argument of its address that its description does not name."""

import pytest

from tests.web.access import rows

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def test_every_route_refuses_an_argument_that_it_does_not_know(scene, client_for):
    walked = 0
    for row in rows():
        if not row.rule.startswith("/api/"):
            continue
        client = client_for(scene.people["mentor"])
        answer = client.open(f"{scene.path(row)}?nonsense=1&q\u00fcx=2", method=row.method)
        assert answer.status_code == 400, (row, answer.status_code)
        assert "'nonsense'" in answer.text, row
        walked += 1
    assert walked > 30


def test_every_argument_that_is_described_is_taken(scene, client_for):
    client = client_for(scene.people["student"])
    paths = client.get("/api/openapi.json").json["paths"]
    walked = 0
    for path, methods in paths.items():
        names = [each["name"] for each in methods.get("get", {}).get("parameters", ())
                 if each["in"] == "query"]  # fmt: skip
        if not names or "{" in path:
            continue
        walked += 1
        for name in names:
            answer = client.get(path, query_string={name: "1"})
            assert "does not know" not in answer.text, (path, name)
    assert walked >= 2


def test_pages_ignore_what_they_do_not_know(scene, client_for):
    client = client_for(scene.people["student"])

    assert client.get("/dashboard?utm_source=mail").status_code == 200
