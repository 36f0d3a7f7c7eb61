"""Pages sweep before they read, so that they never show an outdated status."""

from datetime import datetime

from mentorship.domain.accounts.viewers import Scope
from mentorship.extensions import db
from mentorship.models import Cause
from mentorship.queries.sessions.poll_state import PollState
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from mentorship.web.http.authentication import required_poll_state


def sweep(now: datetime) -> None:
    """Apply what is due at `now` (UTC); with nothing due it only reads."""
    update_session_statuses(db.session(), now=now, cause=Cause.POLL, returning=no_updates)


def swept_poll_state(now: datetime, asked: Scope) -> PollState:
    """The poll state of the signed-in person at `now` (UTC), after a sweep if one is due."""
    return swept_now(required_poll_state(now, asked), now)


def swept_now(state: PollState, now: datetime) -> PollState:
    """`state`, or if it says that a sweep is due, the state after that sweep."""
    if not state.is_anything_due:
        return state
    sweep(now)
    return required_poll_state(now, state.scope)
