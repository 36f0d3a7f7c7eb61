"""Visibility: the one place that says which sessions a viewer sees."""

from sqlalchemy import BindParameter, ColumnElement, bindparam, or_, true

from mentorship.domain.accounts.viewers import Scope
from mentorship.models import SessionBooking

VIEWER: BindParameter[int] = bindparam("viewer")
"""The viewer's id, a parameter of statements that use `visible_in`."""


def parts(
    scope: Scope, bookings: type[SessionBooking] = SessionBooking
) -> tuple[ColumnElement[bool], ...]:
    """WHERE clauses; each visible session matches exactly one, and each has an index.

    Own sessions are those in which the viewer is the student or the mentor; nobody is both.
    """
    if scope is Scope.ALL:
        return (true(),)
    return bookings.student_id == VIEWER, bookings.mentor_id == VIEWER


def visible_in(
    scope: Scope, bookings: type[SessionBooking] = SessionBooking
) -> ColumnElement[bool]:
    """WHERE clause: all sessions that the viewer sees. For ordered lists `parts` is quicker."""
    return or_(*parts(scope, bookings))
