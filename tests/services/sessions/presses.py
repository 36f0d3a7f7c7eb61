"""Presses and their undo, for the tests of undo."""

from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.undo import undo_action
from tests.support.builders import at


def act(session, booking, action, viewer, now):
    session.rollback()
    return apply_action(session, booking_id=booking, action=action, viewer=viewer, now=at(now))


def undo(session, booking, viewer, now):
    session.rollback()
    when = at(now) if isinstance(now, str) else now
    return undo_action(session, booking_id=booking, viewer=viewer, now=when)
