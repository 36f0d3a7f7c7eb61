"""Reports as JSON."""

from flask import Blueprint, Response, jsonify

from mentorship.clock import utc_now
from mentorship.extensions import db
from mentorship.queries.reports.summary import summary
from mentorship.schemas.reports import SummaryAnswer, SummaryFields, summary_answer
from mentorship.web.http.formatting import translate
from mentorship.web.http.openapi import Access, described
from mentorship.web.reports.arguments import requested_report, required_reader
from mentorship.web.sessions.sweep_first import sweep

bp = Blueprint("reports_api", __name__, url_prefix="/api/reports")


@bp.get("/summary")
@described(SummaryAnswer, access=Access.SIGNED_IN, query=SummaryFields, refusals=(403,))
def read() -> Response:
    """The report on a range of days: for admins on everybody, for mentors on their own sessions."""
    viewer, now = required_reader(), utc_now()
    spec = requested_report(viewer, now)
    sweep(now)
    return jsonify(summary_answer(spec, summary(db.session(), spec), translate))
