"""What becomes of a group's entry in its mentor's calendar when students move.

The entry stays the same while students come and go, and goes along when the whole meeting moves.
Programs take a change only with a higher sequence, so that never falls.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import RowMapping, func, select
from sqlalchemy.orm import Session

from mentorship.models import MentorTimeSlot, SessionBooking


def sequence_of(session: Session, slot: MentorTimeSlot) -> int:
    """The version of the entry that the meeting in this slot is."""
    revisions = select(func.coalesce(func.sum(SessionBooking.revision), 0)).where(
        SessionBooking.time_slot_id == slot.id
    )
    return slot.entry_sequence + (session.scalar(revisions) or 0)


def take_entry_along(
    old: MentorTimeSlot, new: MentorTimeSlot, *, sequences: tuple[int, int]
) -> bool:
    """Let the entry of a whole meeting move with it from `old` to `new`, which was empty.

    The two slots swap their entries, so that each stays the only one of its name. `sequences` are
    those of `old` and `new` before the move. False where the entry cannot come along, because only
    one of the two is for a group. Where each student of a group has an entry, that stays so.
    """
    if min(old.capacity, new.capacity) == 1:
        return False
    if old.is_one_entry:
        old.entry_id, new.entry_id = new.entry_id or new.id, old.entry_id or old.id
        new.entry_sequence, old.entry_sequence = sequences
    new.is_one_entry, old.is_one_entry = old.is_one_entry, True
    return True


def leave_entry(old: MentorTimeSlot, moved: Sequence[RowMapping], *, now: datetime) -> None:
    """Count the move of some students out of a slot as one change of its entry, at `now` (UTC)."""
    old.entry_sequence += sum(row["revision"] for row in moved) + 1
    old.entry_changed_at = now
