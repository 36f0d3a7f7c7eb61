"""Mentors say what they are about, and students find them and their next free times."""

from datetime import timedelta

import pytest

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.shared.errors import InvalidInput, NotFound
from mentorship.domain.shared.search_text import folded_words
from mentorship.models import User
from mentorship.queries.booking.directory import (
    PAGE_SIZE,
    find_mentors,
    mentor_page,
    own_profile,
    popular_topics,
)
from mentorship.services.accounts.edit_details import edit_details
from mentorship.services.booking.mentor_profile import edit_profile
from tests.support.builders import a_booking, a_profile, a_slot, a_user, at
from tests.support.databases import counted_statements

NOW = at("08:00")


def says(session, mentor, *, headline="", bio="", topics=""):
    session.rollback()
    edit_profile(session, mentor_id=mentor.id, headline=headline, bio=bio, topics=topics)


def found(session, search="", *, topic="", page=1, student=None):
    session.rollback()
    return find_mentors(
        session,
        words=folded_words(search),
        topic=topic,
        page=page,
        student_id=student.id if student else None,
        now=NOW,
    )


def names(session, search="", **options):
    return [card.name for card in found(session, search, **options).cards]


def test_every_word_must_be_the_beginning_of_one_of_name_headline_or_topics(session, cast):
    says(session, cast.mentor, headline="Fräulein Smilla's feeling for code", topics="C++, Café")
    says(session, cast.other_mentor, topics="Statistics")

    for search in ("maya", "MAY men", "fraulein", "smil", "c++", "cafe cod", ""):
        assert "Maya Mentor" in names(session, search), search
    assert names(session, "maya statistics") == []
    assert names(session, "tatistics") == []
    assert names(session, "m") == ["Maya Mentor"]
    assert names(session, "%") == names(session, "")


def test_a_topic_is_found_however_it_is_written(session, cast):
    says(session, cast.mentor, topics="Code Review, SQL")
    says(session, cast.other_mentor, topics="code review")

    assert names(session, topic="CODE REVIEW") == ["Maya Mentor", "Otto Other"]
    assert names(session, topic="sql") == ["Maya Mentor"]
    assert popular_topics(session) == (("Code Review", "SQL"), 0)


def test_only_approved_mentors_with_a_profile_are_found(session, cast):
    assert names(session) == []
    says(session, cast.mentor, topics="Anything")
    waiting = a_user(session, "Willa Waiting", Role.MENTOR)
    says(session, waiting, topics="Anything")
    session.get_one(User, waiting.id).is_approval_pending = True
    session.commit()

    assert names(session) == ["Maya Mentor"]
    assert mentor_page(session, waiting.id) is None
    assert mentor_page(session, cast.student.id) is None
    assert mentor_page(session, cast.mentor.id).topics == ("Anything",)


def test_what_is_said_anew_replaces_what_was_said(session, cast):
    says(session, cast.mentor, headline="Old", bio="I was.", topics="Ancient, SQL")
    says(session, cast.mentor, headline="New", bio="I am.\r\nHere.", topics=" SQL ,, sql ")

    assert own_profile(session, cast.mentor.id) == {
        "headline": "New",
        "bio": "I am.\nHere.",
        "topics": "SQL",
        "meeting_url": "",
    }
    assert names(session, "old") == names(session, "ancient") == []
    assert names(session, "new") == ["Maya Mentor"]


def test_a_new_name_is_found_and_the_old_one_is_not(session, cast):
    says(session, cast.mentor)
    session.rollback()
    edit_details(
        session,
        viewer=cast.mentor,
        name="Zoë Zimmer",
        timezone="UTC",
        hour_cycle="",
        language="",
        now=NOW,
    )
    says(session, cast.other_mentor)

    assert names(session, "zoe") == ["Zoë Zimmer"]
    assert names(session, "maya") == []
    assert names(session) == ["Otto Other", "Zoë Zimmer"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"headline": "x" * 161}, "The headline is longer than 160"),
        ({"headline": "a\x00b"}, "cannot be used"),
        ({"bio": "x" * 4001}, "longer than 4000"),
        ({"bio": "line\n\x1b[31m"}, "cannot be used"),
        ({"topics": ",".join(f"t{number}" for number in range(13))}, "at most 12 topics"),
        ({"topics": "x" * 61}, "A topic is longer than 60"),
    ],
)
def test_what_does_not_fit_is_refused_in_words_and_nothing_is_stored(
    session, cast, fields, message
):
    with pytest.raises(InvalidInput, match=message):
        says(session, cast.mentor, **fields)
    assert names(session) == []


def test_nobody_but_a_mentor_has_a_profile(session, cast):
    with pytest.raises(NotFound):
        says(session, cast.student)


def test_a_card_has_the_next_three_times_that_this_student_can_book(session, cast):
    a_profile(session, cast.mentor, minimum_notice=60, horizon_days=2)
    for starts in ("08:30", "10:00", "12:00", "14:00", "16:00", "18:00"):
        a_slot(session, cast.mentor, starts=starts)
    a_slot(session, cast.mentor, starts=at("09:00", days=3))
    a_booking(session, mentor=cast.other_mentor, student=cast.student, starts="12:30")

    def next_times(student):
        [card] = found(session, student=student).cards
        return [f"{slot.start_time:%H:%M}" for slot in card.next_times]

    assert next_times(cast.stranger) == next_times(None) == ["10:00", "12:00", "14:00"]
    assert next_times(cast.student) == ["10:00", "14:00", "16:00"]


def test_the_next_times_keep_a_daily_limit(session, cast):
    a_profile(session, cast.mentor, minimum_notice=0, daily_limit=1)
    taken = a_booking(
        session, mentor=cast.mentor, student=cast.stranger, starts="09:00", is_exclusive=True
    )
    assert taken
    a_slot(session, cast.mentor, starts="11:00")
    a_slot(session, cast.mentor, starts=at("11:00", days=1))

    [card] = found(session, student=cast.student).cards
    assert [slot.start_time for slot in card.next_times] == [at("11:00", days=1)]


def test_pages_hold_twenty_and_take_as_many_statements_as_one(session, cast):
    session.rollback()
    mentors = [a_user(session, f"Mentor {number:02}", Role.MENTOR) for number in range(23)]
    for mentor in mentors:
        says(session, mentor, topics="SQL")
        a_slot(session, mentor, starts="12:00")

    first, second = found(session), found(session, page=2)
    assert (len(first.cards), first.has_next) == (PAGE_SIZE, True)
    assert ([card.name for card in second.cards], second.has_next) == (
        ["Mentor 20", "Mentor 21", "Mentor 22"],
        False,
    )
    assert all(len(card.next_times) == 1 for card in (*first.cards, *second.cards))
    assert names(session, page=3) == []
    with counted_statements(session.get_bind()) as statements:
        found(session)
    assert len(statements) == 3  # One of them asks for the next times of all.


def test_a_cancelled_session_gives_its_time_back(session, cast):
    a_profile(session, cast.mentor, minimum_notice=0)
    a_booking(
        session,
        mentor=cast.mentor,
        student=cast.student,
        starts="09:00",
        status=Status.CANCELLED,
        lasts=timedelta(hours=1),
        is_exclusive=True,
    )

    [card] = found(session, student=cast.stranger).cards
    assert [slot.start_time for slot in card.next_times] == [at("09:00")]
