"""`flask report` prints the same figures as the JSON route."""

import json

import pytest

from mentorship.domain.sessions.lifecycle import Status
from tests.support.builders import a_booking, at
from tests.support.clocks import standing_at

NOVEMBER = ("--from", "2026-11-01", "--to", "2026-11-30")


@pytest.fixture(autouse=True)
def noon():
    """All commands run at noon of the tests' day."""
    with standing_at(at("12:00")):
        yield


@pytest.fixture
def sessions(session, cast):
    """One that is over and one that is late."""
    for starts, status in (("09:00", Status.COMPLETED), ("11:00", Status.SCHEDULED)):
        a_booking(session, mentor=cast.mentor, student=cast.student, starts=starts, status=status)


def test_a_report_for_people_has_a_line_for_each_figure(flask, sessions):
    result = flask("report", *NOVEMBER)

    assert (result.exit_code, result.stderr) == (0, "")
    first, _, row, *figures = result.stdout.splitlines()
    assert first == "From 2026-11-01 to 2026-11-30, both included (UTC)"
    assert row == "All sessions [total]"
    assert "  booked               2" in figures
    assert "  delayed              1" in figures
    assert "  averageRating        -" in figures
    assert len(figures) == 27


@pytest.mark.parametrize("by", ["total", "mentor", "student", "topic", "week", "month"])
def test_the_json_is_that_of_the_route(flask, client_for, cast, sessions, by):
    printed = json.loads(flask("report", *NOVEMBER, "--by", by, "--json").stdout)

    asked = {"from": "2026-11-01", "to": "2026-11-30", "by": by}
    assert printed == client_for(cast.admin).get("/api/reports/summary", query_string=asked).json
    assert sum(row["booked"] for row in printed["rows"]) == 2


def test_days_are_those_of_the_zone(flask, session, cast):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts=at("23:30"))
    day = ("--from", "2026-11-25", "--to", "2026-11-25", "--json")

    def booked(*more):
        return json.loads(flask("report", *day, *more).stdout)["rows"][0]["booked"]

    assert (booked(), booked("--zone", "Europe/Berlin")) == (0, 1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--from", "2026-11-24", "--to", "2026-11-23"), "ends before it begins"),
        (("--from", "yesterday", "--to", "2026-11-23"), "must be a day like 2026-11-24"),
        (("--zone", "Mars/Olympus"), "There is no time zone Mars/Olympus."),
        (("--by", "year"), "'year' is not one of"),
    ],
)
def test_what_makes_no_report_is_refused_in_one_line(flask, arguments, sentence):
    result = flask("report", *arguments)

    assert result.exit_code != 0
    assert sentence in result.stderr
    assert "Traceback" not in result.output
