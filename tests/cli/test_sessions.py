"""`import-sessions` and `sweep` as an operator or a script sees them."""

import json

import pytest

from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.models import Cause
from mentorship.services.sessions.actions import apply_action
from tests.support.builders import a_booking, at, the_booking, the_journal
from tests.support.clocks import standing_at


@pytest.fixture(autouse=True)
def noon():
    """All commands run at noon of the tests' day."""
    with standing_at(at("12:00")):
        yield


@pytest.fixture
def late(session, cast):
    """A session that nobody started."""
    return a_booking(session, mentor=cast.mentor, student=cast.student, starts="11:30")


@pytest.fixture
def over(session, cast):
    """A session that was started on time and has ended."""
    return a_booking(
        session, mentor=cast.mentor, student=cast.student, starts="10:00", status=Status.ONGOING
    )


def test_a_sweep_prints_a_table_and_both_counts(flask, session, late, over):
    result = flask("sweep")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "  session  from       to         delayed  due (UTC)\n"
        f"{late:>9}  SCHEDULED  ONGOING    yes      2026-11-24 11:30:00\n"
        f"{over:>9}  ONGOING    COMPLETED  no       2026-11-24 11:00:00\n"
        "1 session became ongoing with a delay and 1 session completed.\n"
    )
    assert [change.cause for change in the_journal(session)] == [Cause.COMMAND] * 2
    again = flask("sweep")
    assert again.stdout == "0 sessions became ongoing with a delay and 0 sessions completed.\n"


def test_a_sweep_for_machines_prints_the_json_of_the_contract(flask, late, over):
    result = flask("sweep", "--json")

    answer = json.loads(result.stdout)
    assert (answer["success"], answer["timestamp"]) == (True, "2026-11-24T12:00:00Z")
    assert [answer[f"{name}Sessions"] for name in ("started", "completed", "failed")] == [1, 1, 0]
    assert answer["updates"][0] == {
        "sessionId": late,
        "oldStatus": "SCHEDULED",
        "newStatus": "ONGOING",
        "isDelayed": True,
        "reason": "The start time passed and nobody had started the session.",
        "timestamp": "2026-11-24T12:00:00Z",
        "dueAt": "2026-11-24T11:30:00Z",
        "cause": "command",
    }


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["table", "json"])
def test_a_dry_run_prints_what_a_sweep_then_prints_and_writes_nothing(
    flask, session, late, over, options
):
    told = flask("sweep", "--dry-run", *options)

    assert told.exit_code == 0
    assert told.stderr == "Nothing was written.\n"
    assert the_journal(session) == []
    assert the_booking(session, late).status is Status.SCHEDULED
    assert flask("sweep", *options).stdout == told.stdout


def test_a_sweep_at_another_time_shows_what_would_be_due_then_and_writes_nothing(
    flask, session, late, over
):
    def counts(text):
        answer = json.loads(flask("sweep", "--json", "--at", text).stdout)
        return answer["startedSessions"], answer["completedSessions"]

    assert counts("2026-11-24T10:59:59.999999Z") == (0, 0)
    assert counts("2026-11-24T06:00-05:00") == (0, 1)
    assert counts("2026-11-24T12:30+01:00") == (1, 1)
    assert counts("2026-11-24t9:00z") == (0, 0)
    assert the_journal(session) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tomorrow", "is not a time like 2026-11-24T09:00:00+01:00"),
        ("2026-11-24T09:00", "has no offset, like 2026-11-24T09:00:00+01:00"),
        ("", "'' is not a time like"),
        ("0001-01-01T00:00+23:00", "is not a time like"),
        ("1999-12-31T23:59Z", "is too far from the present"),
        ("2029-01-01T00:00Z", "times lie between the year 2000 and 2 years from now"),
    ],
)
def test_a_time_without_an_offset_or_without_sense_is_refused(flask, session, late, text, message):
    result = flask("sweep", "--at", text)

    assert (result.exit_code, result.stdout) == (2, "")
    assert message in " ".join(result.stderr.split())
    assert the_journal(session) == []


HEAD = "mentor_email,student_email,start,end,topic\n"
ROW = "maya.mentor@example.org,sam.student@example.org,{start},2026-11-24T15:00+01:00,Talks\n"


def test_import_sessions_books_the_file_and_a_sweep_then_moves_what_is_due(
    flask, session, cast, tmp_path
):
    file = tmp_path / "sessions.csv"
    file.write_text(HEAD + ROW.format(start="2026-11-24T12:59:00+01:00"))

    result = flask("import-sessions", str(file))

    assert (result.exit_code, result.stdout) == (0, "Imported 1 session.\n")
    assert result.stderr == (
        "This is import 1. To undo it: flask --app wsgi remove-import 1\n"
        "1 of them are SCHEDULED although their start time has passed; "
        "the next sweep will mark them as delayed.\n"
    )
    assert "1 session became ongoing" in flask("sweep").stdout
    assert the_journal(session)[0].due_at == at("11:59")


def test_import_sessions_names_row_and_column_and_books_nothing(flask, session, cast, tmp_path):
    file = tmp_path / "sessions.csv"
    good, bad = (ROW.format(start=start) for start in ("2026-11-24T10:00Z", "ten o'clock"))
    file.write_text(HEAD + good + bad)

    result = flask("import-sessions", str(file))

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: row 3, column start: 'ten o'clock' is not a time like ")
    assert result.stderr.endswith("Nothing was imported.\n")
    assert "0 sessions became ongoing" in flask("sweep").stdout


def test_an_import_is_listed_and_taken_back_by_its_number(flask, session, cast, tmp_path):
    file = tmp_path / "sessions.csv"
    file.write_text(HEAD + ROW.format(start="2026-11-24T12:59:00+01:00"))
    flask("import-sessions", str(file))
    flask("sweep")

    assert flask("list-imports").stdout == "     1  2026-11-24 12:00  1 session  sessions.csv\n"
    would = flask("remove-import", "1", "--dry-run")
    assert would.stdout == ("Would remove 1 session, 1 slot, 1 row of the journal and 2 mails.\n")
    assert len(the_journal(session)) == 1
    session.rollback()
    done = flask("remove-import", "1")
    assert (done.exit_code, done.stdout) == (
        0,
        would.stdout.replace("Would remove", "Removed"),
    )
    assert the_journal(session) == []
    session.rollback()
    again = flask("remove-import", "1")
    assert (again.exit_code, again.stderr) == (
        1,
        "Error: Import 1 was removed already. Nothing was removed.\n",
    )
    assert ", removed 2026-11-24 12:00\n" in flask("list-imports").stdout


def test_an_import_that_people_have_acted_on_is_removed_only_by_force(
    flask, session, cast, tmp_path
):
    file = tmp_path / "sessions.csv"
    file.write_text(HEAD + ROW.format(start="2026-11-24T13:30:00+01:00"))
    flask("import-sessions", str(file))
    session.rollback()
    apply_action(session, booking_id=1, action=Action.START, viewer=cast.mentor, now=at("12:00"))

    refused = flask("remove-import", "1")
    assert (refused.exit_code, refused.stderr) == (
        1,
        (
            "Error: People have acted on 1 of these sessions since they were imported: 1. "
            "With --force they are removed, too. Nothing was removed.\n"
        ),
    )
    assert flask("remove-import", "1", "--force").exit_code == 0
    assert the_journal(session) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("number", "code"), [("7", 1), ("0", 2), ("-1", 2), ("x", 2), (str(10**20), 2)]
)
def test_an_import_that_there_is_not_is_refused_in_one_line(flask, number, code):
    result = flask("remove-import", "--", number)

    assert (result.exit_code, result.stdout) == (code, "")
    assert "Traceback" not in result.stderr
