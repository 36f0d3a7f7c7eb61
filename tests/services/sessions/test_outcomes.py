"""Answers of each side about a session, decisions of an admin, and their results."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.sessions.outcomes import OutcomeState, OutcomeWord
from mentorship.domain.shared.errors import Conflict, Forbidden, InvalidInput, NotFound
from mentorship.models import Cause, OutboxMessage, OutcomeChange
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.decisions import decide_outcomes
from mentorship.services.sessions.outcomes import decide_outcome, say_outcome
from tests.support.builders import a_booking, a_seat, a_slot, a_user, at, the_booking, the_journal
from tests.support.processes import at_once

TOOK_PLACE, MENTOR_ABSENT, STUDENT_ABSENT, NOBODY_CAME, TROUBLE = OutcomeWord
SILENCE = timedelta(hours=72)
LATE = {"status": Status.ONGOING, "is_delayed": True}


@pytest.fixture
def booked(session, cast):
    """`booked(**state)`: a session of the student with her mentor from 10:00 to 11:00."""

    def make(**state):
        return a_booking(session, mentor=cast.mentor, student=cast.student, **state)

    return make


@pytest.fixture
def say(session):
    """`say(booking, viewer, word, "11:30")`: say it at that time of the day."""

    def run(booking, viewer, word, now="11:30", *, reason=None, **others):
        session.rollback()
        return say_outcome(
            session,
            booking_id=booking,
            viewer=viewer,
            word=word,
            reason=reason,
            now=at(now) if isinstance(now, str) else now,
            silence=SILENCE,
            **others,
        )

    return run


def said(session, booking):
    """What was said, as the journal of outcomes has it."""
    session.rollback()
    rows = session.scalars(
        select(OutcomeChange).where(OutcomeChange.booking_id == booking).order_by(OutcomeChange.id)
    )
    return [(row.side.value, row.outcome, row.reason) for row in rows]


def mail(session, *kinds):
    session.rollback()
    rows = session.scalars(
        select(OutboxMessage).where(OutboxMessage.kind.in_(kinds)).order_by(OutboxMessage.id)
    )
    return [(row.kind, row.reader_id) for row in rows if row.outcome is None]


def transitions(session, booking):
    return [(row.action, row.cause, row.actor_id) for row in the_journal(session, booking)]


def test_both_sides_say_the_same_and_it_is_settled_at_once(session, cast, booked, say):
    booking = booked(**LATE)

    first = say(booking, cast.student, MENTOR_ABSENT)
    second = say(booking, cast.mentor, MENTOR_ABSENT, "12:00")

    assert (first.outcome.state, first.outcome.settles_at) == (
        OutcomeState.CLAIMED,
        at("11:30") + SILENCE,
    )
    assert (second.outcome.state, second.outcome.value) == (OutcomeState.SETTLED, MENTOR_ABSENT)
    assert said(session, booking) == [
        ("student", MENTOR_ABSENT, None),
        ("mentor", MENTOR_ABSENT, None),
    ]
    assert mail(session, MailKind.OUTCOME_DISPUTED) == []


def test_an_answer_after_the_slot_completes_the_session_as_the_speaker_would(
    session, cast, booked, say
):
    booking = booked(**LATE)

    result = say(booking, cast.student, TOOK_PLACE)

    assert (result.status, result.changed) == (Status.COMPLETED, True)
    assert the_booking(session, booking).completed_at == at("11:30")
    assert transitions(session, booking) == [(Action.COMPLETE, Cause.STUDENT, cast.student.id)]
    assert len(mail(session, MailKind.COMPLETED)) == 2


def test_an_answer_before_the_end_of_the_slot_leaves_the_session_under_way(
    session, cast, booked, say
):
    booking = booked(**LATE)

    assert say(booking, cast.student, MENTOR_ABSENT, "10:59").status is Status.ONGOING
    assert transitions(session, booking) == []
    assert say(booking, cast.student, TOOK_PLACE, "11:00").status is Status.COMPLETED


def test_a_repeated_answer_after_the_end_completes_what_is_still_under_way(
    session, cast, booked, say
):
    booking = booked(**LATE)
    say(booking, cast.student, MENTOR_ABSENT, "10:30")

    assert say(booking, cast.student, MENTOR_ABSENT, "10:31").changed is False
    result = say(booking, cast.student, MENTOR_ABSENT, "11:05")

    assert (result.changed, result.status) == (True, Status.COMPLETED)
    assert result.message == "The session is completed."
    assert len(said(session, booking)) == 1


def test_the_clocks_delay_comes_first_and_both_are_in_the_journal(session, cast, booked, say):
    booking = booked()

    result = say(booking, cast.student, MENTOR_ABSENT)

    assert (result.status, result.is_delayed) == (Status.COMPLETED, True)
    assert transitions(session, booking) == [
        (Action.DELAY, Cause.STUDENT, None),
        (Action.COMPLETE, Cause.STUDENT, cast.student.id),
    ]
    assert the_booking(session, booking).revision == 4  # Delay, answer, completion.


def test_a_session_that_began_on_time_is_completed_by_the_clock_first(session, cast, booked, say):
    booking = booked(status=Status.ONGOING)

    say(booking, cast.student, TOOK_PLACE)

    assert transitions(session, booking) == [(Action.AUTO_COMPLETE, Cause.STUDENT, None)]
    assert the_booking(session, booking).completed_at == at("11:00")


def test_a_mentors_start_counts_as_their_word_and_silence_settles_it(session, cast, booked, say):
    booking = booked()
    apply_action(
        session, booking_id=booking, action=Action.START, viewer=cast.mentor, now=at("10:01")
    )
    settles_at = at("11:00") + SILENCE

    with pytest.raises(Conflict, match="settled: “It took place”"):
        say(booking, cast.student, MENTOR_ABSENT, settles_at)
    result = say(booking, cast.student, MENTOR_ABSENT, settles_at - timedelta(microseconds=1))

    assert result.outcome.state is OutcomeState.DISPUTED
    assert said(session, booking) == [("student", MENTOR_ABSENT, None)]


def test_who_says_otherwise_is_told_to_the_other_side_once(session, cast, booked, say):
    booking = booked(**LATE)
    say(booking, cast.student, MENTOR_ABSENT)

    result = say(booking, cast.mentor, TOOK_PLACE, "12:00")
    assert result.message.endswith("The other person disagrees, so an admin will decide.")
    assert mail(session, MailKind.OUTCOME_DISPUTED) == [
        (MailKind.OUTCOME_DISPUTED, cast.student.id)
    ]
    say(booking, cast.mentor, TROUBLE, "12:01")
    assert len(mail(session, MailKind.OUTCOME_DISPUTED)) == 1, "only the last of them waits"


def test_a_mentor_who_arrives_after_the_student_said_otherwise_makes_a_dispute_of_it(
    session, cast, booked, say
):
    booking = booked(**LATE)
    say(booking, cast.student, MENTOR_ABSENT, "10:20")

    apply_action(
        session, booking_id=booking, action=Action.ARRIVE, viewer=cast.mentor, now=at("10:25")
    )

    assert mail(session, MailKind.OUTCOME_DISPUTED) == [
        (MailKind.OUTCOME_DISPUTED, cast.student.id)
    ]
    agreed = booked(starts="14:00", **LATE)
    say(agreed, cast.student, TOOK_PLACE, "14:20")
    apply_action(
        session, booking_id=agreed, action=Action.ARRIVE, viewer=cast.mentor, now=at("14:25")
    )
    assert len(mail(session, MailKind.OUTCOME_DISPUTED)) == 1


def test_people_change_their_mind_until_it_is_settled(session, cast, booked, say):
    booking = booked(**LATE)
    say(booking, cast.student, MENTOR_ABSENT)
    say(booking, cast.mentor, TOOK_PLACE, "12:00")

    result = say(booking, cast.student, TOOK_PLACE, "12:10")

    assert (result.outcome.state, result.outcome.value) == (OutcomeState.SETTLED, TOOK_PLACE)
    for viewer in (cast.student, cast.mentor):
        with pytest.raises(Conflict, match="settled"):
            say(booking, viewer, NOBODY_CAME, "12:20")
        assert say(booking, viewer, TOOK_PLACE, "12:20").changed is False
    assert len(said(session, booking)) == 3


def test_an_admin_decides_with_a_reason_and_may_decide_again(session, cast, booked, say):
    booking = booked(**LATE)
    say(booking, cast.student, MENTOR_ABSENT)
    say(booking, cast.mentor, TOOK_PLACE)

    with pytest.raises(InvalidInput, match="reason"):
        say(booking, cast.admin, TOOK_PLACE)
    first = say(booking, cast.admin, TOOK_PLACE, reason="The chat shows it.")
    second = say(booking, cast.admin, TROUBLE, reason="The recording is empty.")

    assert (first.outcome.value, first.decided_by) == (TOOK_PLACE, "Ada Admin")
    assert (second.outcome.value, second.changed) == (TROUBLE, True)
    assert not say(booking, cast.admin, TROUBLE, reason="As I said.").changed
    assert said(session, booking)[2:] == [
        ("admin", TOOK_PLACE, "The chat shows it."),
        ("admin", TROUBLE, "The recording is empty."),
    ]
    assert the_booking(session, booking).decided_by == cast.admin.id
    assert sorted(mail(session, MailKind.OUTCOME_DECIDED)) == sorted(
        (MailKind.OUTCOME_DECIDED, who.id) for who in (cast.student, cast.mentor)
    )
    with pytest.raises(Conflict):
        say(booking, cast.student, MENTOR_ABSENT, "13:00")


@pytest.mark.parametrize("who", ["student", "mentor", "admin"])
def test_before_the_start_and_of_a_cancelled_session_nothing_can_be_said(
    session, cast, booked, say, who
):
    viewer = getattr(cast, who)
    early, cancelled = booked(), booked(status=Status.CANCELLED)

    with pytest.raises(Conflict, match="start time"):
        say(early, viewer, TOOK_PLACE, at("10:00") - timedelta(microseconds=1), reason="x")
    with pytest.raises(Conflict, match="cancelled"):
        say(cancelled, viewer, TOOK_PLACE, reason="x")

    assert said(session, early) == said(session, cancelled) == []
    assert the_booking(session, early).revision == the_booking(session, cancelled).revision == 1


def test_strangers_and_unknown_ids_are_not_found(session, cast, booked, say):
    booking = booked(**LATE)

    for viewer in (cast.stranger, cast.other_mentor):
        with pytest.raises(NotFound):
            say(booking, viewer, TOOK_PLACE)
    with pytest.raises(NotFound):
        say(4711, cast.admin, TOOK_PLACE, reason="x")
    assert said(session, booking) == []


def test_a_mentors_answer_completes_the_whole_group_and_speaks_of_one_student(session, cast, say):
    slot = a_slot(session, cast.mentor, starts="10:00", capacity=2)
    absent, present = (a_seat(session, slot, who, **LATE) for who in (cast.student, cast.stranger))

    say(absent, cast.mentor, STUDENT_ABSENT)

    assert the_booking(session, absent).mentor_says is STUDENT_ABSENT
    other = the_booking(session, present)
    assert (other.status, other.mentor_says) == (Status.COMPLETED, None)


def test_complete_with_an_outcome_does_both_or_neither(session, cast, booked, say):
    booking, early = booked(**LATE), booked(status=Status.ONGOING)

    result = say(booking, cast.student, TOOK_PLACE, "10:40", also_completes=True)
    assert (result.status, result.outcome.state) == (Status.COMPLETED, OutcomeState.CLAIMED)

    with pytest.raises(Conflict, match="start time"):
        say(early, cast.student, TOOK_PLACE, "09:50", also_completes=True)
    assert the_booking(session, early).status is Status.ONGOING

    late = booked()
    with pytest.raises(Conflict, match="marked as delayed"):
        say(late, cast.student, TOOK_PLACE, "10:05", also_completes=True)
    kept = the_booking(session, late)
    assert (kept.status, kept.is_delayed, kept.student_says) == (Status.ONGOING, True, None)


def test_from_the_queue_an_admin_decides_many_and_those_that_cannot_be_are_counted(
    session, cast, booked
):
    open_ones = [booked(**LATE), booked(status=Status.COMPLETED, is_delayed=True)]
    refused = [booked(status=Status.CANCELLED), booked(starts=at("10:00", days=30)), 4711]
    how = {
        "viewer": cast.admin,
        "word": NOBODY_CAME,
        "now": at("11:30", days=8),
        "silence": SILENCE,
    }

    with pytest.raises(InvalidInput):
        decide_outcomes(session, booking_ids=open_ones, reason="", **how)
    done = decide_outcomes(session, booking_ids=open_ones + refused, reason="Nobody knows.", **how)

    assert (done.decided, done.refused) == (2, 3)
    for booking in open_ones:
        kept = the_booking(session, booking)
        assert (kept.status, kept.decided_outcome) == (Status.COMPLETED, NOBODY_CAME)
        assert said(session, booking) == [("admin", NOBODY_CAME, "Nobody knows.")]


def test_nobody_decides_about_their_own_session_while_another_admin_can(session, cast, booked):
    own, others = booked(**LATE), a_user(session, "Both", Role.MENTOR, Role.ADMIN)
    among_admins = a_booking(session, mentor=others, student=cast.admin, **LATE)
    how = {"word": TROUBLE, "reason": "It broke.", "now": at("11:30"), "silence": SILENCE}

    for ids in ([own], [own, among_admins]):
        with pytest.raises(Forbidden):
            decide_outcomes(session, booking_ids=ids, viewer=cast.mentor, **how)
    with pytest.raises(Forbidden):
        decide_outcome(session, booking_id=own, viewer=cast.mentor, **how)
    assert said(session, own) == said(session, among_admins) == []

    decide_outcome(session, booking_id=among_admins, viewer=others, **how)

    assert said(session, among_admins) == [("admin", TROUBLE, "It broke.")]
    assert transitions(session, among_admins) == [(Action.COMPLETE, Cause.ADMIN, others.id)]


def test_an_admin_who_takes_part_speaks_for_their_side(session, booked, say):
    mentor = a_user(session, "Both", Role.MENTOR, Role.ADMIN)
    student = a_user(session, "Sue", Role.STUDENT)
    booking = a_booking(session, mentor=mentor, student=student, **LATE)

    result = say(booking, mentor, STUDENT_ABSENT)

    assert result.outcome.state is OutcomeState.CLAIMED
    assert said(session, booking) == [("mentor", STUDENT_ABSENT, None)]


def test_two_sides_who_answer_at_once_are_both_heard_and_the_session_completes_once(
    session, cast, booked
):
    booking = booked(**LATE)
    answers = iter([(cast.student, MENTOR_ABSENT), (cast.mentor, TOOK_PLACE)])

    def answer():
        viewer, word = next(answers)
        with Session(session.get_bind(), expire_on_commit=False) as own:
            return say_outcome(
                own,
                booking_id=booking,
                viewer=viewer,
                word=word,
                reason=None,
                now=at("11:30"),
                silence=SILENCE,
            ).outcome.state

    states = at_once(answer, 2)

    assert sorted(states) == [OutcomeState.CLAIMED, OutcomeState.DISPUTED]
    assert len(said(session, booking)) == 2
    assert [action for action, *_ in transitions(session, booking)] == [Action.COMPLETE]
    assert len(mail(session, MailKind.OUTCOME_DISPUTED)) == 1
