"""Sessions and groups of which the outbox has mail of every kind."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

from sqlalchemy import update

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.booking.cutoff import NO_CUTOFF
from mentorship.domain.mail import (
    REMINDERS,
    MailKind,
)
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from mentorship.models import Cause, OutboxMessage, User
from mentorship.services.mail.outbox import enqueue_booking_mail
from mentorship.services.sessions.actions import Cancellation, apply_action
from mentorship.services.sessions.correct import Correction, correct_status
from mentorship.services.sessions.late import say_late
from mentorship.services.sessions.move import move_session
from mentorship.services.sessions.outcomes import decide_outcome, say_outcome
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from mentorship.services.sessions.undo import undo_action
from tests.browser.pages import MINUTE
from tests.support.builders import a_booking, a_profile, a_seat, a_slot, a_user


def letters_about_a_session(session, mentor, student, *, now):
    """The outbox has a mail of each kind about sessions, both people's."""

    def book(starts):
        return a_booking(
            session, mentor=mentor, student=student, topic="Thesis", starts=now + starts * MINUTE
        )

    late, held, gone, moved = book(-5), book(5), book(200), book(300)
    update_session_statuses(session, now=now, cause=Cause.COMMAND, returning=no_updates)
    do = partial(apply_action, session, viewer=mentor, now=now)
    do(booking_id=late, action=Action.ARRIVE)
    say_outcome(
        session,
        booking_id=late,
        viewer=student,
        word=OutcomeWord.NOBODY_CAME,
        reason=None,
        now=now,
        silence=MINUTE,
    )
    decide_outcome(
        session,
        booking_id=late,
        viewer=mentor,
        word=OutcomeWord.TOOK_PLACE,
        reason="Away",
        now=now,
        silence=MINUTE,
    )
    say_late(session, booking_id=held, viewer=mentor, minutes=10, note="Away", now=now)
    do(booking_id=held, action=Action.START)
    do(booking_id=held, action=Action.COMPLETE)
    do(booking_id=gone, action=Action.CANCEL, cancellation=Cancellation(reason="Away"))
    a_profile(session, mentor, minimum_notice=0)
    slot = a_slot(session, mentor, starts=now + timedelta(days=2))
    move_session(
        session,
        booking_id=moved,
        slot_id=slot,
        viewer=mentor,
        reason="Away",
        now=now,
        cutoff=NO_CUTOFF,
    )
    back = book(400)
    do(booking_id=back, action=Action.START)
    session.execute(update(OutboxMessage).values(attempts=1))  # It has left.
    session.commit()
    undo_action(session, booking_id=back, viewer=mentor, now=now)
    admin = replace(mentor, roles=mentor.roles | {Role.ADMIN})
    for booking, status in ((held, Status.SCHEDULED), (late, Status.COMPLETED)):
        correction = Correction(status, None, "Away")
        correct_status(session, booking_id=booking, correction=correction, viewer=admin, now=now)
    begin_write(session)
    for kind in (MailKind.BOOKED, MailKind.OUTCOME_ASKED, *REMINDERS):
        enqueue_booking_mail(session, kind, booking_id=moved, now=now)
    session.commit()
    letters_about_a_group(session, mentor, student, now=now)


def letters_about_a_group(session, mentor, student, *, now):
    """Of four students one is taken out, one moves alone, and the mentor is asked about the rest.

    Then a single session moves into the group.
    """
    day, hour = timedelta(days=3), timedelta(hours=1)
    others = [a_user(session, name, Role.STUDENT) for name in ("Sam", "Stella", "Noor")]
    slot = a_slot(session, mentor, starts=now + day, capacity=5)
    alone = [a_slot(session, mentor, starts=now + day + each * hour) for each in (2, 4)]
    seats = [a_seat(session, slot, each, topic="Thesis") for each in (student, *others)]
    single = a_seat(session, alone[1], a_user(session, "Bo", Role.STUDENT), topic="Thesis")
    move = partial(move_session, session, viewer=mentor, reason="Away", now=now, cutoff=NO_CUTOFF)
    begin_write(session)
    session.execute(update(User).values(language="de"))
    session.commit()
    taking_out = Cancellation(reason="Away", is_for_one=True)
    apply_action(
        session,
        booking_id=seats[0],
        action=Action.CANCEL,
        viewer=mentor,
        now=now,
        cancellation=taking_out,
    )
    move(booking_id=seats[1], slot_id=alone[0], is_for_one=True)
    move(booking_id=single, slot_id=slot)
    begin_write(session)
    enqueue_booking_mail(session, MailKind.OUTCOME_ASKED, booking_id=seats[2], now=now)
    session.commit()
