"""The dashboard pages."""

from datetime import datetime
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mentorship import current
from mentorship.clock import utc_now
from mentorship.database import one_connection
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.sessions.poll_cursor import PollCursor
from mentorship.extensions import db
from mentorship.queries.sessions.dashboard import Section
from mentorship.queries.sessions.outcome_view import AskedOutcome, asked_outcomes
from mentorship.queries.sessions.poll_state import PollState, near_sessions
from mentorship.queries.sessions.staying import dashboard_after_presses
from mentorship.web.http.request_body import asked_scope, page_number
from mentorship.web.sessions.live import LiveState, earliest, next_midnight
from mentorship.web.sessions.sweep_first import swept_poll_state

bp = Blueprint("dashboard", __name__)


@bp.get("/")
def home() -> Response:
    """Redirect to the dashboard, which redirects to sign-in if nobody is signed in."""
    return redirect(url_for("dashboard.show"))


@bp.get("/dashboard")
def show() -> str:
    """The viewer's own sessions, or all. Sweeps first, so that no status is out of date."""
    asked_pages()  # Refuses invalid page numbers before anything is read.
    now = utc_now()
    state = swept_poll_state(now, asked_scope())
    return render_template("sessions/dashboard.html", **_lists(state, state.cursor, now))


def lists_fragment(state: PollState, cursor: PollCursor, now: datetime) -> str:
    """The requested lists at `now` (UTC), for a changed poll."""
    return render_template("sessions/_section.html", **_lists(state, cursor, now))


def _lists(state: PollState, cursor: PollCursor, now: datetime) -> dict[str, Any]:
    """The context of the lists. `cursor` is the one that the page sends with its next poll."""
    session, viewer, scope = db.session(), state.viewer, state.scope
    with one_connection(session):
        board = dashboard_after_presses(
            session,
            viewer,
            scope,
            cursor=cursor,
            pages=asked_pages(),
            now=now,
            cutoff=current.settings().cutoff,
        )
        near = near_sessions(session, viewer, scope, now=now)
        asked = asked_of(viewer, now)
    argument = viewer.scope_argument(scope)
    live = LiveState(
        now=now,
        cursor=cursor,
        next_due=board.next_due,
        near=near,
        stays_until=earliest(board.stays_until, next_midnight(now, viewer.timezone)),
        fields={"scope": argument, **board.pages} if argument else board.pages,
    )
    return {"viewer": viewer, "scope": scope, "board": board, "asked": asked, "live": live}


def asked_of(viewer: Viewer, now: datetime) -> tuple[AskedOutcome, ...]:
    """The questions about outcomes on this person's page at `now` (UTC)."""
    if not (viewer.is_mentor or viewer.is_student):
        return ()
    silence = current.settings().outcome_silence
    return asked_outcomes(db.session(), viewer.id, now=now, silence=silence)


def asked_pages() -> dict[Section, int]:
    """The requested page of each list. Raises InvalidInput for an invalid number."""
    return {
        section: page_number(section.value)
        for section in Section
        if section.value in request.values
    }
