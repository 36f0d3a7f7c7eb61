"""The dashboard pages."""

from datetime import datetime

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mentorship import current
from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Viewer
from mentorship.extensions import db
from mentorship.queries.sessions.dashboard import Section
from mentorship.queries.sessions.outcome_view import AskedOutcome, asked_outcomes
from mentorship.queries.sessions.staying import dashboard_after_presses
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
    found = dashboard_after_presses(
        db.session(),
        state.viewer,
        state.scope,
        cursor=state.cursor,
        pages=pages,
        now=now,
        cutoff=current.settings().cutoff,
    )
    return render_template(
        "sessions/dashboard.html",
        viewer=state.viewer,
        scope=state.scope,
        board=found,
        asked=asked_of(state.viewer, now),
    )


def asked_of(viewer: Viewer, now: datetime) -> tuple[AskedOutcome, ...]:
    """The sessions about which the page asks this person how they went, at `now` (UTC)."""
    if not (viewer.is_mentor or viewer.is_student):
        return ()
    silence = current.settings().outcome_silence
    return asked_outcomes(db.session(), viewer.id, now=now, silence=silence)


def asked_pages() -> dict[Section, int]:
    """The page of each list that the request asks for. Raises InvalidInput for a bad number."""
    return {
        section: page_number(section.value)
        for section in Section
        if section.value in request.values
    }
