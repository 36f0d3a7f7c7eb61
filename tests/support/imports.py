"""Files of sessions to import, and what comes of them."""

import pytest
from sqlalchemy import func, select

from mentorship.domain.shared.errors import InvalidInput
from mentorship.models import MentorTimeSlot, SessionBooking
from mentorship.services.sessions.import_csv import import_sessions
from tests.support.builders import at

NOW = at("12:00")
HEADER = "mentor_email,student_email,start,end,topic,status,is_delayed"
MAYA, OTTO = "maya.mentor@example.org", "otto.other@example.org"
SAM, STELLA = "sam.student@example.org", "stella.stranger@example.org"
TEN, ELEVEN = "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z"
GOOD = f"{MAYA},{SAM},{TEN},{ELEVEN},A topic,,"


def a_file(*lines, header=HEADER, end="\n"):
    return (end.join((header, *lines)) + end).encode()


def row(**cells):
    values = {
        "mentor_email": MAYA, "student_email": SAM, "start": TEN, "end": ELEVEN, "topic": "A topic",
        "status": "", "is_delayed": "",
    } | cells  # fmt: skip
    return ",".join(values.values())


def semicolons(*lines, header=HEADER):
    return a_file(*lines, header=header).replace(b",", b";")


LATER = row(start="2026-11-25T10:00Z", end="2026-11-25T11:00Z")


def counts(done):
    return done.count, done.overlapping


def stored(session):
    session.rollback()
    bookings = list(session.scalars(select(SessionBooking).order_by(SessionBooking.id)))
    session.expunge_all()
    session.rollback()
    return bookings


def refusal(session, content):
    with pytest.raises(InvalidInput) as refused:
        import_sessions(session, content, now=NOW)
    assert session.scalar(select(func.count()).select_from(SessionBooking)) == 0
    assert session.scalar(select(func.count()).select_from(MentorTimeSlot)) == 0
    session.rollback()
    message = str(refused.value)
    assert message.endswith(".")
    return message
