"""A person's actions on one session."""

from functools import partial

from flask import Blueprint, flash, jsonify, make_response, redirect, render_template
from werkzeug.wrappers import Response

from mentorship import current
from mentorship.clock import utc_now
from mentorship.domain.sessions.lifecycle import Action
from mentorship.extensions import db
from mentorship.schemas.base import Fields, NoFields
from mentorship.schemas.sessions import (
    ActionAnswer,
    CancelFields,
    CompletionAnswer,
    action_answer,
)
from mentorship.services.sessions.actions import Cancellation, apply_action
from mentorship.web.http.authentication import required_viewer
from mentorship.web.http.formatting import translate
from mentorship.web.http.htmx import POLL_NOW, is_htmx, wants_page
from mentorship.web.http.openapi import Access, described
from mentorship.web.http.request_body import body

bp = Blueprint("session_actions", __name__, url_prefix="/api/sessions/<id:session_id>")

_action = partial(
    described,
    access=Access.SIGNED_IN,
    refusals=(403, 404, 409),
    fragment="a notice, and the session lists ask at once.",
    others={303: "For a plain form: back to the dashboard."},
)


@bp.post("/start")
@_action(ActionAnswer, body=NoFields)
def start(session_id: int) -> Response:
    """SCHEDULED to ONGOING: the mentor begins."""
    return _act(session_id, Action.START, NoFields)


@bp.post("/arrive")
@_action(ActionAnswer, body=NoFields)
def arrive(session_id: int) -> Response:
    """A delayed session really began; the flag stays."""
    return _act(session_id, Action.ARRIVE, NoFields)


@bp.post("/complete")
@_action(CompletionAnswer, body=NoFields)
def complete(session_id: int) -> Response:
    """ONGOING, delayed or not, to COMPLETED."""
    return _act(session_id, Action.COMPLETE, NoFields)


@bp.post("/cancel")
@_action(ActionAnswer, body=CancelFields)
def cancel(session_id: int) -> Response:
    """SCHEDULED to CANCELLED, with a reason; the slot is free again."""
    return _act(session_id, Action.CANCEL, CancelFields)


def _act(session_id: int, action: Action, takes: type[Fields]) -> Response:
    now, viewer = utc_now(), required_viewer()
    fields = body(takes)
    outcome = apply_action(
        db.session(),
        booking_id=session_id,
        action=action,
        viewer=viewer,
        now=now,
        cancellation=Cancellation(
            reason=(fields.reason or None) if isinstance(fields, CancelFields) else None,
            cutoff=current.settings().cutoff,
        ),
    )
    if is_htmx():
        notice = render_template(
            "shared/_notice.html", message=translate(outcome.message), is_error=False
        )
        return make_response(notice, POLL_NOW)
    if wants_page():
        flash(translate(outcome.message))
        return redirect("/dashboard", code=303)
    return jsonify(action_answer(outcome, translate))
