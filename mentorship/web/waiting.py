"""The waiting lists of full weeks."""

from datetime import timedelta

from flask import Blueprint, flash, jsonify, render_template
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from mentorship.clock import utc_now
from mentorship.domain.errors import Forbidden
from mentorship.domain.people import Role
from mentorship.domain.sentences import N_
from mentorship.extensions import db
from mentorship.queries.waiting_lists import waiting_lists
from mentorship.services.waiting import join, leave
from mentorship.web.fields import body
from mentorship.web.formats import say
from mentorship.web.htmx import wants_page
from mentorship.web.identity import required_viewer
from mentorship.web.openapi import Access, described
from mentorship.wire import LeftAnswer, NoFields, WaitingAnswer, WaitingFields

bp = Blueprint("waiting", __name__)

_A_WEEK = timedelta(days=7)
_PAGE = "/waiting-list"


@bp.get(_PAGE)
def show() -> str:
    """For what the viewer waits, and what is held for them."""
    viewer, now = required_viewer(), utc_now()
    if viewer.role is not Role.STUDENT:
        raise Forbidden(N_("Only students wait for a free time."))
    entries = waiting_lists(db.session(), student_id=viewer.id, since=(now - _A_WEEK).date())
    return render_template("waiting.html", viewer=viewer, entries=entries, now=now)


@bp.post("/api/mentors/<id:mentor_id>/waiting-list")
@described(
    WaitingAnswer,
    access=Access.SIGNED_IN,
    body=WaitingFields,
    refusals=(403, 404),
    others={303: "For a plain form: to the waiting lists."},
)
def wait(mentor_id: int) -> Response:
    """A student waits for a time in a week of the mentor that has none free.

    Who waits already keeps the place. The first in line gets a hold of 30 minutes on a time that
    becomes free, then the next.
    """
    viewer, now, fields = required_viewer(), utc_now(), body(WaitingFields)
    db.session.rollback()
    entry = join(db.session(), viewer=viewer, mentor_id=mentor_id, week=fields.week, now=now)
    sentence = N_("You are on the waiting list of that week.")
    if wants_page():
        flash(say(sentence))
        return redirect(_PAGE, 303)
    answer = WaitingAnswer(
        success=True, message=say(sentence), entry_id=entry.id, mentor_id=mentor_id, week=entry.week
    )
    return jsonify(answer.json_ready())


@bp.post("/api/waiting-list/<id:entry_id>/leave")
@described(
    LeftAnswer,
    access=Access.SIGNED_IN,
    body=NoFields,
    refusals=(404,),
    others={303: "For a plain form: to the waiting lists."},
)
def give_up(entry_id: int) -> Response:
    """Give up a place; what was held goes to the next in line."""
    viewer, now = required_viewer(), utc_now()
    body(NoFields)
    db.session.rollback()
    leave(db.session(), viewer=viewer, entry_id=entry_id, now=now)
    sentence = N_("You are not on that waiting list any more.")
    if wants_page():
        flash(say(sentence))
        return redirect(_PAGE, 303)
    return jsonify(LeftAnswer(success=True, message=say(sentence)).json_ready())
