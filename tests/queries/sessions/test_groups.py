"""In the lists of its mentor and of admins a group is one meeting; students see their own part."""

import pytest

from mentorship.domain.accounts.viewers import Role, Scope
from mentorship.domain.booking.cutoff import NO_CUTOFF
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.models import Cause
from mentorship.queries.sessions.dashboard import Section, dashboard
from mentorship.queries.sessions.staying import dashboard_after_presses
from mentorship.services.sessions.actions import Cancellation, apply_action
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from tests.support.builders import a_booking, a_seat, a_slot, a_user, at
from tests.support.databases import counted_statements


@pytest.fixture
def students(session, cast):
    """Three of them."""
    return [cast.student, cast.stranger, a_user(session, "Thea Third", Role.STUDENT)]


@pytest.fixture
def group(session, cast, students):
    """A slot for four at 10:00 with three students."""
    slot = a_slot(session, cast.mentor, starts="10:00", capacity=4)
    return [a_seat(session, slot, each, topic="Proofs") for each in students]


def board(session, viewer, now="09:00", pages=(), scope=Scope.OWN):
    session.rollback()
    return dashboard(
        session,
        viewer,
        scope,
        cursor=PollCursor(0, (0, 0)),
        pages=dict(pages),
        now=at(now),
        cutoff=NO_CUTOFF,
    )


def cards(session, viewer, section, **asked):
    [listing] = [
        each for each in board(session, viewer, **asked).listings if each.section is section
    ]
    return listing


def act(session, booking, action, viewer, now, **cancellation):
    session.rollback()
    apply_action(
        session,
        booking_id=booking,
        action=action,
        viewer=viewer,
        now=at(now),
        cancellation=Cancellation(**cancellation),
    )


@pytest.mark.parametrize(("who", "scope"), [("mentor", Scope.OWN), ("admin", Scope.ALL)])
def test_mentor_and_admin_see_one_card_with_all_students(session, cast, group, who, scope):
    found = cards(session, getattr(cast, who), Section.UPCOMING, scope=scope)

    [card] = found.cards
    assert (found.total, found.pages) == (1, 1)
    assert [(each.id, each.student) for each in card.seats] == [
        (group[0], "Sam Student"),
        (group[1], "Stella Stranger"),
        (group[2], "Thea Third"),
    ]
    assert card.topic == "Proofs"
    assert {Action.START, Action.CANCEL} <= set(card.actions)


def test_each_student_sees_their_own_part_alone(session, cast, group, students):
    for booking, student in zip(group, students, strict=True):
        found = cards(session, student, Section.UPCOMING)
        [card] = found.cards
        assert (card.id, card.student, card.seats, found.total) == (booking, student.name, (), 1)


def test_an_admin_who_sits_in_a_group_sees_their_own_part_beside_the_meeting(session, cast, group):
    both = a_user(session, "Bo Both", Role.STUDENT, Role.ADMIN)
    slot = a_slot(session, cast.mentor, starts="12:00", capacity=4)
    own = a_seat(session, slot, both)
    others = [a_seat(session, slot, each) for each in (cast.student, cast.stranger)]

    found = cards(session, both, Section.UPCOMING, scope=Scope.ALL)

    assert found.total == 3
    assert [(card.id, [each.id for each in card.seats]) for card in found.cards] == [
        (group[0], group),
        (own, []),
        (others[0], others),
    ]


@pytest.mark.parametrize(
    ("action", "now", "section"),
    [(Action.START, "10:00", Section.NOW), (Action.COMPLETE, "10:30", Section.PAST)],
)
def test_a_group_stays_one_card_through_its_lists(session, cast, group, action, now, section):
    act(session, group[1], Action.START, cast.mentor, "10:00")
    if action is Action.COMPLETE:
        act(session, group[1], Action.COMPLETE, cast.mentor, now)

    [card] = cards(session, cast.mentor, section, now=now).cards
    assert [each.id for each in card.seats] == group


def test_a_late_group_is_one_session_that_needs_attention(session, cast, group):
    update_session_statuses(session, now=at("10:05"), cause=Cause.WORKER, returning=no_updates)

    found = cards(session, cast.mentor, Section.ATTENTION, now="10:05")
    assert (found.total, [each.id for each in found.cards[0].seats]) == (1, group)


def test_who_completes_their_own_part_leaves_the_meeting_of_the_others(session, cast, group):
    act(session, group[0], Action.START, cast.mentor, "10:00")
    act(session, group[0], Action.COMPLETE, cast.student, "10:20")

    [running] = cards(session, cast.mentor, Section.NOW, now="10:20").cards
    [ended] = cards(session, cast.mentor, Section.PAST, now="10:20").cards
    assert [each.id for each in running.seats] == group[1:]
    assert [each.id for each in ended.seats] == group[:1]


def test_students_who_cancel_by_themselves_are_cards_of_their_own(session, cast, group, students):
    act(session, group[0], Action.CANCEL, students[0], "08:00", reason="Ill.")
    act(session, group[2], Action.CANCEL, students[2], "08:30")

    past = cards(session, cast.mentor, Section.PAST)
    assert [[each.id for each in card.seats] for card in past.cards] == [[group[2]], [group[0]]]
    assert past.cards[1].cancel_reason == "Ill."
    [card] = cards(session, cast.mentor, Section.UPCOMING).cards
    assert [each.id for each in card.seats] == [group[1]]


def test_different_topics_stand_beside_the_students_and_not_above(session, cast):
    slot = a_slot(session, cast.mentor, starts="10:00", capacity=2)
    a_seat(session, slot, cast.student, topic="Proofs")
    a_seat(session, slot, cast.stranger, topic="Numbers")

    [card] = cards(session, cast.mentor, Section.UPCOMING).cards
    assert card.topic == ""
    assert [each.topic for each in card.seats] == ["Proofs", "Numbers"]


def test_pages_and_counts_are_of_meetings(session, cast, students):
    for day in range(25):
        slot = a_slot(session, cast.mentor, starts=at("10:00", days=day), capacity=3)
        for each in students:
            a_seat(session, slot, each)
    single = a_booking(session, mentor=cast.mentor, student=cast.student, starts="14:00")

    first = cards(session, cast.mentor, Section.UPCOMING)
    second = cards(session, cast.mentor, Section.UPCOMING, pages={Section.UPCOMING: 2}.items())

    assert (first.total, first.pages, len(first.cards), len(second.cards)) == (26, 2, 20, 6)
    assert first.cards[1].id == single
    assert first.cards[1].seats == ()
    shown = [*first.cards, *second.cards]
    assert len({card.id for card in shown}) == 26
    assert {len(card.seats) for card in shown} == {0, 3}


def test_groups_cost_one_statement_more_however_many_there_are(session, cast, students):
    def statements():
        session.rollback()
        with counted_statements(session.get_bind()) as found:
            board(session, cast.mentor, now="07:00")  # Before anybody can say that they are late.
        return len(found)

    a_booking(session, mentor=cast.mentor, student=cast.student, starts="16:00")
    without = statements()
    counts = []
    for hour in (10, 12, 14):
        slot = a_slot(session, cast.mentor, starts=f"{hour}:00", capacity=3)
        for each in students:
            a_seat(session, slot, each)
        counts.append(statements())

    assert without == 2
    assert counts == [3, 3, 3]


def test_a_group_that_was_just_started_stays_one_card_in_its_place(session, cast, group):
    act(session, group[1], Action.START, cast.mentor, "09:55")
    session.rollback()

    found = dashboard_after_presses(
        session,
        cast.mentor,
        Scope.OWN,
        cursor=PollCursor(0, (0, 0)),
        pages={},
        now=at("09:55"),
        cutoff=NO_CUTOFF,
    )
    shown = {each.section: each for each in found.listings if each.total}

    assert list(shown) == [Section.UPCOMING]
    [card] = shown[Section.UPCOMING].cards
    assert (shown[Section.UPCOMING].total, card.stays) == (1, True)
    assert (card.id, [each.id for each in card.seats]) == (group[0], group)


def test_a_mentor_is_told_of_the_next_due_time_of_a_group(session, cast, group):
    assert board(session, cast.mentor).next_due == at("10:00")


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.CANCELLED])
def test_a_slot_for_one_that_was_taken_twice_is_two_cards(session, cast, status):
    slot = a_slot(session, cast.mentor, starts="10:00")
    a_seat(session, slot, cast.student, status=Status.CANCELLED, cancelled_at=at("08:00"))
    ends = {
        Status.COMPLETED: {"completed_at": at("11:00")},
        Status.CANCELLED: {"cancelled_at": at("08:00")},
    }[status]
    a_seat(session, slot, cast.stranger, status=status, **ends)

    past = cards(session, cast.mentor, Section.PAST, now="12:00")
    assert (past.total, len(past.cards)) == (2, 2)
