"""Late notices, which tell the other side that somebody will be late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, delete, select
from sqlalchemy.orm import Session

from mentorship.database import begin_write, insert_or
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lateness import LateNote, may_be_late
from mentorship.domain.sessions.lifecycle import OPEN, Action, Party, Status
from mentorship.domain.shared.errors import Conflict, Forbidden, ProductError
from mentorship.domain.shared.messages import N_
from mentorship.models import LateNotice
from mentorship.services.mail.outbox import enqueue_booking_mail
from mentorship.services.mail.unsent import drop_unsent
from mentorship.services.sessions.actions import booking_of, lock_bookings, state_of
from mentorship.services.sessions.revisions import count_additions


@dataclass(frozen=True)
class LateResult:
    """The viewer's late notice; `changed` is whether this request changed it."""

    session_id: int
    status: Status
    is_delayed: bool
    minutes: int
    note: str
    changed: bool
    message: str


def say_late(
    session: Session,
    *,
    booking_id: int,
    viewer: Viewer,
    minutes: int,
    note: str,
    now: datetime,
) -> LateResult:
    """Store that the viewer will be about `minutes` late (0 takes it back), and commit.

    The other side sees it at once and gets a mail. A mentor says it to the whole group. It changes
    no rule: the session becomes delayed at its start time all the same. `now` is in UTC.

    Raises NotFound for a stranger, Forbidden for an admin who takes no part, and Conflict more than
    two hours before the start and once the session is under way or over.
    """
    begin_write(session)
    try:
        bookings = lock_bookings(session, booking_id, Action.START)
        booking, side = booking_of(viewer, booking_id, bookings)
        if side is Party.ADMIN:
            raise Forbidden(N_("Only the people of this session can say that they will be late."))
        if not may_be_late(state_of(booking), now):
            raise _refusal(booking, now)
        wanted = LateNote(minutes, note) if minutes else None
        rows = _rows_of(bookings, booking, side, now=now)
        changed = [row for row in rows if _stored(session, row["id"], side) != wanted]
        for row in changed:
            _store(session, row, side, viewer, wanted, now=now)
        count_additions(session, [row["id"] for row in changed])
    except ProductError:
        session.rollback()
        raise
    session.commit()
    return LateResult(
        session_id=booking_id,
        status=booking["status"],
        is_delayed=booking["is_delayed"],
        minutes=minutes,
        note=note if minutes else "",
        changed=bool(changed),
        message=_TOLD if minutes else _TAKEN_BACK,
    )


_TOLD = N_("The other side knows that you will be late.")
_TAKEN_BACK = N_("The other side knows that you will be on time.")


def _refusal(booking: RowMapping, now: datetime) -> Conflict:
    message = N_("You can say that you will be late until the session is under way.")
    if booking["status"] is Status.SCHEDULED and now < booking["start_time"]:
        message = N_("You can say that you will be late from two hours before the start.")
    return Conflict(message, status=booking["status"], is_delayed=booking["is_delayed"])


def _rows_of(
    bookings: Sequence[RowMapping], booking: RowMapping, side: Party, *, now: datetime
) -> list[RowMapping]:
    """The bookings about which it is said: for a mentor those of the whole group."""
    if side is Party.STUDENT:
        return [booking]
    return [row for row in bookings if row["status"] in OPEN and may_be_late(state_of(row), now)]


def _stored(session: Session, booking_id: int, side: Party) -> LateNote | None:
    found = session.execute(
        select(LateNotice.minutes, LateNotice.note).where(
            LateNotice.booking_id == booking_id, LateNotice.side == side
        )
    ).one_or_none()
    return LateNote(found.minutes, found.note) if found else None


def _store(
    session: Session,
    row: RowMapping,
    side: Party,
    viewer: Viewer,
    wanted: LateNote | None,
    *,
    now: datetime,
) -> None:
    """Store or remove the notice, and tell the other side."""
    booking_id = row["id"]
    if wanted is None:
        session.execute(
            delete(LateNotice).where(LateNotice.booking_id == booking_id, LateNotice.side == side)
        )
    else:
        values = {
            "minutes": wanted.minutes,
            "note": wanted.note,
            "actor_id": viewer.id,
            "said_at": now,
        }
        session.execute(
            insert_or(session, LateNotice)
            .values(booking_id=booking_id, side=side, **values)
            .on_conflict_do_update(index_elements=["booking_id", "side"], set_=values)
        )
    listener = row["student_id"] if side is Party.MENTOR else row["mentor_id"]
    was_unaware = drop_unsent(session, booking_id, MailKind.LATE, readers=[listener], now=now)
    if wanted is not None or not was_unaware:
        enqueue_booking_mail(
            session, MailKind.LATE, booking_id=booking_id, leave_out=[viewer.id], now=now
        )
