"""What is not there is named for what it is."""

import pytest

GONE = 999_999


@pytest.mark.parametrize(
    ("who", "method", "path", "what"),
    [
        ("admin", "POST", f"/mail/{GONE}/again", "e-mail"),
        ("admin", "GET", f"/webhooks/{GONE}", "webhook"),
        ("admin", "POST", f"/webhooks/{GONE}/off", "webhook"),
        ("admin", "POST", f"/webhooks/{GONE}/remove", "webhook"),
        ("admin", "POST", f"/webhooks/{GONE}/calls/{GONE}/again", "call"),
        ("admin", "POST", f"/people/{GONE}/approve", "person"),
        ("student", "DELETE", f"/api/tokens/{GONE}", "token"),
        ("student", "GET", f"/mentors/{GONE}", "mentor"),
        ("student", "GET", f"/api/mentors/{GONE}/slots", "mentor"),
        ("student", "GET", f"/slots/{GONE}/book", "time"),
        ("student", "POST", f"/api/waiting-list/{GONE}/leave", "place on a waiting list"),
        ("mentor", "GET", f"/availability/rules/{GONE}", "rule"),
        ("mentor", "POST", f"/availability/days-off/{GONE}/remove", "day off"),
        ("mentor", "GET", f"/availability/slots/{GONE}/remove", "one-off slot"),
        ("mentor", "GET", f"/sessions/{GONE}", "session"),
        ("mentor", "POST", f"/api/sessions/{GONE}/start", "session"),
        ("mentor", "POST", f"/sessions/{GONE}/room", "session"),
    ],
)
def test_each_kind_of_thing_has_its_sentence(client_for, cast, clock, who, method, path, what):
    answer = client_for(getattr(cast, who)).open(path, method=method)

    assert answer.status_code == 404
    assert f"There is no such {what}." in answer.text
