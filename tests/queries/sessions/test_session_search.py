"""The search for sessions reads its indexes, and says which sessions it means."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.sessions.outcomes import OutcomeState
from mentorship.queries.sessions.receipts.search import SessionFilter, find_sessions
from tests.queries.sessions.test_due import many_bookings
from tests.support.builders import a_booking, at

SILENCE = timedelta(hours=72)


def whole_scans(session, viewer, wanted):
    """The lines of the plans of a search that read all bookings, without the help of an index."""
    seen = []

    def note(_connection, _cursor, sql, values, *_rest):
        seen.append((sql, values))

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", note)
    find_sessions(session, viewer, wanted, page=1, now=at("12:00"), silence=SILENCE)
    event.remove(engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    plans = [
        session.connection().exec_driver_sql(f"{explain} {sql}", values).all()
        for sql, values in seen
    ]
    assert len(plans) >= 2
    lines = [str(row[-1]).strip() for plan in plans for row in plan]
    return [
        line
        for line in lines
        if "Seq Scan on session_b" in line
        or (line.startswith("SCAN session_bookings") and "INDEX" not in line)
    ]


@pytest.fixture
def crowded(session, cast):
    """Two thousand sessions of others, and one of the stranger with the other mentor."""
    many_bookings(session, cast, 2_000)
    return a_booking(session, mentor=cast.other_mentor, student=cast.stranger)


def test_ones_own_sessions_and_narrow_searches_of_an_admin_read_an_index(session, cast, crowded):
    searches = [
        (cast.stranger, SessionFilter()),
        (cast.other_mentor, SessionFilter(words=("topic",))),
        (cast.other_mentor, SessionFilter(state=OutcomeState.OPEN)),
        (cast.admin, SessionFilter(since=at("00:00"), until=at("00:00", days=1))),
        (cast.admin, SessionFilter(mentor_id=cast.other_mentor.id)),
        (cast.admin, SessionFilter(student_id=cast.stranger.id)),
    ]

    for viewer, wanted in searches:
        assert whole_scans(session, viewer, wanted) == [], wanted
        found = find_sessions(session, viewer, wanted, page=1, now=at("12:00"), silence=SILENCE)
        assert [each.session_id for each in found.sessions] == [crowded]


def test_a_search_of_all_sessions_by_words_is_seen_to_read_them_all(session, cast, crowded):
    assert whole_scans(session, cast.admin, SessionFilter(words=("nothing",))) != []


def test_the_newest_start_comes_first_and_then_the_last_booked(session, cast):
    people = {"mentor": cast.mentor, "student": cast.student, "status": Status.COMPLETED}
    first, second = (a_booking(session, **people, starts="09:00") for _ in range(2))
    earlier = a_booking(session, **people, starts="08:00")

    found = find_sessions(
        session, cast.student, SessionFilter(), page=1, now=at("12:00"), silence=SILENCE
    )
    assert [each.session_id for each in found.sessions] == [second, first, earlier]
