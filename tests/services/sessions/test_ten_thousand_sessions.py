"""A real file of 10,000 sessions, imported and swept once, against a second reading of the file.

The second reading knows the file and section 2 of the specification, and nothing of the product.
"""

import csv
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from mentorship.models import SessionBooking, StatusChange, User
from tests.support.clocks import standing_at

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
COUNT = 10_000
MENTORS = [f"mentor{number}@example.org" for number in range(50)]
STUDENTS = [f"student{number}@example.org" for number in range(200)]

ZONES = ("America/New_York", "Europe/Berlin", "Australia/Lord_Howe")
ODD_HOURS = {
    # Wall times that a day of change leaves out, and those that it has twice.
    "America/New_York": ((2026, 3, 8, 2, 30), (2026, 11, 1, 1, 30), (2027, 3, 14, 2, 30)),
    "Europe/Berlin": ((2026, 3, 29, 2, 30), (2026, 10, 25, 2, 30), (2027, 3, 28, 2, 30)),
    "Australia/Lord_Howe": ((2026, 10, 4, 2, 15), (2026, 4, 5, 1, 45), (2027, 4, 4, 1, 45)),
}
COLUMNS = ("mentor_email", "student_email", "start", "end", "topic", "status", "is_delayed")


def starts(chance, zone):
    """A start in the zone's wall time: on an odd day, around the present, or within a year."""
    kind = chance.random()
    if kind < 0.05:
        wall = chance.choice(ODD_HOURS[zone.key])
        return datetime(*wall, fold=chance.randrange(2), tzinfo=zone)
    if kind < 0.3:  # Often equal to the present, or a microsecond beside it.
        minutes = timedelta(minutes=15 * chance.randrange(-8, 9))
        ticks = timedelta(microseconds=chance.choice((-1, 0, 0, 0, 1)))
        return (NOW + minutes + ticks).astimezone(zone)
    return (NOW + timedelta(minutes=15 * chance.randrange(-35_000, 35_000))).astimezone(zone)


def write_sessions(file):
    """10,000 sessions over three time zones, past, present and future; the same each time."""
    chance = random.Random(20261124)
    taken = set()
    with file.open("w", newline="", encoding="utf-8-sig") as text:
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        while len(taken) < COUNT:
            zone = ZoneInfo(chance.choice(ZONES))
            mentor, start = chance.choice(MENTORS), starts(chance, zone)
            minutes = chance.choice((15, 30, 45, 60, 90))
            end = (start.astimezone(UTC) + timedelta(minutes=minutes)).astimezone(zone)
            slot = (mentor, start.astimezone(UTC), minutes)
            if slot in taken:
                continue
            taken.add(slot)
            statuses = ["", "SCHEDULED", "scheduled", "CANCELLED"]
            if start <= NOW:
                statuses += ["ONGOING", "ongoing", "COMPLETED"]
            status = chance.choice(statuses)
            flags = ["", "false", "FALSE", "0", "no"]
            if status.upper() in ("ONGOING", "COMPLETED"):
                flags += ["true", "True", "1", "yes"]
            writer.writerow(
                (
                    mentor,
                    chance.choice(STUDENTS),
                    start.isoformat(),
                    end.isoformat(sep=" "),
                    f"Session {len(taken)}, “quoted”",
                    status,
                    chance.choice(flags),
                )
            )


def as_the_specification_says(file):
    """Status, flag and completion of each session after a sweep at NOW, by topic."""
    expected, moves = {}, Counter()
    with file.open(newline="", encoding="utf-8-sig") as text:
        for row in csv.DictReader(text):
            start = datetime.fromisoformat(row["start"]).astimezone(UTC)
            end = datetime.fromisoformat(row["end"]).astimezone(UTC)
            status = row["status"].upper() or "SCHEDULED"
            delayed = row["is_delayed"].lower() in ("true", "1", "yes")
            completed_at = min(end, NOW) if status == "COMPLETED" else None
            if status == "SCHEDULED" and start <= NOW:
                status, delayed = "ONGOING", True
                moves["delayed"] += 1
            elif status == "ONGOING" and not delayed and end <= NOW:
                status, completed_at = "COMPLETED", end
                moves["completed"] += 1
            people = (row["mentor_email"], row["student_email"])
            expected[row["topic"]] = (people, start, end, status, delayed, completed_at)
    return expected, moves


def as_stored(session):
    """The same of what the database holds."""
    session.rollback()
    email = dict(session.execute(select(User.id, User.email)).all())
    columns = SessionBooking.__table__.c
    return {
        row.topic: (
            (email[row.mentor_id], email[row.student_id]),
            row.start_time,
            row.end_time,
            row.status.value,
            row.is_delayed,
            row.completed_at,
        )
        for row in session.execute(select(*columns))
    }


def test_ten_thousand_imported_sessions_stand_after_one_sweep_as_the_specification_says(
    app, session, tmp_path
):
    people, sessions = tmp_path / "people.csv", tmp_path / "sessions.csv"
    people.write_text(
        "email,name,role\n"
        + "".join(f"{email},A Mentor,mentor\n" for email in MENTORS)
        + "".join(f"{email},A Student,student\n" for email in STUDENTS)
    )
    write_sessions(sessions)
    expected, moves = as_the_specification_says(sessions)
    flask = app.test_cli_runner()

    with standing_at(NOW):
        for arguments in (["import-users", str(people)], ["import-sessions", str(sessions)]):
            result = flask.invoke(args=arguments)
            assert result.exit_code == 0, result.output
        assert result.stdout == "Imported 10000 sessions.\n"
        swept = json.loads(flask.invoke(args=["sweep", "--json"]).stdout)
        again = json.loads(flask.invoke(args=["sweep", "--json"]).stdout)

    assert as_stored(session) == expected
    assert len(expected) == COUNT
    assert (swept["startedSessions"], swept["completedSessions"], swept["failedSessions"]) == (
        moves["delayed"],
        moves["completed"],
        0,
    )
    assert min(moves.values()) > 500
    assert (again["startedSessions"], again["completedSessions"]) == (0, 0)
    changes = session.execute(select(StatusChange.due_at, StatusChange.applied_at)).all()
    assert len(changes) == len(swept["updates"]) == sum(moves.values())
    assert all(due_at <= applied_at == NOW for due_at, applied_at in changes)


def test_the_generated_file_meets_every_edge(tmp_path):
    write_sessions(tmp_path / "sessions.csv")
    expected, _moves = as_the_specification_says(tmp_path / "sessions.csv")
    starts_at = Counter(start for _people, start, *_rest in expected.values())
    ends_at = Counter(end for _people, _start, end, *_rest in expected.values())
    tick = timedelta(microseconds=1)

    for instants in (starts_at, ends_at):
        assert all(instants[NOW + nudge] > 5 for nudge in (-tick, timedelta(0), tick))
    for zone, days in ODD_HOURS.items():
        for day in days:
            for fold in (0, 1):
                instant = datetime(*day, fold=fold, tzinfo=ZoneInfo(zone)).astimezone(UTC)
                assert starts_at[instant] > 0, (zone, day, fold)
    kinds = Counter((status, delayed) for *_rest, status, delayed, _at in expected.values())
    assert set(kinds) == {
        ("SCHEDULED", False),
        ("ONGOING", False),
        ("ONGOING", True),
        ("COMPLETED", False),
        ("COMPLETED", True),
        ("CANCELLED", False),
    }
