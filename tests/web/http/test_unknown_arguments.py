"""No JSON route takes an argument of its address that its description does not name."""

import pytest

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


def test_a_json_route_names_the_arguments_that_it_does_not_know(scene, client_for):
    """On one route; tests/architecture/test_guards.py shows that no route escapes this guard."""
    client = client_for(scene.people["mentor"])

    answer = client.get("/api/mentors?nonsense=1&q\u00fcx=2")

    assert answer.status_code == 400
    assert "'nonsense', 'q\u00fcx'" in answer.json["error"]


def test_every_argument_that_is_described_is_taken(scene, client_for):
    client = client_for(scene.people["student"])
    paths = client.get("/api/openapi.json").json["paths"]
    walked = 0
    for path, methods in paths.items():
        names = [
            each["name"]
            for each in methods.get("get", {}).get("parameters", ())
            if each["in"] == "query"
        ]
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


@pytest.mark.parametrize(
    "address", ["/api/mentors?q=a&q=b", "/api/mentors?q=&q=", "/api/mentors?page=1&q=a&page=1"]
)
def test_a_json_route_refuses_an_argument_that_is_given_twice(scene, client_for, address):
    """Whichever of the two was meant, the other would be ignored without a word."""
    answer = client_for(scene.people["student"]).get(address)

    assert answer.status_code == 400
    assert "more than once" in answer.json["error"]
    assert ("'page'" if "page" in address else "'q'") in answer.json["error"]
