"""A change that the database refuses is an error of its own, and no outage."""

import pytest

from mentorship.domain.sessions.lifecycle import Status
from tests.support.builders import a_booking, the_booking, the_journal

ONE_AT_A_TIME = "CREATE UNIQUE INDEX one_at_a_time ON session_bookings (status)"
NEVER = "CREATE TRIGGER never BEFORE UPDATE ON session_bookings"
RAISES = "RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never'; END $$"
REFUSES = {
    "an index": {"sqlite": [ONE_AT_A_TIME], "postgresql": [ONE_AT_A_TIME]},
    "a trigger": {
        "sqlite": [f"{NEVER} BEGIN SELECT RAISE(ABORT, 'never'); END"],
        "postgresql": [
            f"CREATE FUNCTION never() {RAISES}",
            f"{NEVER} FOR EACH ROW EXECUTE FUNCTION never()",
        ],
    },
}


@pytest.mark.parametrize("what", REFUSES)
def test_a_change_that_the_database_refuses_is_not_called_an_outage(
    app, client_for, session, cast, engine, what, monkeypatch
):
    people = {"mentor": cast.mentor, "student": cast.student}
    booking = a_booking(session, **people, starts="10:00")
    a_booking(session, **people, starts="09:00", status=Status.ONGOING)
    for statement in REFUSES[what][engine]:
        session.connection().exec_driver_sql(statement)
    session.commit()
    monkeypatch.setattr(app, "test_client_class", None)  # Nobody promised this answer.

    answer = client_for(cast.mentor).post(f"/api/sessions/{booking}/start")

    assert (answer.status_code, answer.json) == (
        500,
        {
            "success": False,
            "error": "The database refused this, so nothing was changed. Please tell an admin.",
        },
    )
    assert the_booking(session, booking).status is Status.SCHEDULED
    assert the_journal(session, booking) == []
