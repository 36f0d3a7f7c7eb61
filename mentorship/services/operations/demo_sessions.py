"""The sessions of the demo. Their past is lived through, so that each has a true history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.sessions.lifecycle import Action
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.models import Cause, MentorTimeSlot, OutboxMessage
from mentorship.queries.accounts.people import account_of
from mentorship.queries.sessions.due import next_due
from mentorship.services.booking.book import BookingRequest, book_slot
from mentorship.services.sessions.actions import Cancellation, apply_action
from mentorship.services.sessions.followup import write_notes
from mentorship.services.sessions.outcomes import say_outcome
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from mentorship.services.sessions.undo import undo_action


@dataclass(frozen=True)
class _Press:
    """What somebody did, this many minutes after the start of the session."""

    minutes: float
    who: str
    what: Action | OutcomeWord
    words: str = ""


def _began(who: str) -> _Press:
    return _Press(-1, who, Action.START)


_DAYS = 24 * 60

_SESSIONS: tuple[tuple[str, str, int, int, str, tuple[_Press, ...]], ...] = (
    # mentor, students, starts (minutes from now), lasts, topic, what people did
    ("maya", "sam", 1, 30, "First steps with databases", ()),
    ("maya", "lin", 33, 45, "Reading other people's code", ()),
    ("maya", "noor", -29, 30, "Preparing a conference talk", (_began("maya"),)),
    ("maya", "tomas", -95, 60, "Choosing a thesis topic", ()),
    ("maya", "lin noor tomas", 120, 45, "Reading a paper together", ()),
    ("maya", "sam", 180, 45, "Code review: the parser", ()),
    ("maya", "lin", 26 * 60, 60, "Mock interview", ()),
    ("jonas", "sam", 7 * _DAYS, 30, "Looking back on the month", ()),
    (
        "maya",
        "sam",
        -3 * _DAYS,
        45,
        "Planning the term",
        (
            _began("maya"),
            _Press(20, "maya", Action.COMPLETE),
            _Press(20.4, "maya", Action.UNDO),
            _Press(70, "sam", OutcomeWord.TOOK_PLACE),
        ),
    ),
    (
        "maya",
        "noor tomas",
        -4 * _DAYS,
        60,
        "Questions about theses",
        (_began("maya"), _Press(75, "noor", OutcomeWord.TOOK_PLACE)),
    ),
    (
        "maya",
        "lin",
        -5 * _DAYS,
        30,
        "Writing a first résumé",
        (_Press(9, "maya", Action.ARRIVE), _Press(30, "lin", Action.COMPLETE)),
    ),
    (
        "maya",
        "noor",
        -6 * _DAYS,
        60,
        "Debugging with a plan",
        (
            _Press(65, "maya", OutcomeWord.TOOK_PLACE, "We met a little later."),
            _Press(90, "noor", OutcomeWord.MENTOR_ABSENT, "I waited for half an hour."),
        ),
    ),
    (
        "maya",
        "tomas",
        -8 * _DAYS,
        30,
        "Getting to know each other",
        (_Press(-300, "tomas", Action.CANCEL, "Down with the flu."),),
    ),
    ("jonas", "lin", -57, 60, "Statistics for surveys", (_began("jonas"),)),
    ("jonas", "tomas", 4, 30, "Negotiating an internship", ()),
    ("priya", "noor", 75, 45, "Reading a first paper", ()),
    ("maya", "priya", 29 * 60, 45, "Indexes that help", ()),
    (
        "jonas",
        "sam",
        -10 * _DAYS,
        30,
        "Choosing a first project",
        (
            _Press(32, "jonas", OutcomeWord.STUDENT_ABSENT),
            _Press(200, "sam", OutcomeWord.STUDENT_ABSENT, "I am sorry, I mixed up the days."),
        ),
    ),
)

_NOTES = {
    "First steps with databases": "I have never designed a table.\n\n"
    "- What is a **key**?\n- When is one table enough?",
}
_SUMMARIES = {
    "Planning the term": "We agreed on three steps:\n\n"
    "1. Finish the parser by **Friday**.\n2. Show it to Lin.\n3. Write down what was hard.",
}

_BOOKED_AHEAD = timedelta(days=2)
_LAST_BOOKED = timedelta(days=1)
"""Sessions were booked two days before their start, and the latest of them a day ago."""

_LAG = timedelta(seconds=0.4)
"""How long after the due time the worker of the demo's past applied a transition."""

_SILENCE = timedelta(hours=72)


@dataclass(frozen=True)
class _Planned:
    """A session of the demo with its slot; instants in UTC."""

    slot_id: int
    students: tuple[str, ...]
    start: datetime
    topic: str
    presses: tuple[_Press, ...]


def live_through_sessions(session: Session, id_of: Mapping[str, int], *, now: datetime) -> int:
    """Do in order of time what people and the clock did to each session until `now` (UTC).

    Commits after each step, as the services do that it calls. The mail that it would have caused is
    removed: it was never sent. Returns the number of sessions.
    """
    viewers = {name: _viewer(session, name) for name in id_of}
    session.rollback()
    planned = _add_slots(session, id_of, now=now)
    booked: dict[tuple[int, str], int] = {}
    steps = [(_booked_at(each, now), each, None) for each in planned] + [
        (each.start + timedelta(minutes=press.minutes), each, press)
        for each in planned
        for press in each.presses
    ]
    for at, each, press in sorted(steps, key=lambda step: step[0]):
        _sweep_until(session, at)
        if press is None:
            _book(session, each, viewers, booked, now=at)
        else:
            _do(session, each, press, viewers, booked, now=at)
    _sweep_until(session, now)
    for each in planned:
        if each.topic in _SUMMARIES:
            mentor = viewers[each.presses[0].who]
            booking_id = booked[each.slot_id, each.students[0]]
            _summarize(session, booking_id, mentor, _SUMMARIES[each.topic])
    session.execute(delete(OutboxMessage))
    session.commit()
    return len(booked)


def _viewer(session: Session, name: str) -> Viewer:
    account = account_of(session, f"{name}@example.org")
    assert account is not None, "the demo has this person"
    return account.viewer


def _add_slots(session: Session, id_of: Mapping[str, int], *, now: datetime) -> list[_Planned]:
    begin_write(session)
    planned = []
    minute = now.replace(second=0, microsecond=0)
    for mentor, names, starts, lasts, topic, presses in _SESSIONS:
        students = tuple(names.split())
        start = minute + timedelta(minutes=starts)
        slot = MentorTimeSlot(
            mentor_id=id_of[mentor],
            start_time=start,
            end_time=start + timedelta(minutes=lasts),
            capacity=4 if len(students) > 1 else 1,
        )
        session.add(slot)
        session.flush()
        planned.append(_Planned(slot.id, students, start, topic, presses))
    session.commit()
    return planned


def _booked_at(planned: _Planned, now: datetime) -> datetime:
    return min(planned.start - _BOOKED_AHEAD, now - _LAST_BOOKED)


def _book(
    session: Session,
    planned: _Planned,
    viewers: Mapping[str, Viewer],
    booked: dict[tuple[int, str], int],
    *,
    now: datetime,
) -> None:
    request = BookingRequest(planned.slot_id, planned.topic, _NOTES.get(planned.topic, ""))
    for student in planned.students:
        answer = book_slot(session, viewer=viewers[student], request=request, now=now)
        booked[planned.slot_id, student] = answer.session_id


def _do(
    session: Session,
    planned: _Planned,
    press: _Press,
    viewers: Mapping[str, Viewer],
    booked: Mapping[tuple[int, str], int],
    *,
    now: datetime,
) -> None:
    student = press.who if press.who in planned.students else planned.students[0]
    booking_id, viewer = booked[planned.slot_id, student], viewers[press.who]
    match press.what:
        case OutcomeWord() as word:
            say_outcome(
                session,
                booking_id=booking_id,
                viewer=viewer,
                word=word,
                reason=press.words or None,
                now=now,
                silence=_SILENCE,
            )
        case Action.UNDO:
            undo_action(session, booking_id=booking_id, viewer=viewer, now=now)
        case Action() as action:
            apply_action(
                session,
                booking_id=booking_id,
                action=action,
                viewer=viewer,
                now=now,
                cancellation=Cancellation(press.words or None),
            )


def _sweep_until(session: Session, until: datetime) -> None:
    """Apply what the clock made due by `until` (UTC), each at its time, as a worker does."""
    while True:
        due = next_due(session, now=until)
        session.rollback()
        if due is None or due + _LAG > until:
            return
        update_session_statuses(session, now=due + _LAG, cause=Cause.WORKER, returning=no_updates)


def _summarize(session: Session, booking_id: int, mentor: Viewer, summary: str) -> None:
    write_notes(session, booking_id=booking_id, viewer=mentor, summary=summary, private_notes="")
