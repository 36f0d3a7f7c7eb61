"""One session from its booking to its completion, as mails and feeds tell both people of it.

It is booked, moved over the change of clocks in Berlin on 28 March 2027, started late and
completed; the mails go through the worker's own round to a real SMTP server.
"""

from datetime import UTC, datetime, timedelta

import icalendar
import pytest
import vobject
from sqlalchemy import update

from mentorship.adapters import ics
from mentorship.adapters.mail_transport import SmtpTransport
from mentorship.config import PROJECT
from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.domain.booking.cutoff import NO_CUTOFF
from mentorship.domain.sessions.lifecycle import NOTIFY_AFTER, Action
from mentorship.models import Cause, User
from mentorship.queries.calendars import entries
from mentorship.queries.shared.installation import identity_of
from mentorship.services.booking.book import BookingRequest, book_slot
from mentorship.services.calendars.entries import event_of
from mentorship.services.mail.compose import MailSettings
from mentorship.services.operations.worker import run_mail
from mentorship.services.sessions.actions import Cancellation, apply_action
from mentorship.services.sessions.move import move_session
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from tests.support.builders import a_profile, a_slot, a_user
from tests.support.sink import a_sink

BASE_URL = "https://mentors.example.org"
BEFORE = datetime(2027, 3, 26, 14, tzinfo=UTC)  # 15:00 in Berlin, 10:00 AM in New York.
AFTER = datetime(2027, 3, 29, 14, tzinfo=UTC)  # 16:00 in Berlin, 10:00 AM in New York.
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Story:
    """The people, and what each of them has been told so far."""

    def __init__(self, session, sink):
        self.session, self.sink = session, sink
        self.maya = a_user(session, "Maya Okafor", Role.MENTOR, timezone="Europe/Berlin")
        self.sam = a_user(session, "Sam O'Brien", Role.STUDENT, timezone="America/New_York")
        begin_write(session)
        session.execute(update(User).where(User.id == self.sam.id).values(hour_cycle="h12"))
        session.commit()
        a_profile(session, self.maya, horizon_days=60)

    def mails(self, now):
        """The mails that the worker sends at `now`, by the reader's first name."""
        self.sink.mails.clear()
        house = MailSettings(BASE_URL, "no-reply@example.org", "s" * 32, PROJECT / "templates")
        self.session.rollback()
        run_mail(
            lambda: self.session,
            SmtpTransport(self.sink.url),
            house,
            clock=lambda: now,
            wait=lambda pause: pause > timedelta(0),
        )
        return {mail["To"].split()[0]: mail for mail in self.sink.mails}

    def entry(self, viewer: Viewer, now):
        """The session in this person's feed, which both parsers read alike."""
        identity = identity_of(self.session)
        events = [
            event_of(row, viewer, identity=identity, base_url=BASE_URL)
            for row in entries(self.session, viewer, now=now)
        ]
        self.session.rollback()
        content = ics.feed("Mentorship", events)
        [entry] = icalendar.Calendar.from_ical(content).walk("VEVENT")
        other = vobject.readOne(content.decode()).vevent
        assert (str(entry["SUMMARY"]), entry.decoded("DTSTART"), entry["STATUS"]) == (
            other.summary.value,
            other.dtstart.value,
            other.status.value,
        )
        return entry


@pytest.fixture
def story(session):
    with a_sink() as sink:
        yield Story(session, sink)


def text_of(mail):
    words = " ".join(mail.get_body(("plain",)).get_content().split())
    return words.replace("\N{EN DASH}", "-").replace("\N{NO-BREAK SPACE}", " ")


def invitation_in(mail):
    """The event, how it came, and that the file beside it is the same."""
    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    [file] = mail.iter_attachments()
    assert file.get_filename() == "session.ics"
    calendar = icalendar.Calendar.from_ical(part.get_content())
    assert calendar == icalendar.Calendar.from_ical(file.get_content())
    assert part["Content-Type"].params["method"] == calendar["METHOD"]
    [entry] = calendar.walk("VEVENT")
    return calendar["METHOD"], entry


def test_mails_and_feeds_of_both_people_read_right_at_each_step(session, story):
    maya, sam = story.maya, story.sam
    first, second = (a_slot(session, maya, starts=starts) for starts in (BEFORE, AFTER))

    now = BEFORE - 3 * DAY
    booking = book_slot(
        session, viewer=sam, request=BookingRequest(first, "Databases", ""), now=now
    ).session_id
    told = story.mails(now)
    assert "Fri 26 Mar 2027, 15:00 - 16:00 (CET, Europe/Berlin)" in text_of(told["Maya"])
    assert "Fri 26 Mar 2027, 10:00 AM - 11:00 AM (EDT, America/New_York)" in text_of(told["Sam"])
    method, booked = invitation_in(told["Sam"])
    assert (method, booked.decoded("DTSTART"), booked.decoded("DTEND")) == (
        "REQUEST",
        BEFORE,
        BEFORE + HOUR,
    )
    assert booked["ATTENDEE"] == f"mailto:{sam.email}"
    assert story.entry(maya, now).decoded("DTSTART") == BEFORE

    now += HOUR
    move_session(
        session,
        booking_id=booking,
        slot_id=second,
        viewer=maya,
        reason="A trip",
        now=now,
        cutoff=NO_CUTOFF,
    )
    told = story.mails(now)
    assert "New time: Mon 29 Mar 2027, 16:00 - 17:00 (CEST, Europe/Berlin)" in text_of(told["Maya"])
    assert "New time: Mon 29 Mar 2027, 10:00 AM - 11:00 AM (EDT" in text_of(told["Sam"])
    method, moved = invitation_in(told["Sam"])
    assert (method, moved.decoded("DTSTART")) == ("REQUEST", AFTER)
    assert moved["UID"] == booked["UID"] == story.entry(sam, now)["UID"]
    assert moved["SEQUENCE"] > booked["SEQUENCE"]
    in_berlin, in_new_york = (story.entry(who, now)["DESCRIPTION"] for who in (maya, sam))
    assert "Moved from Fri 26 Mar 2027, 15:00 CET." in in_berlin
    assert "Moved from Fri 26 Mar 2027, 10:00" in in_new_york
    assert "With Maya Okafor." in in_new_york

    now = AFTER + timedelta(minutes=10)
    update_session_statuses(session, now=now, cause=Cause.WORKER, returning=no_updates)
    told = story.mails(now)
    assert "was to begin on Mon 29 Mar 2027, 16:00 (CEST, Europe/Berlin)" in text_of(told["Maya"])
    assert [
        part for part in told["Maya"].walk() if part.get_content_type() == "text/calendar"
    ] == []
    assert story.entry(sam, now)["SUMMARY"] == "Delayed: Databases"

    apply_action(session, booking_id=booking, action=Action.ARRIVE, viewer=maya, now=now)
    assert "began on Mon 29 Mar 2027, 10:10 AM" in text_of(story.mails(now + NOTIFY_AFTER)["Sam"])
    assert "It began late, on Mon 29 Mar 2027, 16:10 CEST." in story.entry(maya, now)["DESCRIPTION"]

    now += HOUR
    apply_action(session, booking_id=booking, action=Action.COMPLETE, viewer=sam, now=now)
    assert "completed on Mon 29 Mar 2027, 17:10 (CEST" in text_of(
        story.mails(now + NOTIFY_AFTER)["Maya"]
    )
    entry = story.entry(sam, now)
    assert entry["SUMMARY"] == "Completed: Databases"
    assert entry["SEQUENCE"] > moved["SEQUENCE"]
    assert (entry["STATUS"], entry.decoded("DTSTART")) == ("CONFIRMED", AFTER)


def test_a_cancelled_session_is_taken_out_and_a_late_mail_tells_what_is_true_by_then(
    session, story
):
    slot = a_slot(session, story.maya, starts=BEFORE)
    now = BEFORE - 3 * DAY
    booking = book_slot(
        session, viewer=story.sam, request=BookingRequest(slot, "SQL", ""), now=now
    ).session_id
    _method, booked = invitation_in(story.mails(now)["Maya"])

    now += HOUR
    apply_action(
        session,
        booking_id=booking,
        action=Action.CANCEL,
        viewer=story.maya,
        now=now,
        cancellation=Cancellation(reason="Not well"),
    )
    method, cancelled = invitation_in(story.mails(now)["Sam"])

    assert (method, cancelled["STATUS"], cancelled["UID"]) == ("CANCEL", "CANCELLED", booked["UID"])
    assert cancelled["SEQUENCE"] > booked["SEQUENCE"]
    entry = story.entry(story.sam, now)
    assert (entry["STATUS"], entry["SUMMARY"]) == ("CANCELLED", "Cancelled: SQL")
    assert "Not well" in entry["DESCRIPTION"]
