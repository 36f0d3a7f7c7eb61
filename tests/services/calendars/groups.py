"""Groups, what people do with them, and the calendar programs that read of it."""

import icalendar
from sqlalchemy import select, update

from mentorship.adapters import ics
from mentorship.domain.booking.cutoff import NO_CUTOFF
from mentorship.domain.calendars import GroupNames
from mentorship.domain.sessions.lifecycle import Action
from mentorship.models import MailOutcome, OutboxMessage
from mentorship.queries.calendars import entries
from mentorship.queries.mail.queued import queued_mail
from mentorship.queries.shared.installation import identity_of
from mentorship.services.booking.book import BookingRequest, book_slot
from mentorship.services.calendars.entries import event_of, invitation_of
from mentorship.services.mail.compose import reason_to_drop
from mentorship.services.sessions.actions import Cancellation, apply_action
from mentorship.services.sessions.move import move_session
from tests.support.builders import at

BASE_URL = "https://mentors.example.org"


class Programs:
    """What the calendar programs of all readers hold of the invitations in their mail."""

    def __init__(self, session):
        self.session = session
        self.held = {}
        self.mails = []

    def read(self, now, names=GroupNames.MENTOR):
        """Read the mail that has come since the last time: by reader, how many there were."""
        session = self.session
        session.rollback()
        waiting = select(OutboxMessage.id).where(OutboxMessage.outcome.is_(None))
        queued = queued_mail(session, session.scalars(waiting).all())
        identity = identity_of(session)
        self.mails = []
        for mail in queued:
            if reason_to_drop(mail, now=now) is not None:
                continue
            self.mails.append((mail.reader.name, mail.kind))
            invitation = invitation_of(
                mail, mail.session, identity=identity, base_url=BASE_URL,
                organizer="no-reply@example.org", names=names,
            )  # fmt: skip
            self._take(mail.reader.name, icalendar.Calendar.from_ical(invitation.calendar))
        session.execute(update(OutboxMessage).where(OutboxMessage.outcome.is_(None))
                        .values(outcome=MailOutcome.SENT, ended_at=now))  # fmt: skip
        session.commit()
        return self.mails

    def _take(self, reader, calendar):
        """As RFC 5546 says: of two versions of an entry the higher one counts."""
        [event] = calendar.walk("VEVENT")
        held = self.held.setdefault(reader, {})
        uid, sequence = str(event["UID"]), int(event["SEQUENCE"])
        assert uid not in held or sequence >= held[uid][0], "no change is a lower version"
        held[uid] = (sequence, None if calendar["METHOD"] == "CANCEL" else event)

    def entries(self, reader):
        """What a person sees: by UID, start and description of what is not cancelled."""
        return {
            uid: (event.decoded("DTSTART"), str(event["DESCRIPTION"]))
            for uid, (_sequence, event) in self.held.get(reader, {}).items()
            if event is not None
        }


def book(session, student, slot, now="06:00"):
    session.rollback()
    request = BookingRequest(slot, "Proofs", "")
    return book_slot(session, viewer=student, request=request, now=at(now)).session_id


def cancel(session, booking, viewer, now="07:00", **details):
    session.rollback()
    apply_action(session, booking_id=booking, action=Action.CANCEL, viewer=viewer, now=at(now),
                 cancellation=Cancellation(**details))  # fmt: skip


def move(session, booking, slot, viewer, now="07:00", **details):
    session.rollback()
    return move_session(session, booking_id=booking, slot_id=slot, viewer=viewer, reason=None,
                        now=at(now), cutoff=NO_CUTOFF, **details)  # fmt: skip


def feed(session, viewer, now="06:30", names=GroupNames.MENTOR):
    """The entries of a feed as a program reads them."""
    session.rollback()
    identity = identity_of(session)
    content = ics.feed("Mentorship", [
        event_of(each, viewer, identity=identity, base_url=BASE_URL, names=names)
        for each in entries(session, viewer, now=at(now))
    ])  # fmt: skip
    session.rollback()
    return icalendar.Calendar.from_ical(content).walk("VEVENT")


def kinds(mails, reader):
    return [kind for name, kind in mails if name == reader]


def entries_of(programs, who):
    return sorted(programs.entries(who.name).values())
