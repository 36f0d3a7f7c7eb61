"""The dashboard pages."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mentorship import current
from mentorship.clock import utc_now
from mentorship.extensions import db
from mentorship.queries.sessions.dashboard import Section, dashboard
from mentorship.web.http.request_body import asked_scope, page_number
from mentorship.web.sessions.sweep_first import swept_poll_state

bp = Blueprint("dashboard", __name__)


@bp.get("/")
def home() -> Response:
    """Redirect to the dashboard, which redirects to sign-in if nobody is signed in."""
    return redirect(url_for("dashboard.show"))


@bp.get("/dashboard")
def show() -> str:
    """The viewer's own sessions, or all. Sweeps first, so that no status is out of date."""
    pages, now = asked_pages(), utc_now()
    state = swept_poll_state(now, asked_scope())
    found = dashboard(
        db.session(),
        state.viewer,
        state.scope,
        cursor=state.cursor,
        pages=pages,
        now=now,
        cutoff=current.settings().cutoff,
    )
    return render_template(
        "sessions/dashboard.html", viewer=state.viewer, scope=state.scope, board=found
    )


def asked_pages() -> dict[Section, int]:
    """The page of each list that the request asks for. Raises InvalidInput for a bad number."""
    return {
        section: page_number(section.value)
        for section in Section
        if section.value in request.values
    }
