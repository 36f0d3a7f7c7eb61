"""The route for a meeting system that has recorded a session."""

import structlog
from flask import Blueprint, Response, jsonify, request

from mentorship import current
from mentorship.clock import utc_now
from mentorship.domain.shared.errors import InvalidInput, Unavailable
from mentorship.domain.shared.messages import N_
from mentorship.extensions import db
from mentorship.schemas.followup import RecordingAnswer, RecordingFields, recording_answer
from mentorship.services.sessions.recording_webhook import (
    SignedRequest,
    accept_recording,
    check_signature,
)
from mentorship.web.http.formatting import translate
from mentorship.web.http.openapi import Access, described
from mentorship.web.http.request_body import body

log = structlog.get_logger(__name__)
bp = Blueprint("recording_api", __name__)


@bp.post("/api/sessions/<id:session_id>/recording")
@described(RecordingAnswer, access=Access.RECORDING, body=RecordingFields, refusals=(404, 409))
def add(session_id: int) -> Response:
    """A meeting system adds the recording of a completed session.

    X-Mentorship-Timestamp is in seconds since 1970 and at most five minutes from now;
    X-Mentorship-Signature is `sha256=` and the HMAC-SHA256 in hex, with RECORDING_SECRET, over the
    timestamp, a full stop and the body. The same signature is taken once.
    """
    now = utc_now()
    secret = current.settings().usable_recording_secret
    if secret is None:
        log.error("recording_refused", reason="RECORDING_SECRET is unset or not a usable one")
        raise Unavailable(
            N_(
                "The recording route is disabled because RECORDING_SECRET is missing "
                "or not safe to use."
            )
        )
    call = SignedRequest(
        timestamp=request.headers.get("X-Mentorship-Timestamp", ""),
        signature=request.headers.get("X-Mentorship-Signature", ""),
        body=request.get_data(),
    )
    signature = check_signature(call, secret, now=now)
    fields = body(RecordingFields)
    if fields.session_id != session_id:
        raise InvalidInput(N_("The field 'sessionId' does not match the session in the address."))
    changed = accept_recording(
        db.session(), booking_id=session_id, url=fields.url, signature=signature, now=now
    )
    return jsonify(recording_answer(session_id, fields.url.strip(), translate, changed=changed))
