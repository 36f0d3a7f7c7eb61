"""Which sessions make a page poll often, and whose."""

from datetime import timedelta

import pytest
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from mentorship.domain.accounts.viewers import Scope
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.sessions.near import Near
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.queries.sessions.poll_state import NEAR_SESSIONS, near_sessions
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.late import say_late
from mentorship.services.sessions.outcomes import say_outcome
from tests.support.builders import a_booking, at

NEVER = Near(None, None)


@pytest.fixture
def found(session, cast):
    """`found(viewer, "10:00")`: when a session of this person is near, as known then."""

    def look(viewer, clock):
        scope = Scope.ALL if viewer is cast.admin else Scope.OWN
        return near_sessions(session, viewer, scope, now=at(clock))

    return look


@pytest.mark.parametrize(
    ("state", "clock", "expected"),
    [
        ({"starts": "10:00"}, "9:00", Near(None, at("9:45"))),
        ({"starts": "10:00"}, "9:50", Near(at("10:00"), None)),
        ({"starts": "10:00"}, "10:00", NEVER),  # It is delayed as soon as a sweep runs.
        ({"starts": "10:00", "status": Status.ONGOING}, "9:40", Near(at("11:00"), None)),
        (
            {"starts": "10:00", "status": Status.ONGOING, "is_delayed": True},
            "10:59",
            Near(at("11:00"), None, at("11:00")),
        ),
        ({"starts": "10:00", "status": Status.ONGOING, "is_delayed": True}, "11:00", NEVER),
        ({"starts": "10:00", "status": Status.COMPLETED}, "10:30", NEVER),
        ({"starts": "10:00", "status": Status.CANCELLED}, "9:50", NEVER),
    ],
)
def test_each_state_is_near_for_its_people_and_for_admins(
    session, cast, found, state, clock, expected
):
    a_booking(session, mentor=cast.mentor, student=cast.student, **state)

    for viewer in (cast.mentor, cast.student, cast.admin):
        assert found(viewer, clock) == expected
    for viewer in (cast.other_mentor, cast.stranger):
        assert found(viewer, clock) == NEVER


def test_the_first_of_several_starts_and_the_last_of_several_ends_count(session, cast, found):
    people = {"mentor": cast.mentor, "student": cast.student}
    for hours in (3, 2, 5):
        a_booking(session, **people, starts=at("9:00") + timedelta(hours=hours))
    for hours in (0, 1):
        a_booking(
            session, **people, starts=at("8:00") + timedelta(hours=hours), status=Status.ONGOING
        )

    assert found(cast.student, "8:30") == Near(at("10:00"), at("10:45"))


def test_what_has_changed_is_near_for_five_minutes(session, cast, found):
    booking = a_booking(
        session, mentor=cast.mentor, student=cast.student, starts=at("10:00", days=9)
    )
    apply_action(
        session, booking_id=booking, action=Action.CANCEL, viewer=cast.student, now=at("8:00")
    )

    for viewer in (cast.mentor, cast.student, cast.admin):
        assert found(viewer, "8:04") == Near(at("8:05"), None)
        assert found(viewer, "8:05") == NEVER
    assert found(cast.stranger, "8:04") == NEVER


def test_a_word_about_an_outcome_and_a_late_notice_are_changes(session, cast, found):
    people = {"mentor": cast.mentor, "student": cast.student}
    over = a_booking(session, **people, starts=at("10:00", days=-1), status=Status.COMPLETED)
    say_outcome(
        session,
        booking_id=over,
        viewer=cast.mentor,
        word=OutcomeWord.TOOK_PLACE,
        reason=None,
        now=at("8:00"),
        silence=timedelta(days=3),
    )
    soon = a_booking(session, **people, starts="10:00")
    for viewer in (cast.mentor, cast.student, cast.admin):
        assert found(viewer, "8:04") == Near(at("8:05"), at("9:45"))

    say_late(session, booking_id=soon, viewer=cast.student, minutes=5, note="", now=at("8:10"))

    for viewer in (cast.mentor, cast.student, cast.admin):
        assert found(viewer, "8:14") == Near(at("8:15"), at("9:45"))
    assert found(cast.stranger, "8:14") == NEVER


def test_it_is_known_when_the_time_of_a_delayed_session_is_over_next(session, cast, found):
    for hours in (-5, 1, 0):
        a_booking(
            session,
            mentor=cast.mentor,
            student=cast.student,
            status=Status.ONGOING,
            starts=at("8:00") + timedelta(hours=hours),
            is_delayed=True,
        )

    assert found(cast.student, "8:30") == Near(at("10:00"), None, at("9:00"))


@pytest.mark.parametrize("scope", Scope)
def test_the_statement_is_short_enough_to_be_remembered(scope):
    assert len(str(NEAR_SESSIONS[scope].compile(dialect=PGDialect_psycopg()))) <= 4096
