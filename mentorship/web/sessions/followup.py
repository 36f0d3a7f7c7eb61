"""The forms on a session's page: where it meets, its recording, feedback and notes."""

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
    """The mentor says where the session meets."""

    def store(viewer: Viewer) -> str:
        fields = body(LinkFields)
        db.session.rollback()  # A write opens its own transaction, before its first read.
        set_meeting_link(db.session(), booking_id=session_id, viewer=viewer, url=fields.url)
        return (
            N_("Meeting link saved.")
            if fields.url
            else N_("Your default meeting link will be used.")
        )

    return _stored(session_id, store)


@bp.post("/recording")
def recording(session_id: int) -> Response:
    """The mentor or an admin says where the recording is."""

    def store(viewer: Viewer) -> str:
        fields = body(LinkFields)
        db.session.rollback()
        set_recording(
            db.session(), booking_id=session_id, viewer=viewer, url=fields.url, now=utc_now()
        )
        return N_("Recording link saved.") if fields.url else N_("Recording link removed.")

    return _stored(session_id, store)


@bp.post("/feedback")
def feedback(session_id: int) -> Response:
    """The student rates the session."""

    def store(viewer: Viewer) -> str:
        fields = body(RatingFields)
        db.session.rollback()
        rate_session(db.session(), booking_id=session_id, viewer=viewer, **fields.model_dump())
        return N_("Thank you for your feedback.")

    return _stored(session_id, store)


@bp.post("/notes")
def notes(session_id: int) -> Response:
    """The mentor writes a summary for the student, and notes."""

    def store(viewer: Viewer) -> str:
        fields = body(NotesFields)
        db.session.rollback()
        write_notes(db.session(), booking_id=session_id, viewer=viewer, **fields.model_dump())
        return N_("Summary and notes saved.")

    return _stored(session_id, store)


def _stored(session_id: int, store: Callable[[Viewer], str]) -> Response:
    """Show the session with what was stored; a refusal keeps what was typed."""
    viewer = required_viewer()
    try:
        flash(translate(store(viewer)))
        return redirect(f"/sessions/{session_id}", 303)
    except InvalidInput as refused:
        error, status = translate(refused), 400
    except Conflict as refused:
        error, status = translate(refused), 409
    typed = {request.path.rpartition("/")[2]: request.form.to_dict()}
    return make_response(page_of(session_id, viewer, error=error, typed=typed), status)
