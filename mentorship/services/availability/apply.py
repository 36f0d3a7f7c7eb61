"""Changing a mentor's calendar, or previewing a change.

A change never cancels booked sessions automatically. Sessions that no longer fit are listed and
stay, unless the mentor chooses to cancel them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import exists, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.availability.slot_plan import Calendar, KnownSlot, Plan, PlannedSlot
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.shared.errors import Conflict, InvalidInput
from mentorship.domain.shared.messages import N_, joined, ngettext
from mentorship.models import MentorTimeSlot, SessionBooking, User
from mentorship.queries.availability.mentor_calendar import read_calendar
from mentorship.services.availability.calendar_lock import decide_then_lock
from mentorship.services.availability.changes import Change
from mentorship.services.availability.publish import apply_plan, publish, withdraw_slots
from mentorship.services.availability.slot_limits import most_slots
from mentorship.services.booking.holds import release_holds
from mentorship.services.booking.mentor_profile import ensure_profile
from mentorship.services.sessions.actions import Cancellation, apply_action
from mentorship.services.shared.locks import lock_people

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class BookedSession:
    """A scheduled session whose slot no rule produces after the change; instants in UTC."""

    id: int
    slot_id: int
    student_id: int
    student: str
    topic: str
    start_time: datetime
    end_time: datetime


@dataclass(frozen=True)
class Effect:
    """The effect of a change on the slots; the mentor decides what happens to `sessions`."""

    before: Calendar
    after: Calendar
    plan: Plan
    sessions: tuple[BookedSession, ...]

    def slots_of(self, rule_id: int) -> list[KnownSlot | PlannedSlot]:
        """The slots that a rule produces after the change, in order of time."""
        staying = set(self.before.slots) - set(self.plan.withdraw) - set(self.plan.misfits)
        slots: list[KnownSlot | PlannedSlot] = [*staying, *self.plan.add]
        return sorted(
            (slot for slot in slots if slot.rule_id == rule_id), key=lambda slot: slot.start_time
        )


@dataclass(frozen=True)
class AppliedChange:
    """What a change did."""

    change: Change
    added: int
    withdrawn: int
    kept: int
    cancelled: int

    @property
    def id(self) -> int | None:
        """The id of the rule, the days off or the slot."""
        return self.change.id

    @property
    def message(self) -> str:
        """The message for the mentor."""
        parts = [
            ngettext("%(n)s slot added,", "%(n)s slots added,", self.added),
            ngettext("%(n)s slot taken back.", "%(n)s slots taken back.", self.withdrawn),
        ]
        if self.kept:
            parts.append(
                ngettext("%(n)s booked session kept.", "%(n)s booked sessions kept.", self.kept)
            )
        if self.cancelled:
            parts.append(
                ngettext("%(n)s session cancelled.", "%(n)s sessions cancelled.", self.cancelled)
            )
        return joined(N_("Saved:"), *parts)


def preview_change(session: Session, mentor_id: int, change: Change, *, now: datetime) -> Effect:
    """The effect of a change at `now` (UTC); writes nothing.

    Raises NotFound if the thing to change does not exist, and InvalidInput for hours that make too
    many slots.
    """
    before = read_calendar(session, mentor_id, now=now)
    after = change.on(before)
    most = most_slots(session, mentor_id)
    if after.size(now=now) > max(most, before.size(now=now)):
        raise InvalidInput(
            N_(
                "These hours would make more than %(most)s slots up to your horizon. "
                "Choose longer slots, fewer hours or a nearer horizon.",
                most=most,
            )
        )
    plan = after.plan(now=now)
    known = set(before.plan(now=now).misfits)
    return Effect(before, after, plan, booked_in(session, set(plan.misfits) - known))


def apply_change(
    session: Session,
    *,
    mentor: Viewer,
    change: Change,
    now: datetime,
    cancel: Collection[int] = (),
    reason: str = "",
) -> AppliedChange:
    """Make the change at `now` (UTC), publish, and cancel the sessions in `cancel`.

    Slots are withdrawn in the same commit as the change; new slots may follow in later ones.
    Sessions that no longer fit stay, and their slots are held for their students until they begin,
    so that nobody else books a time that is no longer offered. Those in `cancel` are cancelled with
    `reason`, each with its journal row. Raises InvalidInput for a session that the change does not
    affect and for a missing reason, and everything that `preview_change` raises; nothing is written
    then.
    """
    if cancel and not reason:
        raise InvalidInput(N_("Say why the sessions are cancelled: their students will read it."))

    def decide() -> tuple[Effect, tuple[BookedSession, ...]]:
        effect = preview_change(session, mentor.id, change, now=now)
        # Including those of an earlier change, which may have been stored without cancelling them.
        concerned = booked_in(session, effect.plan.misfits)
        strangers = set(cancel) - {booked.id for booked in concerned}
        strangers -= _cancelled(session, mentor.id, now=now)
        if strangers:
            raise InvalidInput(
                N_("This change does not concern session %(id)s.", id=min(strangers))
            )
        return effect, concerned

    effect, concerned = decide_then_lock(session, mentor.id, decide, now=now)
    ensure_profile(session, mentor.id)
    stored = change.store(session, mentor.id)
    plan = effect.plan
    if stored != change and stored.id:  # The slots of a new rule get the id that the rule has now.
        plan = plan.with_new_rule(stored.id)
    hold_for_their_students(session, effect.sessions, now=now)
    apply_plan(session, mentor.id, plan, now=now)
    cancelled = _cancel(session, mentor, concerned, cancel, reason, now=now)
    return AppliedChange(
        change=stored,
        added=len(plan.add),
        withdrawn=len(plan.withdraw),
        kept=len({booked.id for booked in effect.sessions} - cancelled),
        cancelled=len(cancelled),
    )


def booked_in(session: Session, slots: Collection[KnownSlot]) -> tuple[BookedSession, ...]:
    """The scheduled sessions in these slots, earliest first."""
    if not slots:
        return ()
    rows = session.execute(
        select(
            SessionBooking.id,
            SessionBooking.time_slot_id,
            SessionBooking.student_id,
            User.name,
            SessionBooking.topic,
            SessionBooking.start_time,
            SessionBooking.end_time,
        )
        .join(User, User.id == SessionBooking.student_id)
        .where(
            SessionBooking.time_slot_id.in_([slot.id for slot in slots]),
            SessionBooking.status == Status.SCHEDULED,
        )
        .order_by(SessionBooking.start_time, SessionBooking.id)
    )
    return tuple(BookedSession(*row) for row in rows)


def _cancelled(session: Session, mentor_id: int, *, now: datetime) -> set[int]:
    """Upcoming cancelled sessions, because a form may be sent again after a failure half-way."""
    of_mentor = SessionBooking.mentor_id == mentor_id, SessionBooking.status == Status.CANCELLED
    found = select(SessionBooking.id).where(*of_mentor, SessionBooking.start_time > now)
    return set(session.scalars(found))


def hold_for_their_students(
    session: Session, sessions: Collection[BookedSession], *, now: datetime
) -> None:
    """Hold these slots for the students who booked them until they begin; does not commit."""
    release_holds(session, [booked.slot_id for booked in sessions], now=now)
    for booked in sessions:
        session.execute(
            update(MentorTimeSlot)
            .where(MentorTimeSlot.id == booked.slot_id)
            .values(held_for=booked.student_id, held_until=booked.start_time)
        )


def _cancel(
    session: Session,
    mentor: Viewer,
    sessions: Collection[BookedSession],
    chosen: Collection[int],
    reason: str,
    *,
    now: datetime,
) -> set[int]:
    """Cancel the chosen sessions that have not moved since, and withdraw their slots."""
    cancelled: dict[int, int] = {}
    for booked in sessions:
        if booked.id not in chosen:
            continue
        try:
            apply_action(
                session,
                booking_id=booked.id,
                action=Action.CANCEL,
                viewer=mentor,
                now=now,
                cancellation=Cancellation(reason=reason, slot_id=booked.slot_id, is_for_one=True),
            )
            cancelled[booked.id] = booked.slot_id
        except Conflict:  # The session has begun, or was moved, in the meantime.
            continue
        except DBAPIError as error:  # The change is stored, so the answer says what stayed.
            session.rollback()
            log.warning("session_not_cancelled", booking_id=booked.id, error=str(error))
    if cancelled:
        begin_write(session)
        lock_people(session, [mentor.id])
        is_live = exists().where(
            SessionBooking.time_slot_id == MentorTimeSlot.id,
            SessionBooking.status != Status.CANCELLED,
        )
        empty = select(MentorTimeSlot.id).where(MentorTimeSlot.id.in_(cancelled.values()), ~is_live)
        withdraw_slots(session, session.scalars(empty).all(), now=now)
        session.commit()
        publish(session, mentor.id, now=now)
    return set(cancelled)
