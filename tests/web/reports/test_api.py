"""GET /api/reports/summary: who may ask, for what, and the form of the answer."""

import pytest

from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.services.sessions.actions import apply_action
from tests.support.builders import a_booking, a_slot, at
from tests.support.recount import Asked, dump_tables, recount

SUMMARY = "/api/reports/summary"
FIELDS = [
    "booked", "cancelledByStudent", "cancelledByMentor", "cancelledByAdmin", "scheduled",
    "ongoing", "completed", "delayed", "tookPlace", "mentorAbsent", "studentAbsent",
    "nobodyCame", "technicalTrouble", "claimed", "disputed", "open", "completionRate", "onTime",
    "punctualityRate", "medianDelayMinutes", "minutesBooked", "minutesDelivered", "minutesOwed",
    "minutesOffered", "utilisationRate", "ratings", "averageRating",
]  # fmt: skip
NOVEMBER = {"from": "2026-11-01", "to": "2026-11-30"}


@pytest.fixture
def sessions(session, cast):
    """On the tests' day: one completed, one to come, one cancelled by the student, one late."""

    def book(starts, mentor=cast.mentor, **state):
        return a_booking(session, mentor=mentor, student=cast.student, starts=starts, **state)

    book("07:00", status=Status.COMPLETED)
    book("18:00", topic="Writing")
    cancelled = book("20:00")
    book("09:00", mentor=cast.other_mentor)
    a_slot(session, cast.mentor, starts="22:00")
    apply_action(
        session, booking_id=cancelled, action=Action.CANCEL, viewer=cast.student, now=at("08:00")
    )


def row_of(client, **arguments):
    answer = client.get(SUMMARY, query_string=NOVEMBER | arguments)
    assert answer.status_code == 200, answer.text
    [row] = answer.json["rows"]
    return row


def test_a_report_has_the_fields_of_the_contract_and_no_others(client_for, cast, sessions):
    answer = client_for(cast.admin).get(SUMMARY, query_string=NOVEMBER).json

    assert set(answer) == {"success", "from", "to", "by", "zone", "definitions", "rows"}
    assert (answer["success"], answer["from"], answer["to"], answer["by"], answer["zone"]) == (
        True,
        "2026-11-01",
        "2026-11-30",
        "total",
        "UTC",
    )
    assert set(answer["definitions"]) == set(FIELDS)
    [row] = answer["rows"]
    assert set(row) == {"key", "label", *FIELDS}


def test_an_admin_sees_everybody_and_a_mentor_their_own(client_for, cast, sessions):
    everybody = row_of(client_for(cast.admin))
    assert {name: everybody[name] for name in ("booked", "cancelledByStudent", "scheduled")} == {
        "booked": 4,
        "cancelledByStudent": 1,
        "scheduled": 1,
    }
    # Of the other mentor: nobody had started it, and the report has swept before it counted.
    assert (everybody["ongoing"], everybody["delayed"]) == (1, 1)

    assert row_of(client_for(cast.mentor))["booked"] == 3
    assert row_of(client_for(cast.mentor), mentorId=cast.mentor.id)["booked"] == 3
    assert row_of(client_for(cast.admin), mentorId=cast.other_mentor.id)["booked"] == 1
    assert row_of(client_for(cast.admin), studentId=cast.stranger.id)["booked"] == 0


def test_unknown_is_null_and_not_zero(client_for, cast, sessions):
    row = row_of(client_for(cast.mentor))

    assert (row["completed"], row["onTime"], row["medianDelayMinutes"]) == (1, 1, 0)
    # Nobody has said that it took place.
    assert (row["open"], row["tookPlace"]) == (1, 0)
    assert (row["completionRate"], row["minutesDelivered"], row["minutesOwed"]) == (0, None, None)
    assert (row["minutesOffered"], row["utilisationRate"]) == (60, None)
    assert (row["ratings"], row["averageRating"]) == (0, None)
    by_topic = client_for(cast.mentor).get(SUMMARY, query_string=NOVEMBER | {"by": "topic"}).json
    assert {each["minutesOffered"] for each in by_topic["rows"]} == {None}


def test_rows_are_named_for_programs_and_for_people(client_for, cast, sessions):
    client = client_for(cast.admin)

    def names(by, **dates):
        answer = client.get(SUMMARY, query_string=NOVEMBER | dates | {"by": by}).json
        return [(row["key"], row["label"], row["booked"]) for row in answer["rows"]]

    assert names("mentor") == [
        (str(cast.mentor.id), "Maya Mentor", 3),
        (str(cast.other_mentor.id), "Otto Other", 1),
    ]
    assert names("student") == [(str(cast.student.id), "Sam Student", 4)]
    assert names("topic") == [("A topic", "A topic", 3), ("Writing", "Writing", 1)]
    assert names("month", to="2026-12-01") == [
        ("2026-11", "November 2026", 4),
        ("2026-12", "December 2026", 0),
    ]
    weeks = names("week")
    assert weeks[0] == ("2026-W44", "Sun 1 Nov 2026 to Sun 1 Nov 2026", 0)
    assert [booked for _key, _label, booked in weeks] == [0, 0, 0, 0, 4, 0]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"from": "2026-11-24", "to": "2026-11-23"}, "ends before it begins"),
        ({"from": "2016-11-24", "to": "2026-11-24"}, "longer than 10 years"),
        ({"from": "2026-02-30", "to": "2026-11-23"}, "must be a day"),
        ({"from": "x" * 9000, "to": "2026-11-23"}, "must be a day"),
        ({"from": "0001-01-01", "to": "2026-11-23"}, "That day is too far away."),
        ({"from": "9999-12-31", "to": "9999-12-31"}, "That day is too far away."),
        ({"from": "2026-11-01T00:00", "to": "2026-11-23"}, "must be a day"),
        ({"from": "2026-11-24"}, "'to' is missing"),
        ({"by": "year"}, "'by' must be one of these: total, mentor"),
        ({"by": ""}, "'by' must be one of these: total, mentor"),
        ({"by": ["week", "month"]}, "'by'"),
        ({"mentorId": "x"}, "'mentorId' must be the number of a person"),
        ({"mentorId": "99999999999999999999"}, "'mentorId' must be the number of a person"),
        ({"studentId": "0"}, "'studentId' must be the number of a person"),
        ({"person": "1"}, "does not know these arguments: 'person'"),
    ],
)
def test_what_makes_no_report_is_refused_with_a_sentence(client_for, cast, arguments, sentence):
    answer = client_for(cast.admin).get(SUMMARY, query_string=arguments)

    assert answer.status_code == 400
    assert sentence in answer.json["error"]


def test_a_mentor_who_asks_for_somebody_else_is_refused(client_for, cast, sessions):
    answer = client_for(cast.mentor).get(SUMMARY, query_string={"mentorId": cast.other_mentor.id})

    assert answer.status_code == 403
    assert answer.json["error"] == "Mentors can see reports about their own sessions only."


def test_students_have_no_reports(client_for, cast):
    assert client_for(cast.student).get(SUMMARY).status_code == 403


def test_a_report_counts_what_plain_python_counts(app, client_for, cast, session, sessions):
    row = row_of(client_for(cast.admin))

    asked = Asked(
        *(at("00:00", days=days).date() for days in (-23, 6)), "UTC", "total", at("09:50")
    )
    counted = recount(dump_tables(session.get_bind()), asked)["total"]
    assert {name: row[name] for name in FIELDS} == counted
