"""A person's sessions in other calendars: the private feed, its page, and one session as a file."""

import re
from datetime import timedelta

import icalendar
import pytest
import vobject
from sqlalchemy import select, update
from structlog.testing import capture_logs

from mentorship.database import begin_write
from mentorship.domain.sessions.lifecycle import Status
from mentorship.extensions import db
from mentorship.models import CalendarFeed, SessionBooking, User
from mentorship.queries import calendars
from mentorship.web.calendars.feed_cache import DrawnFeeds
from tests.support.builders import a_booking, at, the_booking
from tests.support.databases import counted_statements

ADDRESS = re.compile(r'value="http://[^/"]+(/calendar/[\w-]+\.ics)"')


@pytest.fixture
def student(client_for, cast, clock):
    """The student's browser; the time is 09:50."""
    return client_for(cast.student)


@pytest.fixture
def address(student):
    """The path of the student's feed."""
    return ADDRESS.search(student.post("/account/calendar").text)[1]


@pytest.fixture
def calendar(client_for, address):
    """`calendar()`: the entries of the feed by id of the session, as a program without cookies."""

    def read():
        answer = client_for(None).get(address)
        assert (answer.status_code, answer.mimetype) == (200, "text/calendar")
        entries = icalendar.Calendar.from_ical(answer.data).walk("VEVENT")
        others = vobject.readOne(answer.text).contents.get("vevent", [])
        assert [str(entry["UID"]) for entry in entries] == [other.uid.value for other in others]
        return {int(re.search(r"\d+", entry["UID"])[0]): entry for entry in entries}

    return read


def booked(session, cast, starts="18:00", **state):
    return a_booking(session, mentor=cast.mentor, student=cast.student, starts=starts, **state)


def test_the_feed_has_the_persons_own_sessions_as_they_stand(calendar, session, cast):
    coming = booked(session, cast, topic="Databases")
    cancelled = booked(session, cast, "20:00", status=Status.CANCELLED)
    over = booked(session, cast, "07:00", status=Status.COMPLETED)
    a_booking(session, mentor=cast.mentor, student=cast.stranger, starts="15:00")

    entries = calendar()

    assert list(entries) == [over, coming, cancelled]  # By their starts.
    assert str(entries[coming]["SUMMARY"]) == "Databases"
    assert entries[coming].decoded("DTSTART") == at("18:00")
    assert (entries[coming]["STATUS"], entries[cancelled]["STATUS"]) == ("CONFIRMED", "CANCELLED")
    assert str(entries[cancelled]["SUMMARY"]).startswith("Cancelled: ")
    assert str(entries[over]["SUMMARY"]).startswith("Completed: ")


def test_what_is_due_is_told_as_it_became_with_the_request(calendar, session, cast):
    late = booked(session, cast, "09:30")

    entry = calendar()[late]

    assert str(entry["SUMMARY"]).startswith("Delayed: ")
    assert "Nobody has started it yet." in entry["DESCRIPTION"]
    assert the_booking(session, late).status is Status.ONGOING


@pytest.mark.parametrize("suffix", ["", ".ics"])
def test_one_session_is_told_as_it_became_with_the_request(student, session, cast, suffix):
    late = booked(session, cast, "09:30")

    answer = student.get(f"/sessions/{late}{suffix}")

    assert "Nobody has started it yet." in answer.text
    assert the_booking(session, late).status is Status.ONGOING


def test_a_program_that_has_the_newest_hears_so_and_a_change_raises_the_sequence(
    calendar, client_for, address, session, cast
):
    booking = booked(session, cast)
    before = int(calendar()[booking]["SEQUENCE"])
    tag = client_for(None).get(address).headers["ETag"]

    again = client_for(None).get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    client_for(cast.mentor).post(f"/api/sessions/{booking}/start")
    answer = client_for(None).get(address, headers={"If-None-Match": tag})

    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert int(calendar()[booking]["SEQUENCE"]) > before


@pytest.fixture
def reads(app, client_for, address):
    """`reads(tag)`: the answer, and whether the sessions were read to be drawn."""

    def read(tag=None):
        headers = {"If-None-Match": tag} if tag else {}
        with app.app_context():
            engine = db.engine
        with counted_statements(engine) as statements:
            answer = client_for(None).get(address, headers=headers)
        return answer, any("moved_from" in statement for statement in statements)

    return read


def test_a_feed_is_drawn_only_when_it_has_changed(reads, session, cast):
    for hour in (12, 14, 16):
        booked(session, cast, f"{hour}:00")

    first, was_drawn = reads()
    assert was_drawn
    again, was_drawn = reads()
    assert (again.status_code, again.data, was_drawn) == (200, first.data, False)
    answer, was_drawn = reads(first.headers["ETag"])
    assert (answer.status_code, was_drawn) == (304, False)


@pytest.mark.parametrize("change", ["start", "alarm", "zone", "name", "time"])
def test_every_change_that_the_feed_shows_draws_it_anew(
    reads, client_for, session, cast, clock, change
):
    booking = booked(session, cast)
    booked(session, cast, at("12:00") - timedelta(days=59), status=Status.COMPLETED)
    before, _ = reads()
    if change == "start":
        client_for(cast.mentor).post(f"/api/sessions/{booking}/start")
    elif change == "alarm":
        client_for(cast.student).post("/account/calendar/alarm", data={"alarm": "one-hour"})
    elif change == "time":
        clock.tick(timedelta(days=2))
    else:
        who, values = {
            "zone": (cast.student, {"timezone": "Asia/Tokyo"}),
            "name": (cast.mentor, {"name": "Maya Married"}),
        }[change]
        session.rollback()
        begin_write(session)
        session.execute(update(User).where(User.id == who.id).values(values))
        session.commit()

    after, was_drawn = reads(before.headers["ETag"])

    assert (after.status_code, was_drawn) == (200, True)
    assert after.data != before.data


def test_another_process_gives_the_same_tag(app, reads, session, cast, monkeypatch):
    booked(session, cast)
    first, _ = reads()
    monkeypatch.setitem(app.extensions, "drawn_feeds", DrawnFeeds())

    again, was_drawn = reads(first.headers["ETag"])

    assert (again.status_code, was_drawn) == (304, True)


@pytest.mark.parametrize(
    ("cancelled_at", "starts", "is_shown"),
    [(-29, -29, True), (-31, 5, False), (-1, 5, True), (-29, -31, False), (-40, -31, False)],
)
def test_what_was_cancelled_is_shown_for_thirty_days(
    calendar, session, cast, cancelled_at, starts, is_shown
):
    booking = booked(session, cast, at("09:00", days=starts), status=Status.CANCELLED)
    begin_write(session)
    session.execute(
        update(SessionBooking)
        .where(SessionBooking.id == booking)
        .values(cancelled_at=at("12:00", days=cancelled_at))
    )
    session.commit()

    assert set(calendar()) == ({booking} if is_shown else set())


def test_sixty_days_back_are_enough(calendar, session, cast):
    kept = booked(session, cast, at("12:00") - timedelta(days=59), status=Status.COMPLETED)
    booked(session, cast, at("12:00") - timedelta(days=61), status=Status.COMPLETED)

    assert set(calendar()) == {kept}


def test_only_what_is_still_to_begin_reminds_and_as_its_owner_chose(
    student, calendar, session, cast
):
    coming, over = booked(session, cast), booked(session, cast, "07:00", status=Status.COMPLETED)
    for choice, lead in (("one-hour", timedelta(hours=1)), ("at-start", timedelta(0))):
        student.post("/account/calendar/alarm", data={"alarm": choice})
        [alarm] = calendar()[coming].walk("VALARM")
        assert alarm.decoded("TRIGGER") == -lead
    assert calendar()[over].walk("VALARM") == []
    student.post("/account/calendar/alarm", data={"alarm": "none"})
    assert calendar()[coming].walk("VALARM") == []


def test_a_choice_that_is_none_and_one_without_a_feed_are_refused_in_words(student, cast):
    assert "choose" in student.post("/account/calendar/alarm", data={"alarm": "soon"}).text
    answer = student.post("/account/calendar/alarm", data={"alarm": "none"})
    assert answer.status_code == 404
    assert "create one first" in answer.text


def test_only_a_hash_of_the_address_is_stored_and_the_page_shows_it_once(student, address, session):
    [stored] = session.scalars(select(CalendarFeed.token_hash)).all()

    assert address not in student.get("/account/calendar").text
    assert re.fullmatch("[0-9a-f]{64}", stored)
    assert stored not in address


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/account/calendar", {}),
        ("/account/calendar/end", {}),
        ("/account/sign-out-everywhere", {}),
    ],
)
def test_an_address_ends_when_it_is_renewed_or_ended_and_with_all_else(
    student, client_for, address, path, fields
):
    assert client_for(None).get(address).status_code == 200
    student.post(path, data=fields)

    ended = client_for(None).get(address)
    unknown = client_for(None).get("/calendar/nothing.ics")

    assert (ended.status_code, unknown.status_code) == (404, 404)
    assert ended.text == unknown.text


def test_an_error_behind_an_address_does_not_write_the_address_into_the_log(
    client_for, address, monkeypatch
):
    def break_down(*_args, **_options):
        raise RuntimeError("broken")

    monkeypatch.setattr("mentorship.web.calendars.feeds.entries", break_down)

    with capture_logs() as logged:
        assert client_for(None).get(address).status_code == 500

    assert logged[0]["route"] == "/calendar/<feed_token>.ics"
    assert address.split("/")[-1].removesuffix(".ics") not in str(logged)


def test_one_session_is_a_file_and_links_while_it_is_to_come(student, session, cast):
    booking = booked(session, cast, topic="C & C++")

    answer = student.get(f"/sessions/{booking}.ics")
    page = student.get(f"/sessions/{booking}").text

    assert f'filename="session-{booking}.ics"' in answer.headers["Content-Disposition"]
    [entry] = icalendar.Calendar.from_ical(answer.data).walk("VEVENT")
    assert str(entry["SUMMARY"]) == "C & C++"
    assert "https://calendar.google.com/calendar/render?action=TEMPLATE&amp;text=C+%26" in page
    assert "https://outlook.live.com/calendar/0/deeplink/compose?" in page
    over = booked(session, cast, "07:00", status=Status.COMPLETED)
    assert "calendar.google.com" not in student.get(f"/sessions/{over}").text


@pytest.fixture
def room_for_two(monkeypatch):
    monkeypatch.setattr(calendars, "MOST_ENTRIES", 2)


def test_a_feed_that_is_cut_says_so_in_itself_and_on_the_page(
    student, client_for, address, session, cast, room_for_two
):
    booked(session, cast, "12:00")
    latest = {booked(session, cast, "14:00"), booked(session, cast, "16:00")}

    read = icalendar.Calendar.from_ical(client_for(None).get(address).data)
    uids = {int(re.search(r"\d+", entry["UID"])[0]) for entry in read.walk("VEVENT")}
    assert uids == latest
    assert "1 older session is left out." in read["X-WR-CALDESC"]
    assert "1 older session is left out." in student.get("/account/calendar").text


def test_a_session_that_has_no_room_changes_what_the_feed_says(
    client_for, address, session, cast, room_for_two
):
    booked(session, cast, "14:00")
    booked(session, cast, "16:00")
    whole = client_for(None).get(address)
    booked(session, cast, "12:00")

    cut = client_for(None).get(address, headers={"If-None-Match": whole.headers["ETag"]})

    assert "left out" not in whole.text
    assert icalendar.Calendar.from_ical(cut.data)["X-WR-CALDESC"].endswith(
        "1 older session is left out."
    )


def test_a_feed_that_is_whole_says_nothing_of_room(
    student, client_for, address, session, cast, room_for_two
):
    booked(session, cast, "14:00")
    booked(session, cast, "16:00")

    assert b"X-WR-CALDESC" not in client_for(None).get(address).data
    assert "left out" not in student.get("/account/calendar").text
