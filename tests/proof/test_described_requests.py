"""Run 10: valid and invalid requests made from the OpenAPI description get promised answers."""

from collections import Counter
from datetime import timedelta

import pytest
import schemathesis
from flask import request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
)

from mentorship import create_app
from mentorship.clock import utc_now
from mentorship.current import parts_of
from mentorship.domain.sessions.lifecycle import Status
from mentorship.extensions import db
from mentorship.schemas.sessions import ActionAnswer, CancelFields
from mentorship.web.http.openapi import Access, described
from tests.conftest import CRON_SECRET
from tests.proof.conftest import sizes
from tests.proof.workers import UPDATE
from tests.support.builders import a_booking
from tests.support.processes import cookie_of
from tests.support.replay import bookings_in, faults, journal_in, said_in

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    positive_data_acceptance,
    negative_data_rejection,
]

UNSAID = ("/api/availability", "/api/mentors", "/api/bookings", "/api/tokens", "/api/reports")
"""A day that has passed, an end before its beginning or without one, one token more than twenty: no
schema says what is wrong with it."""

UNSAID_HERE = ("/api/sessions", "/api/sessions/{sessionId}/correct")
"""A span of days or of times, whose end may come first; a reason of blanks alone."""

FORM = "application/x-www-form-urlencoded"

OWN_CALLERS = SchemathesisConfig.from_dict({"generation": {"with-security-parameters": False}})
"""Cookies and secrets are ours; made-up ones would only replace them."""


@pytest.fixture
def ids(session, cast):
    """Sessions in every state, around the present minute."""
    now = utc_now()
    states = [
        (Status.SCHEDULED, False, 9),
        (Status.SCHEDULED, False, -9),
        (Status.ONGOING, False, -3),
        (Status.ONGOING, True, -6),
        (Status.COMPLETED, False, -50),
        (Status.CANCELLED, False, 50),
    ]
    return [
        a_booking(
            session,
            mentor=cast.mentor,
            student=cast.student,
            status=status,
            is_delayed=is_delayed,
            starts=now + timedelta(hours=hours),
        )
        for status, is_delayed, hours in states
    ]


def send_all(operation, mode, callers, ids, *, examples):
    """Send requests to one operation; returns how often each status came."""
    statuses = Counter()
    real = [{"sessionId": number} for number in ids] if "{sessionId}" in operation.path else []

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )  # Requests are slow to make.
    @given(
        case=st.one_of(
            *(operation.as_strategy(mode, path_parameters=path) for path in [None, *real])
        ),
        caller=st.sampled_from(callers),
    )
    def send(case, caller):
        # What a page shows is read for HTMX alone; others may say what they like. And what a form
        # cannot say is left out on the way, so that nothing wrong arrives. A search leaves out what
        # is empty.
        is_lenient = operation.path in (UPDATE, "/api/sessions") or case.media_type == FORM
        left_out = [negative_data_rejection] if is_lenient else []
        if operation.path.startswith(UNSAID) or operation.path in UNSAID_HERE:
            left_out.append(positive_data_acceptance)
        response = case.call_and_validate(**caller, checks=CHECKS, excluded_checks=left_out)
        statuses[response.status_code] += 1

    send()
    return statuses


def schema_of(app):
    """The application's own description."""
    load_all_checks()
    return schemathesis.openapi.from_wsgi("/api/openapi.json", app, config=OWN_CALLERS)


def run(app, callers, ids, *, examples):
    """Run every operation, with valid and with invalid input."""
    statuses = Counter()
    for result in schema_of(app).get_all_operations():
        operation = result.ok()
        takes = operation.definition.raw
        for mode in GenerationMode:
            # Where a route takes nothing, nothing can be wrong.
            if mode.is_positive or takes["parameters"] or "requestBody" in takes:
                statuses += send_all(operation, mode, callers, ids, examples=examples)
    return statuses


@pytest.mark.parametrize("examples", sizes(short=3, long=1750))
def test_every_answer_of_the_described_routes_is_a_promised_one(
    app, cast, ids, reader, figure, examples
):
    name = app.config["SESSION_COOKIE_NAME"]
    people = [{name: cookie_of(app, viewer).partition("=")[2]} for viewer in cast]
    htmx = {"HX-Request": "true"}
    callers = [{"cookies": cookies} for cookies in people]
    callers += [{"cookies": cookies, "headers": htmx} for cookies in people]
    callers += [{}, {"headers": {"Authorization": f"Bearer {CRON_SECRET}"}}]
    before = bookings_in(reader)

    statuses = run(app, callers, ids, examples=examples)

    assert faults(before, journal_in(reader), bookings_in(reader), said_in(reader)) == []
    assert {200, 400, 401, 403, 404, 409} <= set(statuses)
    figure(f"{statuses.total()} requests: {dict(sorted(statuses.items()))}")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_run_catches_a_view_that_trusts_its_input(app, cast, ids):
    @described(ActionAnswer, access=Access.PUBLIC, body=CancelFields)
    def trusting(session_id):
        """Cancel without checking the input."""
        return {"success": True, "message": request.get_json()["reason"].strip()}

    other = create_app(parts_of(app).settings)
    other.view_functions["session_actions.cancel"] = trusting
    cancel = schema_of(other)["/api/sessions/{sessionId}/cancel"]["POST"]

    with pytest.raises(FailureGroup) as caught:
        send_all(cancel, GenerationMode.POSITIVE, [{}], ids, examples=12)
    with other.app_context():
        db.engine.dispose()

    found = {type(failure).__name__ for failure in caught.value.exceptions}
    assert "ServerError" in found
