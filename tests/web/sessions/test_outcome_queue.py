"""/outcomes: what admins see of disputed and unanswered sessions, and how they decide."""

import re

import pytest

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.sessions.lifecycle import Status
from mentorship.models import SessionBooking
from mentorship.queries.sessions.outcome_view import PAGE_SIZE, QueueView, outcome_queue
from tests.support.builders import a_booking, a_user, at, the_booking
from tests.support.databases import counted_statements
from tests.support.dumps import dump

LATE = {"status": Status.ONGOING, "is_delayed": True}


@pytest.fixture
def book(session, cast):
    """`book(days, **words)`: a delayed session so many days ago, with what was said about it."""

    def make(days, *, by=None, **words):
        people = {"mentor": by or cast.mentor, "student": cast.student}
        booking = a_booking(session, **people, starts=at("08:00", days=-days), **LATE)
        for side, word in words.items():
            kept = session.get_one(SessionBooking, booking)
            setattr(kept, f"{side}_says", word)
            setattr(kept, f"{side}_said_at", at("09:00", days=-days))
        session.commit()
        return booking

    return make


@pytest.fixture
def admin(client_for, cast):
    return client_for(cast.admin)


def listed(page):
    """The sessions that a page of the queue shows, in its order."""
    return [int(number) for number in re.findall(r'name="sessions" value="(\d+)"', page)]


def test_disputed_sessions_wait_at_once_and_unanswered_ones_after_three_days(
    book, admin, session, cast
):
    dispute = book(0, mentor="TOOK_PLACE", student="MENTOR_ABSENT")
    book(0)
    book(0, student="MENTOR_ABSENT")
    book(9, student="TOOK_PLACE", mentor="TOOK_PLACE")
    book(2)
    old, older = book(4), book(400)
    people = {"mentor": cast.mentor, "student": cast.student}
    a_booking(session, **people, starts=at("07:00", days=-5), status=Status.COMPLETED)
    done = a_booking(session, **people, starts=at("08:00", days=-5), status=Status.COMPLETED)
    session.get_one(SessionBooking, done).booked_at = at("08:00", days=-9)  # The other: imported.
    session.commit()
    a_booking(session, **people, starts=at("08:00", days=-5), status=Status.CANCELLED)

    assert listed(admin.get("/outcomes").text) == [dispute]
    assert listed(admin.get("/outcomes?view=unanswered").text) == [old, done, older]


def test_both_statements_are_shown_with_their_remarks(admin, client_for, cast, session):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="08:00", **LATE)
    path = f"/api/sessions/{booking}/outcome"
    client_for(cast.student).post(path, data={"outcome": "MENTOR_ABSENT", "reason": "I <b>waited"})
    client_for(cast.mentor).post(path, data={"outcome": "TOOK_PLACE"})

    page = admin.get("/outcomes").text

    assert "The mentor did not come" in page
    assert "<q>I &lt;b&gt;waited</q>" in page
    assert "It took place" in page


def test_an_admin_decides_several_at_once_and_comes_back_to_the_same_list(book, admin, session):
    first, second, third = book(10), book(11), book(12)

    answer = admin.post(
        "/outcomes",
        data={
            "sessions": [first, second],
            "outcome": "NOBODY_CAME",
            "reason": "Nobody remembers.",
            "view": "unanswered",
        },
    )

    assert (answer.status_code, answer.location) == (303, "/outcomes?view=unanswered")
    page = admin.get(answer.location).text
    assert "2 sessions are decided." in page
    assert listed(page) == [third]
    kept = the_booking(session, first)
    assert (kept.status, kept.decided_outcome) == (Status.COMPLETED, "NOBODY_CAME")


def test_an_admin_does_not_decide_about_a_session_of_their_own(book, client_for, session, cast):
    both = a_user(session, "Bo Both", Role.MENTOR, Role.ADMIN)
    own = book(0, by=both, mentor="TOOK_PLACE", student="MENTOR_ABSENT")
    queue = client_for(both)
    sentence = "You take part in this session, so another admin decides how it went."
    page = queue.get("/outcomes").text
    assert sentence in page
    assert f'value="{own}" disabled' in page
    before = dump(session.get_bind())

    fields = {"sessions": own, "outcome": "TOOK_PLACE", "reason": "I was there."}
    answer = queue.post("/outcomes", data=fields)

    assert answer.status_code == 403
    assert f'role="alert">{sentence}' in answer.text
    assert "I was there." in answer.text
    assert dump(session.get_bind()) == before


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"outcome": "NOBODY_CAME", "reason": "x"}, "Please choose at least one session."),
        ({"sessions": 1, "outcome": "NOBODY_CAME"}, "Please give a reason for the decision."),
        ({"sessions": 1, "outcome": "", "reason": "x"}, "The field &#39;outcome&#39; is missing."),
        ({"sessions": 1, "outcome": "FINE", "reason": "x"}, "must be one of these"),
        ({"sessions": "x", "outcome": "NOBODY_CAME", "reason": "x"}, "The field"),
        ({"sessions": 10**20, "outcome": "NOBODY_CAME", "reason": "x"}, "The field"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_stays(book, admin, session, fields, sentence):
    booking = book(10)
    if fields.get("sessions") == 1:
        fields = fields | {"sessions": booking}

    answer = admin.post("/outcomes", data=fields | {"view": "unanswered"})

    assert answer.status_code == 400
    assert sentence in answer.text
    assert fields.get("reason", "") in answer.text
    assert (f'value="{booking}" checked' in answer.text) == (fields.get("sessions") == booking)
    assert the_booking(session, booking).revision == 1


@pytest.mark.parametrize("query", ["view=all", "mentor=x", "mentor=99999999999", "page=0"])
def test_an_address_that_fits_nothing_is_refused(admin, query):
    assert admin.get(f"/outcomes?{query}").status_code == 400


def test_pages_and_one_mentors_sessions(book, admin, session, cast):
    other = a_user(session, "Olga", Role.MENTOR)
    mine = [book(days) for days in range(5, 5 + PAGE_SIZE + 2)]
    hers = book(400, by=other)

    first = admin.get("/outcomes?view=unanswered").text
    last = admin.get("/outcomes?view=unanswered&page=9").text
    only = admin.get(f"/outcomes?view=unanswered&mentor={other.id}").text

    assert listed(first) == mine[:PAGE_SIZE]
    assert listed(last) == [*mine[PAGE_SIZE:], hers]
    assert listed(only) == [hers]
    assert f'<option value="{other.id}" selected>Olga</option>' in only


def test_the_bar_of_an_admin_counts_what_waits(book, admin, client_for, cast, session):
    def count(client):
        found = re.search(r'>Outcomes <span class="count">([^<]*)<', client.get("/dashboard").text)
        return found and found[1]

    assert count(admin) is None
    book(10)
    book(1, mentor="TOOK_PLACE", student="MENTOR_ABSENT")
    assert count(admin) == "2"
    assert count(client_for(cast.mentor)) is None


def test_the_queue_takes_as_many_statements_with_one_session_as_with_a_page(book, session):
    def statements():
        session.rollback()
        with counted_statements(session.get_bind()) as found:
            outcome_queue(session, QueueView.UNANSWERED, mentor_id=None, page=1, now=at("09:50"))
        return len(found)

    book(10)
    before = statements()
    for days in range(20, 30):
        book(days)

    assert statements() == before
