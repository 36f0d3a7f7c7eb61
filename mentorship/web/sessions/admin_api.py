"""The public update route: a sweep for anybody, and the poll of an open dashboard."""

from collections.abc import Mapping
from datetime import datetime

from flask import Blueprint, Response, jsonify, make_response, request

from mentorship.clock import utc_now
from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.messages import N_
from mentorship.extensions import db
from mentorship.models import Cause
from mentorship.queries.sessions.due import DueBooking
from mentorship.schemas.sessions import PollFields, SweepAnswer, sweep_answer
from mentorship.services.sessions.sweep import update_session_statuses
from mentorship.web.http import authentication
from mentorship.web.http.formatting import translate
from mentorship.web.http.htmx import is_htmx
from mentorship.web.http.openapi import Access, described
from mentorship.web.http.request_body import asked_scope
from mentorship.web.sessions.dashboard import lists_fragment
from mentorship.web.sessions.detail import asked_session, session_fragment
from mentorship.web.sessions.poll_response import Fragment, poll_response
from mentorship.web.sessions.sweep_first import swept_now
from mentorship.web.sessions.week_view import day_fragment, week_fragment

bp = Blueprint("admin_api", __name__)


@bp.route("/api/admin/update-session-status", methods=["GET", "POST"])
@described(
    SweepAnswer,
    access=Access.ANYBODY,
    query=PollFields,
    refusals=(404,),
    fragment="what the page shows now, and the event `session-status-updated` in HX-Trigger.",
    others={204: "For HTMX: all is as the page shows it."},
)
def update_session_status() -> Response:
    """Run a sweep; for HTMX, answer an open page with its changes.

    Everybody gets the counts, a signed-in viewer also the updates of their own sessions, an admin
    all updates. The parameters say what the page of an HTMX caller shows; it may also send them as
    form fields.
    """
    now = utc_now()
    if is_htmx():
        return _poll(now)
    viewer = authentication.current_viewer()

    def is_own(booking: DueBooking) -> bool:
        return viewer is not None and viewer.takes_part(
            student_id=booking.student_id, mentor_id=booking.mentor_id
        )

    result = update_session_statuses(db.session(), now=now, cause=Cause.POLL, returning=is_own)
    return jsonify(sweep_answer(result, now, translate))


def _poll(now: datetime) -> Response:
    """204 if the page is up to date, else its new content and the event.

    Without `seen` it is unknown what the page shows; then only changes by this request count.
    """
    fragment = _asked_fragment()
    state = authentication.required_poll_state(now, asked_scope())
    seen = request.values.get("seen")
    shown = state.cursor if seen is None else PollCursor.parse(seen)
    state = swept_now(state, now)
    if state.cursor.fingerprint == shown.fingerprint and not _is_to_move(now):
        return Response(status=204)
    only = asked_session() if fragment is session_fragment else None
    shows, headers = poll_response(state, shown, fragment, now=now, only=only)
    return make_response(shows, headers)


def _is_to_move(now: datetime) -> bool:
    """Whether a session that stayed in its place after a press has stayed long enough."""
    until = request.values.get("until")
    if until is None:
        return False
    try:
        return datetime.fromisoformat(until) <= now
    except (TypeError, ValueError):
        raise InvalidInput(N_("The field 'until' is invalid.")) from None


_FRAGMENTS: Mapping[str, Fragment] = {
    "list": lists_fragment,
    "week": week_fragment,
    "day": day_fragment,
    "session": session_fragment,
}
"""By the field `view` of a page's state."""


def _asked_fragment() -> Fragment:
    """The fragment of the requested view. Raises InvalidInput for an unknown view."""
    try:
        return _FRAGMENTS[request.values.get("view", "list")]
    except KeyError:
        raise InvalidInput(N_("The field '%(name)s' is invalid.", name="view")) from None
