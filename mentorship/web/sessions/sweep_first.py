"""Nobody is shown an old status: what is due is applied before anything is read."""

from datetime import datetime

from mentorship.extensions import db
from mentorship.models import Cause
from mentorship.queries.sessions.poll_state import PollState
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from mentorship.web.http.authentication import required_poll_state


def sweep(now: datetime) -> None:
    """Apply what is due at `now` (UTC); with nothing due it only reads."""
    update_session_statuses(db.session(), now=now, cause=Cause.POLL, returning=no_updates)


def swept_poll_state(now: datetime) -> PollState:
    """Who asks and where their lists stand at `now` (UTC), after a sweep where anything is due."""
    return swept_now(required_poll_state(now), now)


def swept_now(state: PollState, now: datetime) -> PollState:
    """The same after a sweep, where `state` says that anything is due."""
    if not state.is_anything_due:
        return state
    sweep(now)
    return required_poll_state(now)
