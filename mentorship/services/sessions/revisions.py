"""Counting changes, so that open pages are drawn anew."""

from collections.abc import Collection

from sqlalchemy import update
from sqlalchemy.orm import Session

from mentorship.database import insert_or
from mentorship.models import DisplayVersion, SessionBooking
from mentorship.models.installation import ADDITIONS


def count_additions(session: Session, booking_ids: Collection[int]) -> None:
    """Let open pages notice that something was added to these sessions. Does not commit.

    That is what no journal of theirs records: late notices, recordings, feedback and notes. Call
    it last, with the bookings locked: everybody who adds something writes the same row.
    """
    if not booking_ids:
        return
    session.execute(
        update(SessionBooking)
        .where(SessionBooking.id.in_(booking_ids))
        .values(revision=SessionBooking.revision + 1)
    )
    session.execute(
        insert_or(session, DisplayVersion)
        .values(id=ADDITIONS, number=1)
        .on_conflict_do_update(index_elements=["id"], set_={"number": DisplayVersion.number + 1})
    )
