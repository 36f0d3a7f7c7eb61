"""An import that was wrong is taken back: exactly what it brought, or nothing at all."""

import pytest
from sqlalchemy import func, insert, select

from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.shared.errors import InvalidInput
from mentorship.extensions import Base
from mentorship.models import (
    BookingMove,
    Cause,
    Import,
    ImportKind,
    MailChoice,
    MentorTimeSlot,
    OutboxMessage,
    SessionBooking,
    SessionFeedback,
    SignIn,
    StatusChange,
    User,
    WebhookCall,
)
from mentorship.queries.sessions.poll_state import poll_state
from mentorship.services.accounts.import_csv import import_users
from mentorship.services.operations.remove_import import list_imports, remove_import
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.imports.import_csv import import_sessions
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from tests.support.builders import a_booking, a_profile, a_seat, a_slot, a_webhook
from tests.support.dumps import dump
from tests.support.hours import some_hours
from tests.support.imports import GOOD, LATER, NOW, OTTO, STELLA, a_file, row

PERSON = b"email,name,role\nlin@example.org,Lin,mentor\n"
PAST = row(start="2026-11-24T08:00Z", end="2026-11-24T09:00Z", student_email=STELLA)


def an_import(session, *lines):
    return import_sessions(session, a_file(*lines), now=NOW, file_name="sessions.csv").import_id


def removed(session, import_id, *, now=NOW, is_forced=False, **options):
    session.rollback()
    return remove_import(session, import_id, now=now, is_forced=is_forced, **options)


def contents(session):
    """Every row of every table but of those that remember."""
    session.rollback()
    tables = [it for name, it in Base.metadata.tables.items() if name not in REMEMBERED]
    found = {it.name: set(map(tuple, session.execute(select(it)))) for it in tables}
    session.rollback()
    return found


def count(session, model):
    session.rollback()
    return session.scalar(select(func.count()).select_from(model))


REMEMBERED = ("imports", "display_versions")
"""What an import that was removed leaves: its entry, and that pages were drawn anew."""


def test_the_ids_of_what_was_removed_are_not_given_again(session, cast):
    def named_for_others():
        """The highest ids that calendars, mail programs, other systems and links were given."""
        models = (SessionBooking, OutboxMessage, WebhookCall, StatusChange, MentorTimeSlot, User)
        return [session.scalar(select(func.max(model.id))) for model in models]

    def everything_imported():
        imports = [
            an_import(session, GOOD, PAST),
            import_users(session, PERSON, now=NOW).import_id,
        ]
        update_session_statuses(session, now=NOW, cause=Cause.WORKER, returning=no_updates)
        return imports

    a_webhook(session, "https://example.org")
    imports = everything_imported()
    first = named_for_others()
    for number in imports:
        removed(session, number)
    everything_imported()

    assert all(new > old for old, new in zip(first, named_for_others(), strict=True))


def test_what_a_file_brought_goes_with_all_that_the_clock_made_of_it(session, cast):
    a_webhook(session, "https://example.org")
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="15:00")
    an_import(session, LATER)
    before = contents(session)
    number = an_import(session, GOOD, PAST, row(mentor_email=OTTO, status="cancelled"))
    session.rollback()
    update_session_statuses(session, now=NOW, cause=Cause.WORKER, returning=no_updates)
    assert [count(session, model) for model in (StatusChange, OutboxMessage, WebhookCall)] == [
        2,
        4,
        2,
    ]

    done = removed(session, number)

    assert contents(session) == before
    assert (done.kind, done.slots_left) == (ImportKind.SESSIONS, 0)
    assert {name: number for name, number in done.removed.items() if number} == {
        "session_bookings": 3,
        "mentor_time_slots": 3,
        "status_changes": 2,
        "outbox_messages": 4,
        "webhook_calls": 2,
    }


def test_a_dry_run_counts_the_same_and_changes_nothing(session, cast):
    number = an_import(session, GOOD, PAST)
    before = dump(session.get_bind())

    would = removed(session, number, is_dry_run=True)

    assert dump(session.get_bind()) == before
    assert removed(session, number) == would
    assert count(session, SessionBooking) == 0


def test_an_import_is_removed_once_and_one_that_never_was_is_named(session, cast):
    number = an_import(session, GOOD)
    removed(session, number)

    with pytest.raises(InvalidInput, match=rf"^Import {number} was removed already\.$"):
        removed(session, number)
    with pytest.raises(InvalidInput, match=r"^There is no import 999\.$"):
        removed(session, 999)
    entry = session.get_one(Import, number)
    assert (entry.file_name, entry.rows, entry.imported_at, entry.removed_at) == (
        "sessions.csv",
        1,
        NOW,
        NOW,
    )


def test_a_file_can_be_imported_again_once_it_was_removed(session, cast):
    number = an_import(session, GOOD)
    with pytest.raises(InvalidInput, match="another session at this time"):
        an_import(session, GOOD)
    removed(session, number)

    again = an_import(session, GOOD)

    assert [entry.id for entry in list_imports(session)] == [again, number]
    assert count(session, SessionBooking) == 1


def test_a_slot_that_was_there_stays_and_so_does_one_that_others_have_booked(session, cast):
    offered = a_slot(session, cast.mentor, starts="10:00")
    number = an_import(
        session,
        GOOD,
        row(
            mentor_email=OTTO,
            student_email=STELLA,
            start="2026-11-24T18:00Z",
            end="2026-11-24T19:00Z",
        ),
    )
    session.rollback()
    made = session.scalars(
        select(MentorTimeSlot).where(MentorTimeSlot.mentor_id == cast.other_mentor.id)
    ).one()
    made_id, made.capacity = made.id, 2
    session.commit()
    others = a_seat(session, made_id, cast.student)

    done = removed(session, number)

    assert (done.removed["session_bookings"], done.removed["mentor_time_slots"]) == (2, 0)
    assert done.slots_left == 1
    assert set(session.scalars(select(MentorTimeSlot.id))) == {offered, made_id}
    assert list(session.scalars(select(SessionBooking.id))) == [others]


def act_by_hand(session, cast, booking):
    session.rollback()
    apply_action(session, booking_id=booking, action=Action.START, viewer=cast.mentor, now=NOW)


def write_feedback(session, cast, booking):
    session.add(SessionFeedback(booking_id=booking, rating=5))
    session.commit()


def move(session, cast, booking):
    slot = session.scalars(select(SessionBooking.time_slot_id)).one()
    times = dict.fromkeys(("old_start", "old_end", "new_start", "new_end", "moved_at"), NOW)
    session.execute(
        insert(BookingMove).values(
            booking_id=booking,
            old_slot_id=slot,
            new_slot_id=slot,
            cause=Cause.MENTOR,
            actor_id=cast.mentor.id,
            **times,
        )
    )
    session.commit()


@pytest.mark.parametrize("act", [act_by_hand, write_feedback, move])
def test_sessions_that_people_have_acted_on_are_named_and_go_only_by_force(session, cast, act):
    number = an_import(session, row(start="2026-11-24T13:00Z", end="2026-11-24T14:00Z"))
    session.rollback()
    booking = session.scalars(select(SessionBooking.id)).one()
    act(session, cast, booking)
    before = dump(session.get_bind())

    with pytest.raises(InvalidInput, match=rf"acted on 1 of these .*: {booking}\. With --force"):
        removed(session, number)
    assert dump(session.get_bind()) == before

    removed(session, number, is_forced=True)
    for model in (
        SessionBooking,
        MentorTimeSlot,
        StatusChange,
        BookingMove,
        SessionFeedback,
        OutboxMessage,
    ):
        assert count(session, model) == 0


def test_the_weekly_hours_come_back_where_an_imported_session_was_in_their_way(session, cast):
    some_hours(session, cast.mentor)
    session.rollback()

    def offered():
        session.rollback()
        times = select(MentorTimeSlot.start_time, MentorTimeSlot.end_time).where(
            MentorTimeSlot.mentor_id == cast.mentor.id, ~MentorTimeSlot.is_withdrawn
        )
        return set(map(tuple, session.execute(times)))

    hours = offered()
    first = min(start for start, _end in hours if start > NOW)
    taken_back = MentorTimeSlot.start_time == first
    session.execute(MentorTimeSlot.__table__.update().where(taken_back).values(is_withdrawn=True))
    session.commit()
    number = an_import(
        session,
        row(start=first.isoformat(), end=max(e for s, e in hours if s == first).isoformat()),
    )

    removed(session, number)

    assert offered() == hours


def test_an_open_page_sees_that_sessions_are_gone_even_when_others_come_instead(session, cast):
    viewers = (cast.student, cast.mentor, cast.admin)
    names = {it.id: f"{it.id:032}" for it in viewers}
    for user_id, name in names.items():
        session.add(SignIn(id=name, user_id=user_id, created_at=NOW, last_seen_at=NOW))
    session.commit()

    def shown():
        session.rollback()
        found = [
            poll_state(
                session, viewer_id=it.id, epoch=0, roles=it.roles, sign_in=names[it.id], now=NOW
            )
            for it in viewers
        ]
        session.rollback()
        return [each.cursor.fingerprint for each in found]

    places = [shown()]
    for _ in range(3):
        number = an_import(session, GOOD, LATER)
        session.rollback()
        update_session_statuses(session, now=NOW, cause=Cause.WORKER, returning=no_updates)
        places.append(shown())
        removed(session, number)
        places.append(shown())

    for of_one in zip(*places, strict=True):
        assert len(set(of_one)) == len(places)


PEOPLE = b"email,name,role\nlin@example.org,Lin,mentor\nkim@example.org,Kim,student\n"


def test_people_go_with_their_profile_and_their_choices(session, cast):
    before = contents(session)
    number = import_users(session, PEOPLE, now=NOW, file_name="people.csv").import_id
    session.rollback()
    lin, kim = session.scalars(select(User).where(User.created_at == NOW).order_by(User.id))
    a_profile(session, lin)
    session.add(MailChoice(user_id=kim.id, kind="reminder-1h", is_wanted=False))
    session.commit()

    done = removed(session, number)

    assert (done.kind, done.removed["users"]) == (ImportKind.PEOPLE, 2)
    assert contents(session) == before


def set_a_password(session, user):
    user.session_epoch += 1


def sign_in(session, user):
    session.add(SignIn(id="x" * 32, user_id=user.id, created_at=NOW, last_seen_at=NOW))


@pytest.mark.parametrize("act", [set_a_password, sign_in])
def test_people_who_have_been_here_go_only_by_force(session, act):
    number = import_users(session, PEOPLE, now=NOW).import_id
    session.rollback()
    act(session, session.scalars(select(User).where(User.email == "kim@example.org")).one())
    session.commit()

    with pytest.raises(InvalidInput, match=r"^1 of these people have set .*kim@example\.org"):
        removed(session, number)
    assert count(session, User) == 2
    removed(session, number, is_forced=True)
    assert count(session, User) == 0


def test_people_who_have_sessions_are_not_removed_by_any_force(session, cast):
    number = import_users(session, PEOPLE, now=NOW).import_id
    sessions = an_import(session, row(mentor_email="lin@example.org", status="cancelled"))

    with pytest.raises(InvalidInput, match=r"^1 of these people have sessions.*lin@example\.org"):
        removed(session, number, is_forced=True)
    removed(session, sessions)
    assert removed(session, number).removed["users"] == 2
    assert count(session, User) == len(tuple(cast))
    assert Status.CANCELLED not in session.scalars(select(SessionBooking.status)).all()
