"""What the lists of sessions show at a glance: days, what comes first, and how it went."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.models import SessionBooking
from tests.support.builders import a_booking, at

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def booked(session, cast):
    def make(starts, status=Status.SCHEDULED, **said):
        people = {"mentor": cast.mentor, "student": cast.student}
        booking = a_booking(session, **people, starts=starts, status=status)
        if said:
            words = {f"{side}_says": word for side, word in said.items()}
            times = {f"{side}_said_at": starts for side in said}
            session.execute(
                update(SessionBooking).where(SessionBooking.id == booking).values(**words, **times)
            )
            session.commit()
        return booking

    return make


@pytest.fixture
def dashboard(client_for, cast):
    return lambda: client_for(cast.student).get("/dashboard").text


def days_in(page, section):
    """The words for the days of one list."""
    return re.findall(rf'<li class="day" id="day-{section}-[\d-]+">(.*?)</li>', page)


def test_sessions_are_listed_by_day_and_a_day_that_is_near_has_no_year(booked, dashboard):
    now = at("10:00")
    for days in (0, 1, 1, 13, 364, 366):
        booked(now + timedelta(days=days))
    for days in (1, 2, 366):
        booked(now - timedelta(days=days), Status.COMPLETED)

    page = dashboard()

    near = ["Today", "Tomorrow", "Mon 7 Dec"]
    assert days_in(page, "upcoming") == [*near, "Tue 23 Nov", "Thu 25 Nov 2027"]
    assert days_in(page, "past") == ["Yesterday", "Sun 22 Nov", "Sun 23 Nov 2025"]
    assert page.count("Times in") == 1
    assert 'class="zone"> UTC' not in page


def test_midnight_makes_another_day_today(booked, dashboard, clock):
    booked(at("10:00", days=1))
    assert days_in(dashboard(), "upcoming") == ["Tomorrow"]

    clock.move_to("2026-11-25 00:00:00")

    assert days_in(dashboard(), "upcoming") == ["Today"]


def test_an_empty_list_does_not_stand_before_what_comes_next(booked, dashboard):
    def sections():
        return re.findall(r'<h2 id="title-(\w+)"', dashboard())

    assert sections() == ["upcoming", "attention", "now", "past"]
    booked(at("09:30"), Status.ONGOING)
    assert sections() == ["now", "upcoming", "attention", "past"]
    booked(at("09:40"))  # Nobody has started it: it becomes delayed.
    assert sections() == ["attention", "now", "asked", "upcoming", "past"]


HOW_IT_WENT = [
    ({}, "", "Completed"),
    ({"mentor": OutcomeWord.TOOK_PLACE}, " is-held", "It took place"),
    ({"student": OutcomeWord.MENTOR_ABSENT}, " is-missed", "Maya Mentor did not come"),
    ({"mentor": OutcomeWord.STUDENT_ABSENT}, " is-missed", "Sam Student did not come"),
    ({"mentor": OutcomeWord.NOBODY_CAME}, " is-missed", "Nobody came"),
    (
        {"mentor": OutcomeWord.TOOK_PLACE, "student": OutcomeWord.MENTOR_ABSENT},
        " is-disputed",
        "Answers differ",
    ),
]


@pytest.mark.parametrize(("said", "look", "words"), HOW_IT_WENT)
def test_what_is_over_says_how_it_went(booked, dashboard, said, look, words):
    booked(at("10:00", days=-1), Status.COMPLETED, **said)

    assert f'<span class="badge{look}">{words}</span>' in dashboard()
