"""The waiting lists of full weeks."""

from datetime import datetime, timedelta

from flask import Blueprint, flash, jsonify, render_template
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from mentorship import current
from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role, Viewer, require_role
from mentorship.domain.shared.messages import N_
from mentorship.extensions import db
from mentorship.queries.booking.waiting_lists import Waiting, waiting_lists
from mentorship.schemas.base import NoFields
from mentorship.schemas.waiting_list import (
    LeftAnswer,
    WaitingAnswer,
    WaitingFields,
    WaitingListsAnswer,
)
from mentorship.services.booking.waiting_list import join_waiting_list, leave_waiting_list
from mentorship.web.http.authentication import required_viewer
from mentorship.web.http.formatting import translate
from mentorship.web.http.htmx import wants_page
from mentorship.web.http.openapi import Access, described
from mentorship.web.http.request_body import body

bp = Blueprint("waiting_list", __name__)

_A_WEEK = timedelta(days=7)
_PAGE = "/waiting-list"


@bp.get(_PAGE)
def show() -> str:
    """The viewer's waiting lists, and the slots held for them."""
    viewer, now = required_viewer(), utc_now()
    return render_template(
        "booking/waiting_list.html",
        viewer=viewer,
        entries=_entries(viewer, now),
        minutes=current.settings().hold_minutes,
        now=now,
    )


@bp.get("/api/waiting-list")
@described(WaitingListsAnswer, access=Access.SIGNED_IN, refusals=(403,))
def read() -> Response:
    """The waiting lists of the viewer, a student, with the slots that are held for them."""
    viewer, now = required_viewer(), utc_now()
    entries = _entries(viewer, now)
    return jsonify(WaitingListsAnswer.from_record({"entries": entries}).json_ready())


@bp.post("/api/mentors/<id:mentor_id>/waiting-list")
@described(
    WaitingAnswer,
    access=Access.SIGNED_IN,
    body=WaitingFields,
    refusals=(403, 404),
    others={303: "For a plain form: to the waiting lists."},
)
def join(mentor_id: int) -> Response:
    """A student joins the waiting list of a mentor's full week.

    A student who is already waiting keeps the place. A time that becomes free is held for the first
    in line, then for the next; `heldUntil` of GET /api/waiting-list says until when.
    """
    viewer, now, fields = required_viewer(), utc_now(), body(WaitingFields)
    entry = join_waiting_list(
        db.session(), viewer=viewer, mentor_id=mentor_id, week=fields.week, now=now
    )
    message = N_("You are on the waiting list for that week.")
    if wants_page():
        flash(translate(message))
        return redirect(_PAGE, 303)
    answer = WaitingAnswer(
        message=translate(message),
        entry_id=entry.id,
        mentor_id=mentor_id,
        week=entry.week,
    )
    return jsonify(answer.json_ready())


def _entries(viewer: Viewer, now: datetime) -> list[Waiting]:
    require_role(viewer, Role.STUDENT)
    since = (now - _A_WEEK).date()
    return waiting_lists(db.session(), student_id=viewer.id, since=since, now=now)


@bp.post("/api/waiting-list/<id:entry_id>/leave")
@described(
    LeftAnswer,
    access=Access.SIGNED_IN,
    body=NoFields,
    refusals=(404,),
    others={303: "For a plain form: to the waiting lists."},
)
def leave(entry_id: int) -> Response:
    """Leave a waiting list; a held slot goes to the next in line."""
    viewer, now = required_viewer(), utc_now()
    body(NoFields)
    leave_waiting_list(db.session(), viewer=viewer, entry_id=entry_id, now=now)
    message = N_("You have left the waiting list.")
    if wants_page():
        flash(translate(message))
        return redirect(_PAGE, 303)
    return jsonify(LeftAnswer(message=translate(message)).json_ready())
