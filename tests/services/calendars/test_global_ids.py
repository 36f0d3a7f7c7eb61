"""Ids for other systems are unique and permanent, whatever the address of the site is."""

from datetime import timedelta

import icalendar
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from mentorship.config import PROJECT
from mentorship.database import begin_write
from mentorship.domain.shared.global_ids import Identity
from mentorship.models import Installation, OutboxMessage
from mentorship.queries.calendars import entries
from mentorship.queries.mail.queued import queued_mail
from mentorship.queries.shared.installation import identity_of
from mentorship.services.booking.book import BookingRequest, book_slot
from mentorship.services.calendars.entries import event_of
from mentorship.services.mail.compose import MailSettings, compose_mail
from tests.support.builders import a_profile, a_slot, at

NOW = at("08:00")


@pytest.fixture
def told(session, cast):
    """`told(base_url)`: the UIDs of feed and invitation and the Message-ID of one booking."""
    a_profile(session, cast.mentor)
    slot = a_slot(session, cast.mentor, starts="14:00")
    session.rollback()
    book_slot(session, viewer=cast.student, request=BookingRequest(slot, "x", ""), now=NOW)

    def names(base_url):
        session.rollback()
        identity = identity_of(session)
        [row] = entries(session, cast.student, now=NOW)
        event = event_of(row, cast.student, identity=identity, base_url=base_url)
        first = session.scalars(select(OutboxMessage.id).order_by(OutboxMessage.id)).first()
        [mail] = queued_mail(session, [first])
        house = MailSettings(base_url, "a@example.org", "s" * 32, PROJECT / "templates")
        letter = compose_mail(mail, house, identity)
        [file] = [part for part in letter.walk() if part.get_filename()]
        [invited] = icalendar.Calendar.from_ical(file.get_payload(decode=True)).walk("VEVENT")
        return event.uid, str(invited["UID"]), letter["Message-ID"]

    return names


def test_a_new_address_of_the_site_changes_no_name(session, told):
    before = told("https://mentors.example.org")

    assert told("http://127.0.0.1:8321") == before
    assert before[0] == before[1]
    assert identity_of(session).uuid in before[0]
    assert identity_of(session).uuid in before[2]


def test_another_database_on_the_same_host_has_other_names(session, told):
    before = told("https://mentors.example.org")
    session.rollback()
    begin_write(session)
    other = "11111111-2222-4333-8444-555555555555"
    session.execute(update(Installation).values(identity=other))
    session.commit()

    assert not set(before) & set(told("https://mentors.example.org"))


def test_there_is_one_installation_in_a_database(session):
    begin_write(session)
    row = "VALUES (2, 'x', '', 0, 0, 0, 0)"
    with pytest.raises(IntegrityError):
        session.execute(text(f"INSERT INTO installation {row}"))
    session.rollback()


def test_what_was_told_before_keeps_its_name():
    old = Identity("uuid", "old.example.org", 7, 8, 9)

    assert [old.calendar_uid(each) for each in (7, 8)] == [
        "session-7@old.example.org",
        "session-8@uuid",
    ]
    assert [old.webhook_id(each) for each in (9, 10)] == ["call_9", "call_uuid_10"]
    assert [old.message_id(each, NOW + timedelta(seconds=1)) for each in (8, 9)] == [
        "<8.20261124080001000000@old.example.org>",
        "<9@uuid.mentorship.invalid>",
    ]
