"""The lists of a dashboard are those of one moment."""

from datetime import timedelta

import pytest

from mentorship.database import read
from mentorship.domain.accounts.viewers import Scope, scope_of
from mentorship.domain.booking.cutoff import NO_CUTOFF, Cutoff
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.models import SweepFailure
from mentorship.queries.sessions import dashboard as dashboard_queries
from mentorship.queries.sessions.dashboard import Section, dashboard
from mentorship.services.sessions.actions import apply_action
from tests.support.builders import a_booking, at


@pytest.mark.parametrize("action", [Action.START, Action.CANCEL])
def test_a_session_that_changes_while_the_lists_are_read_is_in_one_of_them(
    session, cast, monkeypatch, action
):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")

    def change():
        apply_action(
            session, booking_id=booking, action=action, viewer=cast.mentor, now=at("09:55")
        )

    happens = [change]

    def read_after_the_change(session, statement, **values):
        if statement is dashboard_queries._ROWS[Scope.OWN] and happens:
            happens.pop()()
        return read(session, statement, **values)

    monkeypatch.setattr(dashboard_queries, "read", read_after_the_change)

    found = dashboard(
        session,
        cast.student,
        Scope.OWN,
        cursor=PollCursor(0, (0, 0)),
        pages={},
        now=at("09:55"),
        cutoff=NO_CUTOFF,
    )

    section = Section.NOW if action is Action.START else Section.PAST
    shown = {each.section: [card.id for card in each.cards] for each in found.listings}
    assert shown == {each: [booking] if each is section else [] for each in Section}
    assert [each.total for each in found.listings if each.section is section] == [1]


def test_what_is_delayed_stays_in_sight_of_its_people_however_many_there_are(session, cast):
    people = {"mentor": cast.mentor, "student": cast.student}
    for minute in range(25):
        a_booking(
            session, **people, starts=f"10:{minute:02}", status=Status.ONGOING, is_delayed=True
        )

    for viewer, shown in (cast.student, 25), (cast.mentor, 25), (cast.admin, 20):
        scope = scope_of(viewer.roles, Scope.OWN)
        attention, *_others = dashboard(
            session,
            viewer,
            scope,
            cursor=PollCursor(0, (0, 0)),
            pages={},
            now=at("12:00"),
            cutoff=NO_CUTOFF,
        ).listings
        assert (len(attention.cards), attention.total) == (shown, 25)


def test_each_list_has_its_order_in_whatever_order_the_union_gives_the_rows(
    session, cast, monkeypatch
):
    people = {"mentor": cast.mentor, "student": cast.student}
    booked = {
        Section.ATTENTION: {"status": Status.ONGOING, "is_delayed": True},
        Section.NOW: {"status": Status.ONGOING},
        Section.UPCOMING: {},
        Section.PAST: {"status": Status.COMPLETED},
    }
    newest_first = (Section.ATTENTION, Section.OLDER, Section.PAST)
    expected = {}
    for hour, (section, columns) in enumerate(booked.items(), start=8):
        ids = [
            a_booking(session, **people, starts=f"{hour:02}:{minute}", **columns)
            for minute in (10, 20, 30)
        ]
        expected[section] = ids[::-1] if section in newest_first else ids
    late = {"status": Status.ONGOING, "is_delayed": True}
    old = [a_booking(session, **people, starts=at("10:00", days=-days), **late) for days in (8, 9)]
    expected[Section.OLDER] = old

    turned = []

    def read_the_other_way_round(session, statement, **values):
        rows = read(session, statement, **values)
        turned.extend(rows[1:])
        return rows[::-1]

    monkeypatch.setattr(dashboard_queries, "read", read_the_other_way_round)
    found = dashboard(
        session,
        cast.student,
        Scope.OWN,
        cursor=PollCursor(0, (0, 0)),
        pages={},
        now=at("07:00"),
        cutoff=NO_CUTOFF,
    )

    assert len(turned) >= sum(map(len, expected.values())) - 1
    shown = {each.section: [card.id for card in each.cards] for each in found.listings}
    assert shown == expected


def test_what_is_set_back_does_not_hide_what_is_due_next(session, cast):
    people = {"mentor": cast.mentor, "student": cast.student}
    bad, _next = (a_booking(session, **people, starts=start) for start in ("10:00", "14:00"))
    a_booking(session, **people, starts="11:00", status=Status.ONGOING)

    def next_due(now):
        return dashboard(
            session,
            cast.student,
            Scope.OWN,
            cursor=PollCursor(0, (0, 0)),
            pages={},
            now=at(now),
            cutoff=NO_CUTOFF,
        ).next_due

    assert next_due("11:30") == at("10:00")
    session.add(SweepFailure(booking_id=bad, attempts=1, retry_at=at("11:40"), error="x"))
    session.commit()

    assert next_due("11:30") == at("12:00")
    assert next_due("11:40") == at("10:00")


@pytest.mark.parametrize(("now", "may"), [("05:59:59", True), ("06:00", False)])
def test_a_student_is_offered_to_cancel_until_the_cutoff_and_the_mentor_until_the_start(
    session, cast, now, may
):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    offered = []
    for viewer in (cast.student, cast.mentor):
        found = dashboard(
            session,
            viewer,
            Scope.OWN,
            cursor=PollCursor(0, (0, 0)),
            pages={},
            now=at(now),
            cutoff=Cutoff(timedelta(hours=4)),
        )
        [card] = [card for each in found.listings for card in each.cards]
        offered.append(Action.CANCEL in card.actions)

    assert offered == [may, True]


LATE = {"status": Status.ONGOING, "is_delayed": True}


def lists(session, viewer, *, now, pages=None):
    """The ids of each list that is not empty, and the totals of all."""
    session.rollback()
    scope = scope_of(viewer.roles, Scope.OWN)
    found = dashboard(
        session,
        viewer,
        scope,
        cursor=PollCursor(0, (0, 0)),
        pages=pages or {},
        now=now,
        cutoff=NO_CUTOFF,
    )
    assert all(each.is_whole for each in found.listings)
    return {each.section: [card.id for card in each.cards] for each in found.listings if each.total}


def test_a_late_session_that_has_begun_is_under_way_like_any_other(session, cast):
    people = {"mentor": cast.mentor, "student": cast.student}
    waits = a_booking(session, **people, starts="10:00", **LATE)
    begun = a_booking(session, **people, starts="10:10", arrived=True, **LATE)
    on_time = a_booking(session, **people, starts="10:20", status=Status.ONGOING)

    for viewer in (cast.student, cast.mentor, cast.admin):
        assert lists(session, viewer, now=at("10:30")) == {
            Section.ATTENTION: [waits],
            Section.NOW: [begun, on_time],
        }


def test_what_is_delayed_for_more_than_a_week_is_folded_away_newest_first(session, cast):
    people = {"mentor": cast.mentor, "student": cast.student}
    new, newer = (
        a_booking(session, **people, starts=start, **LATE) for start in ("09:00", "10:00")
    )
    old = [
        a_booking(
            session, **people, starts=at("10:30", days=-7 - days), arrived=days % 2 == 0, **LATE
        )
        for days in range(23)
    ]
    just = at("10:30")

    assert lists(session, cast.student, now=just) == {
        Section.ATTENTION: [newer, new],
        Section.OLDER: old[:20],
    }
    assert (
        lists(session, cast.student, now=just, pages={Section.OLDER: 2})[Section.OLDER]
        == (old[20:])
    )
    a_moment_ago = lists(session, cast.student, now=just - timedelta(microseconds=1))
    assert a_moment_ago[Section.NOW] == old[:1], "it has begun, and is a week old to the moment"


def test_late_sessions_that_have_begun_are_no_reason_for_a_page_to_ask(session, cast):
    people = {"mentor": cast.mentor, "student": cast.student}
    a_booking(session, **people, starts="10:00", arrived=True, **LATE)
    a_booking(session, **people, starts="14:00")

    found = dashboard(
        session,
        cast.student,
        Scope.OWN,
        cursor=PollCursor(0, (0, 0)),
        pages={},
        now=at("10:30"),
        cutoff=NO_CUTOFF,
    )
    assert found.next_due == at("14:00")
