"""Whose sessions: the one place that says which rows a viewer sees."""

from sqlalchemy import BindParameter, ColumnElement, bindparam, true

from mentorship.domain.accounts.viewers import Role
from mentorship.models import SessionBooking

VIEWER: BindParameter[int] = bindparam("viewer")
"""The viewer's id, given when a statement that uses `visible_to` is run."""


def visible_to(role: Role) -> ColumnElement[bool]:
    """WHERE clause: a student's own, a mentor's own, for an admin all."""
    if role is Role.STUDENT:
        return SessionBooking.student_id == VIEWER
    if role is Role.MENTOR:
        return SessionBooking.mentor_id == VIEWER
    return true()
