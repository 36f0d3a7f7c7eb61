"""A session as somebody sees it in a list or on its page, with the actions that they may take."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import aliased

from mentorship.database import constant
from mentorship.domain.booking.cutoff import Cutoff
from mentorship.domain.sessions.lateness import Lateness, LateNote
from mentorship.domain.sessions.lifecycle import (
    EARLY,
    MANUAL_ACTIONS,
    OPEN,
    RULE_OF,
    Action,
    Party,
    Rule,
    State,
    Status,
    permitted,
)
from mentorship.domain.sessions.meeting_links import room_opens
from mentorship.domain.sessions.outcomes import Statements
from mentorship.domain.sessions.undo import Press
from mentorship.models import MentorProfile, MentorTimeSlot, SessionBooking, User
from mentorship.queries.sessions.groups import GroupSeat, common_topic
from mentorship.queries.sessions.outcomes import statements_of


class Card(NamedTuple):
    """One session as this `party` to it sees it.

    Instants in UTC; `actions` are allowed at `now`. The viewer may cancel before `fixed_from`. The
    viewer may join the meeting from `room_opens` on; None if there is none to join. `press` is the
    viewer's last action if it can be undone; while the card `stays`, it keeps its place from before
    that. `lateness` is set until the session begins. `seats` are the students of a group; empty for
    all other sessions and for students. `said` is what was said about the outcome.
    """

    id: int
    party: Party
    topic: str
    student: str
    mentor: str
    status: Status
    is_delayed: bool
    start_time: datetime
    end_time: datetime
    started_at: datetime | None
    cancel_reason: str | None
    actions: tuple[Action, ...]
    is_early: bool
    is_over: bool
    fixed_from: datetime
    room_opens: datetime | None
    press: Press | None = None
    stays: bool = False
    lateness: Lateness | None = None
    seats: tuple[GroupSeat, ...] = ()
    said: Statements = Statements()

    @property
    def early_until(self) -> datetime:
        """From when (UTC) on a start is not early, so that the page no longer asks about it."""
        return self.start_time - EARLY

    @property
    def late_notes(self) -> tuple[tuple[Party, str, LateNote], ...]:
        """Who said that they will be late: the side, the name and the note of each."""
        if self.lateness is None:
            return ()
        said = (
            (Party.MENTOR, self.mentor, self.lateness.mentor),
            (Party.STUDENT, self.student, self.lateness.student),
            *((Party.STUDENT, name, note) for name, note in self.lateness.others),
        )
        return tuple((side, name, note) for side, name, note in said if note is not None)


_Student, _Mentor = aliased(User), aliased(User)

CARDS: Select[*tuple[Any, ...]] = (
    select(
        SessionBooking.id,
        SessionBooking.topic,
        _Student.name.label("student"),
        _Mentor.name.label("mentor"),
        SessionBooking.student_id,
        SessionBooking.mentor_id,
        SessionBooking.status,
        SessionBooking.is_delayed,
        SessionBooking.start_time,
        SessionBooking.end_time,
        SessionBooking.started_at,
        SessionBooking.cancel_reason,
        SessionBooking.cancelled_at,
        SessionBooking.time_slot_id,
        SessionBooking.slot_capacity,
        SessionBooking.mentor_says,
        SessionBooking.mentor_said_at,
        SessionBooking.student_says,
        SessionBooking.student_said_at,
        SessionBooking.decided_outcome,
        SessionBooking.decided_at,
        or_(
            MentorTimeSlot.meeting_url != constant(""), MentorProfile.meeting_url != constant("")
        ).label("has_room"),
    )
    .join(_Student, _Student.id == SessionBooking.student_id)
    .join(_Mentor, _Mentor.id == SessionBooking.mentor_id)
    .join(MentorTimeSlot, MentorTimeSlot.id == SessionBooking.time_slot_id)
    .outerjoin(MentorProfile, MentorProfile.mentor_id == SessionBooking.mentor_id)
)
"""The columns that `card` needs."""


def card(
    row: Any,
    party: Party,
    *,
    now: datetime,
    cutoff: Cutoff,
    press: Press | None = None,
    seats: tuple[GroupSeat, ...] = (),
) -> Card:
    """A row of `CARDS` as this party sees it at `now` (UTC).

    `press` is the viewer's last action, `seats` are those of the group.
    """
    return Card(
        id=row.id,
        party=party,
        topic=common_topic(row.topic, seats),
        student=row.student,
        mentor=row.mentor,
        status=row.status,
        is_delayed=row.is_delayed,
        start_time=row.start_time,
        end_time=row.end_time,
        started_at=row.started_at,
        cancel_reason=row.cancel_reason,
        actions=_actions(row, party, now=now, cutoff=cutoff),
        fixed_from=cutoff.until(row.start_time) if party is Party.STUDENT else row.start_time,
        is_early=row.start_time - now > EARLY,
        is_over=row.end_time <= now,
        room_opens=room_opens(row.start_time, row.started_at)
        if row.has_room and row.status in OPEN and party is not Party.ADMIN
        else None,
        press=press,
        stays=press is not None and now < press.stays_until,
        seats=seats,
        said=statements_of(row),
    )


_RULES_FROM: Mapping[Status, Mapping[Party, tuple[Rule, ...]]] = {
    status: {
        party: tuple(
            rule
            for rule in map(RULE_OF.__getitem__, MANUAL_ACTIONS)
            if rule.source is status and permitted(rule.action, party)
        )
        for party in Party
    }
    for status in Status
}
"""The actions that each party may take in each status."""


def _actions(row: Any, party: Party, *, now: datetime, cutoff: Cutoff) -> tuple[Action, ...]:
    """The actions that `party` may take at `now` (UTC)."""
    rules = _RULES_FROM[row.status][party]
    if not rules:  # True for all sessions that are over, which are most of a list.
        return ()
    state = State(row.status, row.is_delayed, row.started_at, row.start_time, row.end_time)
    is_too_late = cutoff.refuses(party, state.start_time, now)
    return tuple(
        rule.action
        for rule in rules
        if rule.matches(state, now) and not (rule.action is Action.CANCEL and is_too_late)
    )
