"""The route for a cron service."""

import hmac

import structlog
from flask import Blueprint, Response, jsonify, request

from mentorship import current
from mentorship.clock import utc_now
from mentorship.domain.shared.errors import Unauthorized, Unavailable
from mentorship.domain.shared.messages import N_
from mentorship.extensions import db
from mentorship.models import Cause
from mentorship.schemas.sessions import SweepAnswer, sweep_answer
from mentorship.services.sessions.sweep import all_updates, update_session_statuses
from mentorship.web.http.formatting import translate
from mentorship.web.http.openapi import Access, check_arguments, described

log = structlog.get_logger(__name__)
bp = Blueprint("cron_api", __name__)


@bp.route("/api/cron/complete-sessions", methods=["GET", "POST"])
@described(SweepAnswer, access=Access.CRON)
def complete_sessions() -> Response:
    """Run a sweep for a cron service; the answer has every update.

    The secret is taken from the Authorization header alone and compared as bytes in constant time.
    """
    secret = current.settings().usable_cron_secret
    if secret is None:
        log.error(
            "cron_refused",
            reason="CRON_SECRET is unset, shorter than 16, a sample or nothing for a header",
        )
        raise Unavailable(
            N_("The cron route is disabled because CRON_SECRET is missing or not safe to use.")
        )
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    is_right = hmac.compare_digest(given.encode("utf-8", "surrogateescape"), secret)
    if scheme.lower() != "bearer" or not is_right:
        raise Unauthorized
    check_arguments()
    now = utc_now()
    result = update_session_statuses(db.session(), now=now, cause=Cause.CRON, returning=all_updates)
    return jsonify(sweep_answer(result, now, translate))
