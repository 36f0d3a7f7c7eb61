"""GET and POST /api/admin/update-session-status: who is told what, and what a poll gets."""

import json
import re

import pytest

from mentorship.extensions import db
from mentorship.services.accounts.passwords import set_password
from mentorship.web.sessions.poll_response import HEADER_ROOM
from tests.support.builders import LINKS, a_booking, a_user, at, the_booking, the_journal
from tests.support.databases import counted_statements

PATH = "/api/admin/update-session-status"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def due(session, cast, clock):
    """At 09:50 two sessions are due: the student's with her mentor, two strangers' other one."""
    mine = a_booking(session, mentor=cast.mentor, student=cast.student, starts="09:40")
    others = a_booking(session, mentor=cast.other_mentor, student=cast.stranger, starts="09:45")
    return mine, others


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_anybody_may_make_it_sweep_and_is_told_the_counts_alone(client_for, session, due, method):
    answer = client_for(None).open(PATH, method=method)

    assert (answer.status_code, answer.json) == (
        200,
        {
            "success": True,
            "message": "2 sessions became ongoing with a delay and 0 sessions completed.",
            "startedSessions": 2,
            "completedSessions": 0,
            "failedSessions": 0,
            "updates": [],
            "timestamp": "2026-11-24T09:50:00Z",
        },
    )
    assert the_booking(session, due[0]).is_delayed
    assert {entry.cause for entry in the_journal(session)} == {"poll"}


@pytest.mark.parametrize("asks", ["student", "mentor", "stranger", "other_mentor", "admin"])
def test_a_viewer_is_told_their_own_updates_and_an_admin_all(client_for, due, cast, asks):
    mine, others = due

    answer = client_for(getattr(cast, asks)).get(PATH).json

    assert answer["startedSessions"] == 2
    assert [update["sessionId"] for update in answer["updates"]] == {
        "student": [mine],
        "mentor": [mine],
        "stranger": [others],
        "other_mentor": [others],
        "admin": [mine, others],
    }[asks]


def test_with_nothing_due_it_says_so_and_writes_nothing(client_for, session, cast, clock):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="12:00")

    answer = client_for(None).post(PATH)

    assert answer.json["message"] == (
        "0 sessions became ongoing with a delay and 0 sessions completed."
    )
    assert the_booking(session, booking).revision == 1


def test_a_thousand_tabs_with_nothing_due_read_once_each_and_take_no_write_lock(
    app, client_for, session, cast, clock
):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="12:00")
    client = client_for(None)
    client.get(PATH)
    with app.app_context():
        engine = db.engine

    with counted_statements(engine) as statements:
        client.get(PATH)

    assert len(statements) == 1
    assert statements[0].startswith("SELECT")


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_what_an_anonymous_caller_sends_is_of_no_account(client_for, due):
    for sent in (
        {"json": {"viewerId": 1, "updates": True}},
        {"query_string": {"seen": "0.0.0"}},
        {"headers": {"Cookie": "mentorship_session=1.0.ADMIN"}},
        {"headers": {"Authorization": "Bearer x", "X-User-Id": "1"}},
    ):
        answer = client_for(None).post(PATH, **sent)
        assert (answer.status_code, answer.json["updates"]) == (200, [])
    unknown = client_for(None).post(PATH, query_string={"userId": 1, "at": "2030-01-01T00:00:00Z"})
    assert (unknown.status_code, "'userId', 'at'" in unknown.json["error"]) == (400, True)


class Dashboard:
    """An open page: what it has seen, and what its polls are told."""

    def __init__(self, client):
        self.client = client
        self.read(client.get("/dashboard"))

    def read(self, answer):
        self.fields = dict(
            re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text)
        )

    def poll(self, **others):
        answer = self.client.post(PATH, data=self.fields | others, headers=HTMX)
        if answer.status_code == 200:
            self.read(answer)
        return answer


def told(answer):
    """The event's detail."""
    return json.loads(answer.headers["HX-Trigger"])["session-status-updated"]


@pytest.fixture
def page_of(client_for, clock):
    return lambda viewer: Dashboard(client_for(viewer))


def test_a_poll_gets_204_without_body_and_event_while_the_page_is_as_the_lists_are(
    page_of, session, cast
):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="12:00")
    page = page_of(cast.student)

    answer = page.poll()

    assert (answer.status_code, answer.data) == (204, b"")
    assert "HX-Trigger" not in answer.headers


def test_a_poll_that_finds_a_change_gets_the_lists_and_the_event(page_of, session, cast, clock):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    pages = [page_of(cast.student), page_of(cast.mentor), page_of(cast.admin)]
    stranger = page_of(cast.stranger)
    clock.move_to("2026-11-24 10:00:00")

    answers = [page.poll() for page in pages]

    for answer in answers:
        assert answer.status_code == 200
        assert f'id="session-{booking}" data-status="ONGOING" data-delayed="true"' in answer.text
        assert "<html" not in answer.text
        assert told(answer) == {
            "started": 1,
            "completed": 0,
            "updates": [
                {
                    "sessionId": booking,
                    "oldStatus": "SCHEDULED",
                    "newStatus": "ONGOING",
                    "isDelayed": True,
                    "timestamp": "2026-11-24T10:00:00Z",
                    "dueAt": "2026-11-24T10:00:00Z",
                    "cause": "poll",
                    "reason": "The start time passed and nobody had started the session.",
                }
            ],
        }
    assert [page.poll().status_code for page in pages] == [204, 204, 204]
    assert stranger.poll().status_code == 204


def test_a_button_elsewhere_is_told_to_each_open_page_once(page_of, client_for, session, cast):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="10:00")
    pages = [page_of(cast.student), page_of(cast.mentor)]

    client_for(cast.mentor).post(f"/api/sessions/{booking}/start")

    for page in pages:
        [update] = told(page.poll())["updates"]
        assert (update["cause"], update["dueAt"], update["newStatus"]) == (
            "mentor",
            None,
            "ONGOING",
        )
        assert page.poll().status_code == 204


def test_a_new_booking_gives_new_lists_and_an_event_without_updates(page_of, session, cast):
    page = page_of(cast.student)
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="12:00")

    answer = page.poll()

    assert answer.status_code == 200
    assert told(answer) == {"started": 0, "completed": 0, "updates": []}


def test_more_changes_than_a_header_holds_are_told_in_several_polls_each_once(
    page_of, client_for, session, cast, clock
):
    bookings = [
        a_booking(
            session,
            mentor=a_user(session, f"M {n}", *cast.mentor.roles),
            student=cast.student,
            starts=f"10:{n:02}",
        )
        for n in range(12)
    ]
    page = page_of(cast.admin)
    clock.move_to("2026-11-24 10:30:00")

    heard = []
    while (answer := page.poll()).status_code == 200:
        assert len(answer.headers["HX-Trigger"]) <= HEADER_ROOM
        assert len(heard) < len(bookings)
        heard += [update["sessionId"] for update in told(answer)["updates"]]

    assert heard == bookings


def test_the_event_is_ascii_on_one_line_whatever_the_reason_says(
    page_of, client_for, session, cast
):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="14:00")
    page = page_of(cast.mentor)
    reason = "Gr\u00fc\u00dfe \u2028 \U0001f600 </script>"
    client_for(cast.student).post(f"/api/sessions/{booking}/cancel", json={"reason": reason})

    answer = page.poll()

    assert answer.headers["HX-Trigger"].isascii()
    assert told(answer)["updates"][0]["reason"] == reason


def test_a_reason_that_fills_a_header_is_told_in_part_and_shown_whole(
    page_of, client_for, session, cast
):
    others = a_booking(session, mentor=cast.mentor, student=cast.student, starts="15:00")
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="14:00")
    page = page_of(cast.mentor)
    reason = "\U0001f600" * 300
    for each in booking, others:
        client_for(cast.student).post(f"/api/sessions/{each}/cancel", json={"reason": reason})

    heard = []
    while (answer := page.poll()).status_code == 200:
        assert len(answer.headers["HX-Trigger"]) <= HEADER_ROOM
        assert answer.text.count(reason) == 2
        heard += told(answer)["updates"]

    assert [update["sessionId"] for update in heard] == [booking, others]
    assert all(update["reason"] == reason[:200] + "…" for update in heard)


def test_a_poll_without_what_it_has_seen_is_told_what_it_caused_itself(client_for, due, cast):
    client = client_for(cast.student)

    first = client.post(PATH, headers=HTMX)
    second = client.post(PATH, headers=HTMX)

    assert [update["sessionId"] for update in told(first)["updates"]] == [due[0]]
    assert second.status_code == 204


def test_a_poll_of_nobody_or_of_somebody_signed_out_elsewhere_leads_to_sign_in(
    client_for, page_of, session, cast
):
    page = page_of(cast.student)
    set_password(
        session, viewer=cast.student, password="another password", links=LINKS, now=at("09:50")
    )

    nobody = client_for(None).post(PATH, headers=HTMX, data=page.fields)
    for answer in (nobody, page.poll()):
        assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login")


@pytest.mark.parametrize(
    "seen",
    ["", "0", "a.b.c", "1.2.3.4", "-1.0.0", "9" * 40 + ".1.1", "\x00", "1.1.1\n", "\u0663.1.1"],
)
def test_a_place_that_no_page_was_given_is_refused_with_a_sentence(client_for, cast, clock, seen):
    answer = client_for(cast.student).post(PATH, headers=HTMX, data={"seen": seen})

    assert answer.status_code == 400
    assert "The field &#39;seen&#39; is invalid." in answer.text


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_form_that_is_too_large_is_refused_with_a_sentence(client_for, cast, clock):
    answer = client_for(cast.student).post(PATH, headers=HTMX, data={"seen": "1" * 70_000})

    assert answer.status_code == 413
    assert "This request is too large." in answer.text


@pytest.mark.parametrize("seen", ["999999999999999999.1.1", "2147483648.999999999999999999.0"])
def test_a_place_beyond_any_id_gets_the_lists_as_they_are(client_for, due, cast, seen):
    for viewer in (cast.student, cast.admin):
        answer = client_for(viewer).post(PATH, headers=HTMX, data={"seen": seen})
        assert answer.status_code == 200


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "1.5", "1e3", "\u0661", "9" * 10, "\x00"])
def test_a_page_number_that_is_none_is_refused_with_a_sentence(client_for, due, cast, page):
    client = client_for(cast.student)
    for answer in (
        client.get("/dashboard", query_string={"past": page}),
        client.post(PATH, headers=HTMX, data={"seen": "0.0.0", "past": page}),
    ):
        assert answer.status_code == 400
        assert "must be a page number, 1 or higher." in answer.text


def test_a_page_beyond_the_last_is_shown(client_for, due, cast):
    answer = client_for(cast.student).get("/dashboard?past=999999999&upcoming=2")

    assert answer.status_code == 200


def test_the_first_paint_is_never_stale(client_for, session, due, cast):
    page = client_for(cast.student).get("/dashboard")

    assert f'id="session-{due[0]}" data-status="ONGOING" data-delayed="true"' in page.text
    assert f"session-{due[1]}" not in page.text
