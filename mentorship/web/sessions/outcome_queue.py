"""The admins' queue: sessions whose people disagree about the outcome, or have not answered."""

from datetime import datetime

from flask import (
    Blueprint,
    Flask,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response

from mentorship import current
from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.shared.errors import Forbidden, InvalidInput
from mentorship.domain.shared.messages import N_, joined, ngettext
from mentorship.extensions import db
from mentorship.queries.sessions.outcome_view import (
    MOST_COUNTED,
    QueueView,
    count_waiting,
    outcome_queue,
)
from mentorship.queries.sessions.outcomes import has_impartial_admin
from mentorship.schemas.base import LARGEST_ID
from mentorship.schemas.outcomes import DecisionForm
from mentorship.services.sessions.decisions import Decisions, decide_outcomes
from mentorship.web.http.authentication import required_admin
from mentorship.web.http.formatting import translate
from mentorship.web.http.request_body import body, page_number

bp = Blueprint("outcome_queue", __name__, url_prefix="/outcomes")


def init_app(app: Flask) -> None:
    """Give templates `outcomes_waiting()`, the number in the bar of an admin."""
    app.add_template_global(outcomes_waiting)


def outcomes_waiting() -> str:
    """Like "3" or "99+"; empty if nothing waits."""
    count = count_waiting(db.session(), now=utc_now())
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count or "")


@bp.get("")
def show() -> str:
    """One list of the queue, in pages."""
    viewer = required_admin()
    return _page(viewer, _asked_view(), _asked_mentor(), now=utc_now())


@bp.post("")
def decide() -> Response:
    """Decide about the ticked sessions; a refusal shows the form again."""
    viewer, now = required_admin(), utc_now()
    try:
        fields = body(DecisionForm)
        if not fields.sessions:
            raise InvalidInput(N_("Please choose at least one session."))
        done = decide_outcomes(
            db.session(),
            booking_ids=fields.sessions,
            viewer=viewer,
            word=fields.outcome,
            reason=fields.reason or None,
            now=now,
            silence=current.settings().outcome_silence,
        )
    except (Forbidden, InvalidInput) as refused:
        page = _page(viewer, _asked_view(), _asked_mentor(), now=now, error=translate(refused))
        return make_response(page, 403 if isinstance(refused, Forbidden) else 400)
    flash(translate(_message(done)))
    return redirect(url_for("outcome_queue.show", view=fields.view, mentor=fields.mentor), 303)


def _message(done: Decisions) -> str:
    decided = ngettext("%(n)s session is decided.", "%(n)s sessions are decided.", done.decided)
    if not done.refused:
        return decided
    refused = ngettext(
        "%(n)s session could not be decided, because it was cancelled or moved meanwhile.",
        "%(n)s sessions could not be decided, because they were cancelled or moved meanwhile.",
        done.refused,
    )
    return joined(decided, refused)


def _page(
    viewer: Viewer, view: QueueView, mentor_id: int | None, *, now: datetime, error: str = ""
) -> str:
    queue = outcome_queue(
        db.session(), view, mentor_id=mentor_id, page=page_number("page"), now=now
    )
    barred = {
        each.id
        for each in queue.sessions
        if viewer.id in each.people and has_impartial_admin(db.session(), each.people)
    }
    return render_template(
        "sessions/outcomes.html",
        viewer=viewer,
        queue=queue,
        barred=barred,
        now=now,
        error=error,
        typed=request.form,
        ticked=request.form.getlist("sessions", type=int),
    )


def _asked_view() -> QueueView:
    """The requested list of the queue. Raises InvalidInput for an unknown one."""
    try:
        return QueueView(request.values.get("view", QueueView.DISPUTED))
    except ValueError:
        raise InvalidInput(N_("The field '%(name)s' is invalid.", name="view")) from None


def _asked_mentor() -> int | None:
    """The requested mentor, if any. Raises InvalidInput for an invalid id."""
    asked = request.values.get("mentor", "")
    if not asked:
        return None
    is_number = asked.isascii() and asked.isdecimal() and len(asked) <= 10
    if not is_number or int(asked) > LARGEST_ID:
        raise InvalidInput(N_("The field '%(name)s' is invalid.", name="mentor"))
    return int(asked)
