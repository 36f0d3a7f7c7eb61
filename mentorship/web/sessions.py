"""A person's actions on one session."""

from collections.abc import Mapping

from flask import Blueprint, flash, jsonify, make_response, redirect, render_template
from flask import request as http
from werkzeug.wrappers import Response

from mentorship.clock import utc_now
from mentorship.domain.errors import InvalidInput
from mentorship.domain.lifecycle import Action
from mentorship.extensions import db
from mentorship.services.accounts import clean_text
from mentorship.services.manual import perform
from mentorship.web.htmx import POLL_NOW, is_htmx, wants_page
from mentorship.web.identity import required_viewer
from mentorship.wire import action_answer

bp = Blueprint("sessions", __name__, url_prefix="/api/sessions/<id:session_id>")

LONGEST_REASON = 300


@bp.post("/start")
def start(session_id: int) -> Response:
    """SCHEDULED to ONGOING: the mentor begins."""
    return _act(session_id, Action.START)


@bp.post("/arrive")
def arrive(session_id: int) -> Response:
    """A delayed session really began; the flag stays."""
    return _act(session_id, Action.ARRIVE)


@bp.post("/complete")
def complete(session_id: int) -> Response:
    """ONGOING, delayed or not, to COMPLETED."""
    return _act(session_id, Action.COMPLETE)


@bp.post("/cancel")
def cancel(session_id: int) -> Response:
    """SCHEDULED to CANCELLED, with a reason; the slot is free again."""
    return _act(session_id, Action.CANCEL)


def _act(session_id: int, action: Action) -> Response:
    now, viewer = utc_now(), required_viewer()
    allowed = {"reason"} if action is Action.CANCEL else set()
    fields = _fields(allowed)
    reason = clean_text(
        fields.get("reason", ""), what="The reason", longest=LONGEST_REASON, required=False
    )
    db.session.rollback()  # The reading transaction in which the viewer was found.
    outcome = perform(
        db.session(),
        booking_id=session_id,
        action=action,
        viewer=viewer,
        now=now,
        reason=reason or None,
    )
    if is_htmx():
        notice = render_template("_notice.html", sentence=outcome.sentence, is_error=False)
        return make_response(notice, POLL_NOW)
    if wants_page():
        flash(outcome.sentence)
        return redirect("/dashboard", code=303)
    return jsonify(action_answer(outcome))


def _fields(allowed: set[str]) -> Mapping[str, str]:
    """The fields of a form or a JSON object. Raises InvalidInput for others than `allowed`."""
    given: object
    if http.is_json:
        given = http.get_json()
    elif http.content_length and http.mimetype not in _FORMS:
        raise InvalidInput("The body must be a form or a JSON object.")
    else:
        given = http.form.to_dict()
    if not isinstance(given, dict):
        raise InvalidInput("The body must be a JSON object.")
    for name, value in (http.args.to_dict() | given).items():
        if name not in allowed:
            raise InvalidInput(f"The field '{name[:40]}' cannot be set here.")
        if not isinstance(value, str):
            raise InvalidInput(f"The field '{name}' must be text.")
    return given


_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
