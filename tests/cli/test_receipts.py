"""`flask explain`: why a session is what it is, for operators."""

import json
from datetime import timedelta

import pytest

from mentorship.domain.sessions.lifecycle import Action
from mentorship.models import Cause
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from tests.support.builders import a_seat, a_slot, at, the_journal
from tests.support.clocks import standing_at


@pytest.fixture(autouse=True)
def noon():
    """All commands run at noon of the tests' day."""
    with standing_at(at("12:00")):
        yield


@pytest.fixture
def booking(session, cast):
    """A session that was booked yesterday for ten."""
    slot = a_slot(session, cast.mentor, starts="10:00")
    return a_seat(session, slot, cast.student, topic="Parsers", booked_at=at("08:00", days=-1))


def test_it_prints_the_session_and_its_line_of_time(flask, session, cast, booking):
    update_session_statuses(
        session,
        now=at("10:00:00") + timedelta(milliseconds=400),
        cause=Cause.WORKER,
        returning=no_updates,
    )
    for action, clock in ((Action.ARRIVE, "10:20"), (Action.COMPLETE, "11:00")):
        apply_action(session, booking_id=booking, action=action, viewer=cast.mentor, now=at(clock))

    result = flask("explain", str(booking))

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.split("\n") == [
        f"Session {booking}: Parsers",
        "Status:   COMPLETED, delayed",
        f"Mentor:   Maya Mentor ({cast.mentor.id})",
        f"Students: Sam Student ({cast.student.id})",
        "Time:     2026-11-24 10:00 to 2026-11-24 11:00 UTC",
        "Minutes:  60 booked, 40 delivered, 20 owed",
        "Outcome:  CLAIMED: It took place, settles at 2026-11-27 11:00:00 UTC",
        "History, times in UTC:",
        "  2026-11-23 08:00:00  Booked by Sam Student (student)",
        (
            "  2026-11-24 10:00:00  Marked delayed: due 10:00:00, applied 10:00:00.4 by the worker "
            "(0.4 s after it was due)"
        ),
        "                       The start time passed and nobody had started the session.",
        "  2026-11-24 10:00:00  Mail to Sam Student: A session is delayed (waiting to be sent)",
        "  2026-11-24 10:00:00  Mail to Maya Mentor: A session is delayed (waiting to be sent)",
        "  2026-11-24 10:20:00  Begun late by Maya Mentor (mentor)",
        "                       The delayed session began.",
        "  2026-11-24 10:20:00  Mail to Sam Student: A session is started (waiting to be sent)",
        "  2026-11-24 11:00:00  Completed by Maya Mentor (mentor)",
        "                       The session was completed.",
        "  2026-11-24 11:00:00  Mail to Sam Student: A session is completed (waiting to be sent)",
        "  2026-11-24 11:00:00  Mail to Maya Mentor: A session is completed (waiting to be sent)",
        "",
    ]


def test_it_says_what_is_due_and_changes_nothing(flask, session, booking):
    result = flask("explain", str(booking))

    assert "Due since 2026-11-24 10:00:00, but not applied yet: Marked delayed" in result.stdout
    assert the_journal(session) == []


def test_for_machines_it_prints_what_the_api_answers_an_admin(
    app, flask, session, cast, booking, client_for
):
    update_session_statuses(session, now=at("10:00"), cause=Cause.CRON, returning=no_updates)

    result = flask("explain", str(booking), "--json")

    assert json.loads(result.stdout) == client_for(cast.admin).get(f"/api/sessions/{booking}").json


@pytest.mark.parametrize("number", ["0", "4711", "99999999999999999999", "x"])
def test_a_number_of_no_session_is_refused_in_one_sentence(flask, number):
    result = flask("explain", number)

    assert result.exit_code != 0
    assert "Traceback" not in result.stderr
    assert result.stderr.strip().startswith(("Error:", "Usage:"))
