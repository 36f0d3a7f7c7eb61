"""The CSV files: what is in them, how they are written, and that they can be read back."""

import csv
import io
from datetime import datetime, timedelta

import pytest

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Status
from mentorship.queries.reports import sessions as session_lists
from mentorship.services.sessions.imports.import_csv import import_sessions
from tests.support.builders import a_booking, a_user, at
from tests.support.dumps import dump

SUMMARY, SESSIONS = "/reports/summary.csv", "/reports/sessions.csv"
NOVEMBER = {"from": "2026-11-01", "to": "2026-11-30"}
IMPORTED = ["mentor_email", "student_email", "start", "end", "topic", "status", "is_delayed"]


@pytest.fixture
def sessions(session, cast):
    """Three sessions of the mentor, one of them with a hostile topic, and one of another's."""

    def book(starts, topic, mentor=cast.mentor, **state):
        return a_booking(
            session, mentor=mentor, student=cast.student, starts=starts, topic=topic, **state
        )

    book("07:00", '=HYPERLINK("http://evil.example";"a")', status=Status.COMPLETED)
    book("08:00", 'Größe; Länge, "Maß"', status=Status.COMPLETED, is_delayed=True)
    book("18:00", "Writing")
    book("12:00", "Not theirs", mentor=cast.other_mentor)


def table(answer, delimiter=","):
    """The rows of the answer as an independent reader sees them."""
    assert answer.status_code == 200, answer.text
    text = answer.data.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


@pytest.mark.parametrize("by", ["total", "mentor", "student", "topic", "week", "month"])
def test_the_summary_has_the_figures_of_the_json(client_for, cast, sessions, by):
    client, asked = client_for(cast.admin), NOVEMBER | {"by": by}

    rows = table(client.get(SUMMARY, query_string=asked))

    expected = client.get("/api/reports/summary", query_string=asked).json["rows"]
    assert len(rows) == len(expected) > 0
    for row, figures in zip(rows, expected, strict=True):
        assert set(row) == set(figures)
        for name, value in figures.items():
            if isinstance(value, int | float):
                assert float(row[name]) == value
            elif name not in ("key", "label"):
                assert (row[name], value) == ("", None)


def test_the_columns_are_the_same_in_both_languages(client_for, cast, sessions):
    client = client_for(cast.admin)

    for path in (SUMMARY, SESSIONS):
        headers = [
            client.get(
                path, query_string=NOVEMBER, headers={"Accept-Language": language}
            ).data.splitlines()[0]
            for language in ("en", "de")
        ]
        assert headers[0] == headers[1]


def test_formulas_are_made_harmless(client_for, cast, sessions):
    rows = table(client_for(cast.admin).get(SESSIONS, query_string=NOVEMBER))

    assert rows[0]["topic"] == '\'=HYPERLINK("http://evil.example";"a")'
    by_topic = table(client_for(cast.admin).get(SUMMARY, query_string=NOVEMBER | {"by": "topic"}))
    assert '\'=HYPERLINK("http://evil.example";"a")' in [row["key"] for row in by_topic]


def test_sessions_stand_in_order_with_times_in_the_viewers_zone(app, client_for, session, cast):
    mentor = a_user(session, "Nena", Role.MENTOR, timezone="Asia/Kathmandu")
    for starts in ("10:00", "09:00"):
        a_booking(session, mentor=mentor, student=cast.student, starts=starts)

    rows = table(client_for(mentor).get(SESSIONS, query_string=NOVEMBER))

    assert list(rows[0])[:7] == IMPORTED
    assert [row["start"] for row in rows] == [
        "2026-11-24T14:45:00+05:45",
        "2026-11-24T15:45:00+05:45",
    ]
    assert datetime.fromisoformat(rows[0]["end"]) == at("10:00")
    assert rows[0]["mentor_email"] == "nena@example.org"


def test_a_mentor_gets_their_own_sessions_and_nobody_elses(client_for, cast, sessions):
    rows = table(client_for(cast.mentor).get(SESSIONS, query_string=NOVEMBER))

    assert len(rows) == 3
    assert {row["mentor_email"] for row in rows} == {cast.mentor.email}
    assert {row["student_email"] for row in rows} == {""}, "only admins read addresses"
    for path in (SUMMARY, SESSIONS):
        other = NOVEMBER | {"mentorId": cast.other_mentor.id}
        assert client_for(cast.mentor).get(path, query_string=other).status_code == 403
        assert client_for(cast.student).get(path, query_string=NOVEMBER).status_code == 403


@pytest.mark.parametrize(
    ("separator", "delimiter"), [("comma", ","), ("semicolon", ";"), ("tab", "\t")]
)
@pytest.mark.parametrize("mark", ["0", "1"])
def test_separator_and_byte_order_mark_are_chosen(
    client_for, cast, sessions, separator, delimiter, mark
):
    asked = NOVEMBER | {"separator": separator, "bom": mark}

    answer = client_for(cast.admin).get(SESSIONS, query_string=asked)

    assert answer.data.startswith(b"\xef\xbb\xbf") is (mark == "1")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == "attachment; filename=sessions.csv"
    topics = [row["topic"] for row in table(answer, delimiter)]
    assert topics[1:] == ['Größe; Länge, "Maß"', "Not theirs", "Writing"]


def test_the_sessions_behind_a_figure_can_be_downloaded(client_for, cast, sessions):
    client = client_for(cast.admin)

    def topics(**asked):
        rows = table(client.get(SESSIONS, query_string=NOVEMBER | asked))
        return [row["topic"] for row in rows]

    assert topics(figure="scheduled") == ["Not theirs", "Writing"]
    assert topics(figure="scheduled", by="mentor", key=cast.mentor.id) == ["Writing"]
    assert topics(by="topic", key="Writing") == ["Writing"]
    assert topics(by="week", key="2026-W47") == []
    assert len(topics(by="month", key="2026-11")) == 4


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ({"separator": "pipe"}, 400),
        ({"bom": "yes"}, 400),
        ({"figure": "profit"}, 400),
        ({"by": "week", "key": "2026-W01"}, 404),
        ({"by": "mentor", "key": "x"}, 404),
        ({"by": "mentor", "key": "9" * 40}, 404),
        ({"by": "mentor", "key": str(2**31)}, 404),
        ({"by": "topic", "key": "\0"}, 404),
        ({"key": "anything"}, 404),
        ({"from": "2026-11-24", "to": "2026-11-23"}, 400),
    ],
)
def test_what_makes_no_file_is_refused_with_a_page(client_for, cast, arguments, status):
    answer = client_for(cast.admin).get(SESSIONS, query_string=NOVEMBER | arguments)

    assert answer.status_code == status
    assert answer.mimetype == "text/html"


def test_a_long_file_is_read_in_parts(client_for, session, cast, monkeypatch):
    monkeypatch.setattr(session_lists, "_MOST_AT_ONCE", 2)
    for number in range(5):
        a_booking(
            session,
            mentor=cast.mentor,
            student=cast.student,
            starts=at("11:00") + timedelta(minutes=number // 2),
        )

    answer = client_for(cast.admin).get(SESSIONS, query_string=NOVEMBER)

    assert answer.is_streamed
    assert len({row["session_id"] for row in table(answer)}) == 5


def test_the_file_of_sessions_can_be_imported_again(client_for, app, session, cast, sessions):
    client = client_for(cast.admin)
    file = client.get(SESSIONS, query_string=NOVEMBER | {"separator": "semicolon", "bom": "1"})
    before = table(client.get(SESSIONS, query_string=NOVEMBER))
    session.rollback()
    first = len(dump(session.get_bind()))
    moved = file.data.replace(b"2026-11-24", b"2026-11-23")  # A day on which nothing is booked.

    done = import_sessions(session, moved, now=at("09:50"))

    assert done.count == 4
    assert len(dump(session.get_bind())) > first
    after = table(client.get(SESSIONS, query_string={"from": "2026-11-23", "to": "2026-11-23"}))
    for row, again in zip(before, after, strict=True):
        same = [name for name in IMPORTED if name not in ("start", "end", "status", "is_delayed")]
        assert [row[name] for name in same] == [again[name] for name in same]
        if row["status"] == "COMPLETED":
            assert (again["status"], again["is_delayed"]) == (row["status"], row["is_delayed"])
