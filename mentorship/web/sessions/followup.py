"""The forms on a session's page: meeting link, recording, feedback and notes."""

from collections.abc import Callable

from flask import Blueprint, flash, make_response, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.shared.errors import Conflict, InvalidInput
from mentorship.domain.shared.messages import N_
from mentorship.extensions import db
from mentorship.schemas.followup import LinkFields, NotesFields, RatingFields
from mentorship.services.sessions.followup import rate_session, set_recording, write_notes
from mentorship.services.sessions.meeting_rooms import set_meeting_link
from mentorship.web.http.authentication import required_viewer
from mentorship.web.http.formatting import translate
from mentorship.web.http.request_body import body
from mentorship.web.sessions.detail import page_of

bp = Blueprint("followup", __name__, url_prefix="/sessions/<id:session_id>")


@bp.post("/room")
def room(session_id: int) -> Response:
    """The mentor changes the meeting link of the session."""
    return _saved(session_id, _save_room)


@bp.post("/recording")
def recording(session_id: int) -> Response:
    """The mentor or an admin adds, changes or removes the link to the recording."""
    return _saved(session_id, _save_recording)


@bp.post("/feedback")
def feedback(session_id: int) -> Response:
    """The student rates the session."""
    return _saved(session_id, _save_feedback)


@bp.post("/notes")
def notes(session_id: int) -> Response:
    """The mentor writes a summary for the student, and private notes."""
    return _saved(session_id, _save_notes)


def _save_room(session_id: int, viewer: Viewer) -> str:
    fields = body(LinkFields)
    set_meeting_link(db.session(), booking_id=session_id, viewer=viewer, url=fields.url)
    if fields.url:
        return N_("Meeting link saved.")
    return N_("Your default meeting link will be used.")


def _save_recording(session_id: int, viewer: Viewer) -> str:
    fields = body(LinkFields)
    set_recording(db.session(), booking_id=session_id, viewer=viewer, url=fields.url, now=utc_now())
    return N_("Recording link saved.") if fields.url else N_("Recording link removed.")


def _save_feedback(session_id: int, viewer: Viewer) -> str:
    fields = body(RatingFields)
    rate_session(db.session(), booking_id=session_id, viewer=viewer, **fields.model_dump())
    return N_("Thank you for your feedback.")


def _save_notes(session_id: int, viewer: Viewer) -> str:
    fields = body(NotesFields)
    write_notes(db.session(), booking_id=session_id, viewer=viewer, **fields.model_dump())
    return N_("Summary and notes saved.")


def _saved(session_id: int, save: Callable[[int, Viewer], str]) -> Response:
    """Save a form and show the session again; after a refusal with the typed text."""
    viewer = required_viewer()
    try:
        flash(translate(save(session_id, viewer)))
        return redirect(f"/sessions/{session_id}", 303)
    except InvalidInput as refused:
        error, status = translate(refused), 400
    except Conflict as refused:
        error, status = translate(refused), 409
    typed = {request.path.rpartition("/")[2]: request.form.to_dict()}
    return make_response(page_of(session_id, viewer, error=error, typed=typed), status)
