"""Six people with a mark in every private field, and who may read each of the marks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from flask import Flask
from sqlalchemy import Executable, insert, select, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.domain.calendars import Alarm
from mentorship.domain.mail import TRUE_WHILE, MailKind
from mentorship.domain.sessions.lifecycle import Action, Party, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.models import (
    ApiToken,
    BookingMove,
    Cause,
    DayOff,
    IdempotencyKey,
    Import,
    ImportKind,
    LateNotice,
    MentorProfile,
    MentorTimeSlot,
    OutboxMessage,
    OutcomeChange,
    RecordingCall,
    SessionBooking,
    SessionFeedback,
    SessionRecording,
    StatusChange,
    SweepFailure,
    User,
    WaitingListEntry,
    WebhookCall,
    WebhookEndpoint,
)
from mentorship.models.columns import Model
from mentorship.services.calendars.feeds import create_feed
from tests.support.builders import (
    a_booking,
    a_call_given_up,
    a_mail_set_aside,
    a_profile,
    a_seat,
    a_slot,
    a_webhook,
    at,
    some_users,
)
from tests.support.hours import some_hours
from tests.support.private_marks import Marks


@dataclass
class Secrets:
    """Six people, everything that is theirs, and the values of the arguments of pages."""

    people: dict[str, Viewer]
    marks: Marks
    feeds: dict[str, str]
    values: dict[str, tuple[object, ...]]
    sessions: dict[int, frozenset[str]]
    """The participants of each session."""


ROLES = {
    "ann": (Role.STUDENT,),
    "ben": (Role.STUDENT,),
    "cleo": (Role.MENTOR,),
    "dora": (Role.MENTOR,),
    "eli": (Role.STUDENT, Role.MENTOR),
    "ada": (Role.ADMIN,),
}

PAIRS = (("cleo", "ann"), ("dora", "ben"), ("dora", "eli"), ("eli", "ann"))

STATES = (
    # status, delayed, starts at (it is noon)
    (Status.SCHEDULED, False, "12:10"),
    (Status.ONGOING, True, "11:30"),
    (Status.COMPLETED, True, "08:00"),
    (Status.CANCELLED, False, "16:00"),
)


def six_people(app: Flask, session: Session) -> Secrets:
    """Store them, sessions of each state for each pair, a group, and a mark in every field."""
    people = dict(
        zip(
            ROLES,
            some_users(session, [(name, *roles) for name, roles in ROLES.items()]),
            strict=True,
        )
    )
    marks = Marks()
    planted = _Planter(session, people, marks)
    planted.accounts()
    sessions = {}
    for mentor, student in PAIRS:
        for status, is_delayed, starts in STATES:
            booking = a_booking(
                session,
                mentor=people[mentor],
                student=people[student],
                starts=starts,
                status=status,
                is_delayed=is_delayed,
            )
            sessions[booking] = (mentor, student)
    group = a_slot(session, people["cleo"], starts="13:00", capacity=3)
    for student in ("ann", "ben"):
        sessions[a_seat(session, group, people[student])] = ("cleo", student)
    for booking, (mentor, student) in sessions.items():
        planted.session(booking, mentor, student)
    free = a_slot(session, people["cleo"], starts=at("10:00", days=3), capacity=2)
    endpoint = planted.machinery(next(iter(sessions)))
    waiting = WaitingListEntry(
        mentor_id=people["cleo"].id,
        student_id=people["ben"].id,
        created_at=at("09:00"),
        week=date(2026, 12, 14),
    )
    session.add(waiting)
    session.commit()
    hours = some_hours(session, people["cleo"], weeks_later=3)
    planted.days_off()
    feeds = {
        name: create_feed(session, viewer=viewer, alarm=Alarm.NONE, now=at("09:00"))
        for name, viewer in people.items()
    }
    return Secrets(
        people=people,
        marks=marks,
        feeds=feeds,
        values={
            "session_id": tuple(sessions),
            "slot_id": (free, group),
            "mentor_id": tuple(people[name].id for name in ("cleo", "dora", "eli")),
            "rule_id": (hours["rule_id"],),
            "endpoint_id": (endpoint,),
            "feed_token": tuple(feeds.values()),
        },
        sessions={booking: frozenset(pair) for booking, pair in sessions.items()},
    )


_OF_TRANSITIONS = {
    MailKind.STARTED,
    MailKind.DELAYED,
    MailKind.COMPLETED,
    MailKind.CANCELLED,
    MailKind.UNDONE,
    MailKind.CORRECTED,
}
_OF_MOVES = {MailKind.MOVED, MailKind.LEFT_GROUP}


class _Planter:
    """Writes marks into the rows of one table after the other."""

    def __init__(self, session: Session, people: dict[str, Viewer], marks: Marks) -> None:
        self._session, self._people, self._marks = session, people, marks

    def _mark(self, model: type[Model], column: str, *readers: str) -> str:
        return self._marks.plant(f"{model.__tablename__}.{column}", *readers)

    def _write(self, *statements: Executable) -> None:
        self._session.rollback()
        begin_write(self._session)
        for statement in statements:
            self._session.execute(statement)
        self._session.commit()

    def accounts(self) -> None:
        """Names of students, addresses, passwords, profiles, tokens and stored answers."""
        mentors_of = {name: {mentor for mentor, of in PAIRS if of == name} for name in ROLES}
        mentors_of["ann"].add("cleo")
        mentors_of["ben"].add("cleo")
        for name, viewer in self._people.items():
            columns = {
                "email": f"{self._mark(User, 'email', name, 'ada')}@example.org",
                "password_hash": self._mark(User, "password_hash"),
            }
            if ROLES[name] == (Role.STUDENT,):
                mark = self._mark(User, "name", name, "ada", *mentors_of[name])
                columns |= {"name": mark, "folded_name": mark}
            token = {
                "user_id": viewer.id,
                "name": self._mark(ApiToken, "name", name),
                "token_hash": self._mark(ApiToken, "token_hash"),
                "created_at": at("09:00"),
                "expires_at": at("09:00", days=30),
            }
            answer = {
                "user_id": viewer.id,
                "key": self._mark(IdempotencyKey, "key"),
                "body_hash": self._mark(IdempotencyKey, "body_hash"),
                "answer": self._mark(IdempotencyKey, "answer"),
                "status": 200,
                "created_at": at("11:00"),
            }
            self._write(
                update(User).where(User.id == viewer.id).values(**columns),
                insert(ApiToken).values(**token),
                insert(IdempotencyKey).values(**answer),
            )
            if Role.MENTOR in ROLES[name]:
                students = [student for mentor, student in PAIRS if mentor == name]
                room = self._mark(
                    MentorProfile,
                    "meeting_url",
                    name,
                    *students,
                    *(("ben",) if name == "cleo" else ()),
                )
                a_profile(self._session, viewer, meeting_url=f"https://meet.example.org/{room}")

    def days_off(self) -> None:
        """A note beside days off, which is the mentor's own."""
        for name in ("cleo", "dora", "eli"):
            days = {"first_day": date(2026, 12, 24), "last_day": date(2026, 12, 26)}
            note = self._mark(DayOff, "note", name)
            self._write(insert(DayOff).values(mentor_id=self._people[name].id, note=note, **days))

    def session(self, booking: int, mentor: str, student: str) -> None:
        """All that is said and written about one session, and the mail that tells of it."""
        row = self._session.get_one(SessionBooking, booking)
        both = (mentor, student, "ada")
        topic = self._mark(SessionBooking, "topic", *both)
        notes = self._mark(SessionBooking, "notes", *both)
        columns: dict[str, object] = {"topic": topic, "folded_topic": topic, "notes": notes}
        mentor_id, student_id = self._people[mentor].id, self._people[student].id
        statements: list[Executable] = []
        if row.status is Status.CANCELLED:
            columns["cancel_reason"] = self._mark(SessionBooking, "cancel_reason", *both)
        change = {
            "booking_id": booking,
            "old_status": Status.SCHEDULED,
            "new_status": row.status,
            "action": Action.CANCEL if row.status is Status.CANCELLED else Action.CORRECT,
            "is_delayed": row.is_delayed,
            "cause": Cause.ADMIN,
            "actor_id": self._people["ada"].id,
            "applied_at": at("11:00"),
            "due_at": row.start_time if row.status is Status.ONGOING else None,
            "reason": self._mark(StatusChange, "reason", *both),
        }
        move = {
            "booking_id": booking,
            "old_slot_id": row.time_slot_id,
            "new_slot_id": row.time_slot_id,
            "old_start": row.start_time - timedelta(days=1),
            "old_end": row.end_time - timedelta(days=1),
            "new_start": row.start_time,
            "new_end": row.end_time,
            "cause": Cause.STUDENT,
            "actor_id": student_id,
            "reason": self._mark(BookingMove, "reason", *both),
            "moved_at": row.start_time - timedelta(days=2),
        }
        statements += [insert(StatusChange).values(**change), insert(BookingMove).values(**move)]
        for side, actor in ((Party.MENTOR, mentor_id), (Party.STUDENT, student_id)):
            late = {
                "booking_id": booking,
                "side": side,
                "minutes": 5,
                "actor_id": actor,
                "said_at": at("11:55"),
                "note": self._mark(LateNotice, "note", *both),
            }
            said = {
                "booking_id": booking,
                "side": side,
                "actor_id": actor,
                "outcome": OutcomeWord[f"{side.name}_ABSENT"],
                "said_at": at("11:50"),
                "reason": self._mark(OutcomeChange, "reason", *both),
            }
            statements += [insert(LateNotice).values(**late), insert(OutcomeChange).values(**said)]
        if row.status is Status.COMPLETED:
            columns |= {
                "mentor_says": OutcomeWord.MENTOR_ABSENT,
                "mentor_said_at": at("11:50"),
                "student_says": OutcomeWord.STUDENT_ABSENT,
                "student_said_at": at("11:50"),
            }
            feedback = {
                "booking_id": booking,
                "rating": 3,
                "comment": self._mark(SessionFeedback, "comment", *both),
                "summary": self._mark(SessionFeedback, "summary", *both),
                "private_notes": self._mark(SessionFeedback, "private_notes", mentor),
            }
            film = self._mark(SessionRecording, "url", *both)
            recording = {
                "booking_id": booking,
                "added_at": at("11:00"),
                "url": f"https://video.example.org/{film}",
            }
            statements += [
                insert(SessionFeedback).values(**feedback),
                insert(SessionRecording).values(**recording),
            ]
        if row.status is Status.ONGOING:
            room = self._mark(MentorTimeSlot, "meeting_url", mentor, student)
            statements.append(
                update(MentorTimeSlot)
                .where(MentorTimeSlot.id == row.time_slot_id)
                .values(meeting_url=f"https://meet.example.org/{room}")
            )
        statements.append(
            update(SessionBooking).where(SessionBooking.id == booking).values(**columns)
        )
        self._write(*statements)
        self.mail(booking, row.status, (mentor_id, student_id))

    def mail(self, booking: int, status: Status, readers: Iterable[int]) -> None:
        """Every mail that may be sent about a session that stands so."""
        kinds = [kind for kind, statuses in TRUE_WHILE.items() if status in statuses]
        change = select(StatusChange.id).where(StatusChange.booking_id == booking)
        move = select(BookingMove.id).where(BookingMove.booking_id == booking)
        change_id, move_id = self._session.scalar(change), self._session.scalar(move)
        rows = [
            {
                "kind": kind,
                "booking_id": booking,
                "reader_id": reader,
                "created_at": at("11:59"),
                "next_try_at": at("11:59"),
                "change_id": change_id if kind in _OF_TRANSITIONS else None,
                "move_id": move_id if kind in _OF_MOVES else None,
                "key": self._mark(OutboxMessage, "key"),
                "claimed_by": self._mark(OutboxMessage, "claimed_by"),
                "error": self._mark(OutboxMessage, "error"),
            }
            for kind in kinds
            for reader in readers
        ]
        self._write(insert(OutboxMessage).values(rows))

    def machinery(self, booking: int) -> int:
        """What only admins see, or nobody: webhooks, failures, imports, mail that was set aside."""
        url = f"https://hooks.example.org/{self._mark(WebhookEndpoint, 'url', 'ada')}"
        endpoint = a_webhook(self._session, url)
        call = a_call_given_up(self._session, endpoint, booking)
        recipient = f"{self._mark(OutboxMessage, 'recipient', 'ada')}@example.org"
        aside = a_mail_set_aside(self._session, recipient=recipient)
        self._write(
            update(WebhookEndpoint).values(salt=self._mark(WebhookEndpoint, "salt")),
            update(WebhookCall)
            .where(WebhookCall.id == call)
            .values(
                error=self._mark(WebhookCall, "error", "ada"),
                problem="refused",
                claimed_by=self._mark(WebhookCall, "claimed_by"),
            ),
            update(OutboxMessage)
            .where(OutboxMessage.id == aside)
            .values(
                error=f"550 {self._mark(OutboxMessage, 'error', 'ada')}",
                facts=self._mark(OutboxMessage, "facts"),
            ),
            insert(SweepFailure).values(
                booking_id=booking,
                attempts=1,
                retry_at=at("13:00"),
                error=self._mark(SweepFailure, "error", "ada"),
            ),
            insert(Import).values(
                kind=ImportKind.SESSIONS,
                rows=1,
                imported_at=at("09:00"),
                file_name=self._mark(Import, "file_name", "ada"),
            ),
            insert(RecordingCall).values(
                signature=self._mark(RecordingCall, "signature"), received_at=at("11:00")
            ),
        )
        return endpoint
