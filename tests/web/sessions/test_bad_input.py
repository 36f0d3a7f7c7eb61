"""What cannot be right is refused with a sentence, and nothing is written."""

from mentorship.domain.sessions.lifecycle import Status
from tests.support.builders import a_booking, at
from tests.support.dumps import dump

LATE = {"status": Status.ONGOING, "is_delayed": True}
LONG = "x" * 301
TOO_LARGE = 10**20


def test_statements_notices_and_corrections_that_cannot_be(session, cast, client_for, clock):
    """The time is 09:50."""
    people = {"mentor": cast.mentor, "student": cast.student}
    over = a_booking(session, **people, starts="08:00", **LATE)
    soon = a_booking(session, **people, starts="10:30")
    later = a_booking(session, **people, starts=at("10:30", days=1))
    gone = a_booking(session, **people, starts="07:00", status=Status.CANCELLED)
    foreign = a_booking(session, mentor=cast.other_mentor, student=cast.stranger, starts="08:00",
                        **LATE)  # fmt: skip
    student, admin = client_for(cast.student), client_for(cast.admin)
    fine = {"outcome": "TOOK_PLACE"}
    correct = {"status": "COMPLETED", "reason": "It took place."}
    tried = [
        (student, "outcome", soon, fine, 409),
        (student, "outcome", gone, fine, 409),
        (student, "outcome", foreign, fine, 404),
        (student, "outcome", TOO_LARGE, fine, 404),
        *(
            (student, "outcome", over, fields, 400)
            for fields in (
                {},
                {"outcome": "FINE"},
                {"outcome": "took_place"},
                {"outcome": None},
                {"outcome": ["TOOK_PLACE"]},
                {**fine, "reason": LONG},
                {**fine, "side": "mentor"},
            )
        ),
        (admin, "outcome", over, fine, 400),
        (admin, "outcome", soon, {**fine, "reason": "x"}, 409),
        (student, "late", later, {"minutes": 5}, 409),
        (student, "late", over, {"minutes": 5}, 409),
        (student, "late", foreign, {"minutes": 5}, 404),
        (admin, "late", soon, {"minutes": 5}, 403),
        *(
            (student, "late", soon, fields, 400)
            for fields in (
                {},
                {"minutes": "5x"},
                {"minutes": ""},
                {"minutes": None},
                {"minutes": True},
                {"minutes": 1.5},
                {"minutes": -1},
                {"minutes": 61},
                {"minutes": TOO_LARGE},
                {"minutes": 5, "note": LONG},
            )
        ),
        (student, "correct", over, correct, 403),
        (student, "correct", foreign, correct, 404),
        (admin, "correct", soon, correct, 409),
        (admin, "correct", over, {"status": "SCHEDULED", "reason": "x"}, 409),
        *(
            (admin, "correct", over, fields, 400)
            for fields in (
                {"status": "COMPLETED"},
                {"status": "COMPLETED", "reason": "  "},
                {"status": "COMPLETED", "reason": LONG},
                {"status": "CANCELLED", "reason": "x"},
                {"status": "DELAYED", "reason": "x"},
                {"status": "SCHEDULED", "isDelayed": True, "reason": "x"},
                {"status": "ONGOING", "isDelayed": "perhaps", "reason": "x"},
            )
        ),
        (student, "undo", over, {}, 409),
        (student, "undo", foreign, {}, 404),
    ]
    before = dump(session.get_bind())

    for client, action, booking, fields, status in tried:
        answer = client.post(f"/api/sessions/{booking}/{action}", json=fields)
        where = (action, fields, answer.status_code, answer.text[:200])
        assert answer.status_code == status, where
        assert answer.json["success"] is False, where
        assert answer.json["error"].endswith("."), where
        assert dump(session.get_bind()) == before, where


def test_filters_that_cannot_be(session, cast, client_for, clock):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:30")
    client = client_for(cast.admin)
    before = dump(session.get_bind())

    for query in (
        "from=yesterday", "from=2026-02-30", "to=2026-11-24T10:00:00", "status=DELAYED",
        "outcome=FINE", "mentorId=x", "mentorId=0", f"studentId={TOO_LARGE}", "page=0",
        "page=x", f"page={TOO_LARGE}", "q=" + "x" * 101, "q=%00", "limit=5",
        "from=2026-11-24&from=2026-11-25", "page=1&page=2",
    ):  # fmt: skip
        answer = client.get(f"/api/sessions?{query}")
        where = (query, answer.status_code, answer.text[:200])
        assert answer.status_code == 400, where
        assert answer.json["error"].endswith("."), where
    assert dump(session.get_bind()) == before
