"""Whose sessions: the one place that says which rows a viewer sees."""

from sqlalchemy import BindParameter, ColumnElement, bindparam, or_, true

from mentorship.domain.accounts.viewers import Scope
from mentorship.models import SessionBooking

VIEWER: BindParameter[int] = bindparam("viewer")
"""The viewer's id, given when a statement that uses `visible_in` is run."""


def parts(
    scope: Scope, bookings: type[SessionBooking] = SessionBooking
) -> tuple[ColumnElement[bool], ...]:
    """WHERE clauses of which each visible session fits one, and an index finds those of each.

    Own sessions are those in which the viewer is the student or the mentor, and nobody is both.
    """
    if scope is Scope.ALL:
        return (true(),)
    return bookings.student_id == VIEWER, bookings.mentor_id == VIEWER


def visible_in(scope: Scope) -> ColumnElement[bool]:
    """WHERE clause: all that the viewer sees. Lists in an order are quicker from `parts`."""
    return or_(*parts(scope))
