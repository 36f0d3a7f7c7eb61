"""A person's actions on one session."""

from functools import partial
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, flash, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from mentorship import current
from mentorship.clock import utc_now
from mentorship.domain.sessions.lifecycle import Action
from mentorship.extensions import db
from mentorship.schemas.base import Fields, NoFields
from mentorship.schemas.followup import LateAnswer, LateFields
from mentorship.schemas.outcomes import (
    AnswerFields,
    CompletionFields,
    OutcomeAnswer,
    outcome_answer,
)
from mentorship.schemas.sessions import (
    ActionAnswer,
    CancelFields,
    CompletionAnswer,
    CorrectFields,
    action_answer,
)
from mentorship.services.sessions.actions import ActionResult, Cancellation, apply_action
from mentorship.services.sessions.attendance import say_for_all
from mentorship.services.sessions.correct import Correction, correct_status
from mentorship.services.sessions.late import say_late
from mentorship.services.sessions.outcomes import say_outcome
from mentorship.services.sessions.undo import undo_action
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
    others={303: "For a plain form: back to the page that it is on."},
)


@bp.post("/start")
@_action(ActionAnswer, body=NoFields)
def start(session_id: int) -> Response:
    """SCHEDULED to ONGOING: the session starts."""
    return _act(session_id, Action.START, NoFields)


@bp.post("/arrive")
@_action(ActionAnswer, body=NoFields)
def arrive(session_id: int) -> Response:
    """A delayed session really began; the flag stays."""
    return _act(session_id, Action.ARRIVE, NoFields)


@bp.post("/complete")
@_action(CompletionAnswer, body=CompletionFields)
def complete(session_id: int) -> Response:
    """ONGOING, delayed or not, to COMPLETED; may also say how the session went."""
    viewer, fields = required_viewer(), body(CompletionFields)
    if fields.outcome is None:
        return _act(session_id, Action.COMPLETE, CompletionFields)
    result = say_outcome(
        db.session(),
        booking_id=session_id,
        viewer=viewer,
        word=fields.outcome,
        reason=fields.reason or None,
        now=utc_now(),
        silence=current.settings().outcome_silence,
        also_completes=True,
    )
    answer = CompletionAnswer.from_record(result, translate).json_ready()
    return _answered(session_id, result.message, answer)


@bp.post("/outcome")
@_action(OutcomeAnswer, body=AnswerFields)
def outcome(session_id: int) -> Response:
    """Say whether the session took place: for one's own side, or as an admin with a reason.

    An answer about a session that is still ongoing although its time is over also completes it. The
    mentor of a group can answer for all students without an answer at once.
    """
    viewer, fields = required_viewer(), body(AnswerFields)
    say = say_for_all if fields.for_all else say_outcome
    result = say(
        db.session(),
        booking_id=session_id,
        viewer=viewer,
        word=fields.outcome,
        reason=fields.reason or None,
        now=utc_now(),
        silence=current.settings().outcome_silence,
    )
    return _answered(session_id, result.message, outcome_answer(result, translate))


@bp.post("/late")
@_action(LateAnswer, body=LateFields)
def late(session_id: int) -> Response:
    """Say that one will be late, from two hours before the start until the session is under way."""
    viewer, fields = required_viewer(), body(LateFields)
    result = say_late(
        db.session(),
        booking_id=session_id,
        viewer=viewer,
        minutes=fields.minutes,
        note=fields.note,
        now=utc_now(),
    )
    answer = LateAnswer.from_record(result, translate).json_ready()
    return _answered(session_id, result.message, answer)


@bp.post("/cancel")
@_action(ActionAnswer, body=CancelFields)
def cancel(session_id: int) -> Response:
    """SCHEDULED to CANCELLED, with a reason; the slot is free again.

    Its mentor or an admin cancels a group for all its students, unless it is only for this one.
    """
    return _act(session_id, Action.CANCEL, CancelFields)


@bp.post("/undo")
@_action(ActionAnswer, body=NoFields)
def undo(session_id: int) -> Response:
    """Take back one's own start, arrival or completion, within two minutes."""
    viewer = required_viewer()
    body(NoFields)
    result = undo_action(db.session(), booking_id=session_id, viewer=viewer, now=utc_now())
    return _acted(result)


@bp.post("/correct")
@_action(ActionAnswer, body=CorrectFields)
def correct(session_id: int) -> Response:
    """An admin sets the status that the session should have had, with a reason."""
    viewer, fields = required_viewer(), body(CorrectFields)
    result = correct_status(
        db.session(),
        booking_id=session_id,
        correction=Correction(fields.status, fields.is_delayed, fields.reason),
        viewer=viewer,
        now=utc_now(),
    )
    return _acted(result)


def _act(session_id: int, action: Action, takes: type[Fields]) -> Response:
    now, viewer = utc_now(), required_viewer()
    fields = body(takes)
    cancels = fields if isinstance(fields, CancelFields) else CancelFields()
    result = apply_action(
        db.session(),
        booking_id=session_id,
        action=action,
        viewer=viewer,
        now=now,
        cancellation=Cancellation(
            reason=cancels.reason or None,
            cutoff=current.settings().cutoff,
            is_for_one=cancels.only_this_student,
        ),
    )
    return _acted(result)


def _acted(result: ActionResult) -> Response:
    return _answered(result.session_id, result.notice, action_answer(result, translate))


def _answered(session_id: int, message: str, answer: dict[str, Any]) -> Response:
    """The answer to HTMX, to a plain form, which goes back to the page it came from, or as JSON."""
    if is_htmx():
        notice = render_template("shared/_notice.html", message=translate(message), is_error=False)
        return make_response(notice, POLL_NOW)
    if wants_page():
        flash(translate(message))
        own_page = f"/sessions/{session_id}"
        is_from_there = urlsplit(request.referrer or "").path == own_page
        return redirect(own_page if is_from_there else "/dashboard", code=303)
    return jsonify(answer)
