"""Every route and seven people: who is refused, and leaves nothing behind."""

import pytest

from mentorship.database import begin_write
from mentorship.domain.shared.errors import Forbidden
from mentorship.extensions import db
from mentorship.models import SessionBooking
from tests.support.dumps import dump
from tests.web.access import rows


def is_refusal(response):
    """Whether somebody was turned away: an error, or a way to the sign-in page."""
    return response.status_code >= 400 or response.headers.get("Location", "").startswith("/login?")


def is_private(row, response):
    """Whether no browser keeps the answer; programs may, but ask whether a calendar has changed."""
    may_keep = row.rule.startswith("/calendar/") and response.status_code == 200
    expected = "private, no-cache" if may_keep else "no-store"
    return response.headers["Cache-Control"] == expected


def trespasses(row, scene, client_for, engine):
    """What is wrong with how a route treats the seven: a status, or a trace in the database."""
    found = []
    clients = {name: client_for(viewer) for name, viewer in scene.people.items()}
    before = dump(engine)
    has_passed = False  # Whether somebody who may has just changed what may be changed.
    # Those whom the table turns away come first: they all find what the others then change.
    for name in sorted(row.statuses, key=row.statuses.__getitem__, reverse=True):
        fields = {"seen": "0.0.0"} if row.is_htmx else scene.fields.get(row.rule, {})
        if row.method == "GET":
            fields = {}
        if has_passed:
            before, has_passed = dump(engine), False
        response = clients[name].open(
            scene.path(row),
            method=row.method,
            headers={"HX-Request": "true"} if row.is_htmx else {},
            data=fields,
        )
        if response.status_code != row.statuses[name]:
            found.append(f"{name} got {response.status_code}")
        if not is_private(row, response):
            found.append(f"{name} got an answer that a browser may keep")
        has_passed = not is_refusal(response)
        if not has_passed and dump(engine) != before:
            found.append(f"{name} was refused and changed something")
    return found


def test_what_is_only_to_be_read_turns_away_who_has_no_business_there(scene, client_for, session):
    reading = [row for row in rows() if row.method == "GET"]
    found = {str(row): trespasses(row, scene, client_for, session.get_bind()) for row in reading}

    assert {row: wrong for row, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("row", [row for row in rows() if row.method != "GET"], ids=str)
def test_a_route_turns_away_who_has_no_business_there_and_writes_nothing(
    row, scene, client_for, session
):
    assert trespasses(row, scene, client_for, session.get_bind()) == []


def test_the_checker_catches_a_view_that_lets_strangers_in_and_one_that_refuses_too_late(
    app, scene, client_for, session, monkeypatch
):
    row = next(row for row in rows() if row.rule.endswith("/start"))

    def refuses_too_late(session_id):
        begin_write(db.session())
        db.session.get_one(SessionBooking, session_id).topic += " (seen)"
        db.session.commit()
        raise Forbidden("You may not.")

    monkeypatch.setattr(
        app, "test_client_class", None
    )  # Such answers are none of the description's.
    monkeypatch.setitem(app.view_functions, "session_actions.start", refuses_too_late)
    late = trespasses(row, scene, client_for, session.get_bind())
    monkeypatch.setitem(
        app.view_functions, "session_actions.start", lambda session_id: {"success": True}
    )
    open_to_all = trespasses(row, scene, client_for, session.get_bind())

    assert "student was refused and changed something" in late
    assert "stranger got 200" in open_to_all
