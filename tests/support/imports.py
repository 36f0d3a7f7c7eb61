"""CSV files of sessions to import, and the results of the import."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mentorship.domain.shared.errors import InvalidInput
from mentorship.models import MentorTimeSlot, SessionBooking
from mentorship.services.sessions.imports.import_csv import ImportedSessions, import_sessions
from tests.support.builders import at

NOW = at("12:00")
HEADER = "mentor_email,student_email,start,end,topic,status,is_delayed"
MAYA, OTTO = "maya.mentor@example.org", "otto.other@example.org"
SAM, STELLA = "sam.student@example.org", "stella.stranger@example.org"
TEN, ELEVEN = "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z"
GOOD = f"{MAYA},{SAM},{TEN},{ELEVEN},A topic,,"


def a_file(*lines: str, header: str = HEADER, end: str = "\n") -> bytes:
    """The bytes of a file with these lines below its header."""
    return (end.join((header, *lines)) + end).encode()


def row(**cells: str) -> str:
    """A line of a session from ten to eleven, but for these cells."""
    values = {
        "mentor_email": MAYA,
        "student_email": SAM,
        "start": TEN,
        "end": ELEVEN,
        "topic": "A topic",
        "status": "",
        "is_delayed": "",
    } | cells
    return ",".join(values.values())


def semicolons(*lines: str, header: str = HEADER) -> bytes:
    """The same file as a German spreadsheet saves it."""
    return a_file(*lines, header=header).replace(b",", b";")


LATER = row(start="2026-11-25T10:00Z", end="2026-11-25T11:00Z")


def counts(done: ImportedSessions) -> tuple[int, int]:
    """How many sessions were imported, and how many of them overlap."""
    return done.count, done.overlapping


def stored(session: Session) -> list[SessionBooking]:
    """All bookings, in the order of the file."""
    session.rollback()
    bookings = list(session.scalars(select(SessionBooking).order_by(SessionBooking.id)))
    session.expunge_all()
    session.rollback()
    return bookings


def refusal(session: Session, content: bytes) -> str:
    """The sentence with which a file is refused; nothing of it is stored."""
    with pytest.raises(InvalidInput) as refused:
        import_sessions(session, content, now=NOW)
    assert session.scalar(select(func.count()).select_from(SessionBooking)) == 0
    assert session.scalar(select(func.count()).select_from(MentorTimeSlot)) == 0
    session.rollback()
    message = str(refused.value)
    assert message.endswith(".")
    return message
