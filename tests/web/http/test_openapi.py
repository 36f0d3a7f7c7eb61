"""The OpenAPI description is valid and true. That it is complete: tests/architecture."""

import pytest
from flask import Response, jsonify
from openapi_spec_validator import validate

from mentorship.queries.sessions.dashboard import Section
from mentorship.schemas.sessions import PollFields
from mentorship.web.http.openapi import describe
from tests.support.builders import a_booking
from tests.support.description import faults

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def document(app):
    with app.app_context():
        return describe(app)


def test_the_description_is_valid_openapi_3_1(client_for):
    document = client_for(None).get("/api/openapi.json").json

    validate(document)
    assert document["openapi"].startswith("3.1")


def test_each_operation_names_who_may_call_it_and_says_what_it_does(document):
    operations = {
        operation["operationId"]: operation
        for methods in document["paths"].values()
        for operation in methods.values()
    }

    assert operations["session_actions.start.post"]["security"] == [{"session": []}, {"token": []}]
    assert operations["cron_api.complete_sessions.get"]["security"] == [{"cron": []}]
    assert operations["admin_api.update_session_status.get"]["security"] == [
        {},
        {"session": []},
        {"token": []},
    ]
    for operation in operations.values():
        assert operation["summary"].endswith(".")
        schemes = {name for choice in operation["security"] for name in choice}
        assert schemes <= set(document["components"]["securitySchemes"])


def test_the_cookie_of_the_description_is_the_one_that_sign_in_sets(document, client_for, cast):
    name = document["components"]["securitySchemes"]["session"]["name"]

    assert client_for(cast.student).get_cookie(name)


def test_a_cancellation_takes_its_reason_as_json_or_as_a_form(document):
    body = document["paths"]["/api/sessions/{sessionId}/cancel"]["post"]["requestBody"]

    assert set(body["content"]) == {"application/json", "application/x-www-form-urlencoded"}
    assert body["required"] is False
    fields = document["components"]["schemas"]["CancelFields"]
    assert (fields["properties"]["reason"]["maxLength"], fields["additionalProperties"]) == (
        300,
        False,
    )


def test_the_poll_names_each_list_of_the_dashboard(document):
    assert set(PollFields.model_fields) == {
        "seen",
        "view",
        "day",
        "session",
        "page",
        "until",
        "scope",
        *Section,
    }
    for method in ("get", "post"):
        operation = document["paths"]["/api/admin/update-session-status"][method]
        named = {parameter["name"] for parameter in operation["parameters"]}
        assert named == {*PollFields.model_fields, "HX-Request"}


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: jsonify(success=True),
        lambda: (jsonify(success=False, error="No."), 418),
        lambda: (jsonify(success=False), 404),
        lambda: jsonify(
            success=True, message="", sessionId=1, newStatus="BEGUN", isDelayed=False, changed=True
        ),
        lambda: jsonify(
            success=True,
            message="",
            sessionId=1,
            newStatus="ONGOING",
            isDelayed=False,
            changed=True,
            mentorId=3,
        ),
        lambda: Response("started", mimetype="text/plain"),
    ],
)
def test_the_checker_of_answers_catches_one_that_was_not_promised(
    app, client_for, session, cast, document, wrong, monkeypatch
):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student)
    monkeypatch.setitem(app.view_functions, "session_actions.start", lambda session_id: wrong())
    monkeypatch.setattr(app, "test_client_class", None)
    path = f"/api/sessions/{booking}/start"

    answer = client_for(cast.mentor).post(path)

    assert faults(document, "POST", path, answer) != []
