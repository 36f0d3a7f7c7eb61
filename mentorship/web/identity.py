"""Who asks: by Flask-Login over a signed cookie that holds id, sign-in epoch and role, or on the
JSON routes by a personal token, next to which the cookie does not count.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import Flask, g, request
from flask import session as cookie
from flask_login import UserMixin, current_user, login_user, logout_user

from mentorship.clock import utc_now
from mentorship.domain.errors import Forbidden, NotSignedIn
from mentorship.domain.people import Role, Viewer
from mentorship.domain.sentences import N_
from mentorship.extensions import db, login_manager
from mentorship.queries.people import viewer_of
from mentorship.queries.pulse import Pulse, pulse
from mentorship.services.tokens import PREFIX, bearer_of
from mentorship.web import limits
from mentorship.web.cookies import SignedCookies

_TOKEN = re.compile(r"(\d{1,18})\.(\d{1,9})\.([A-Z]+)", re.ASCII)


@dataclass(frozen=True)
class Token:
    """What the cookie claims; signed by us, but the epoch may have passed since."""

    user_id: int
    epoch: int
    role: Role


class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login has no types.
    """What Flask-Login keeps for a request."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer

    def get_id(self) -> str:
        """The token to sign; a new epoch or another role signs the person out everywhere."""
        return f"{self.viewer.id}.{self.viewer.epoch}.{self.viewer.role}"


def init_app(app: Flask) -> None:
    """Tell Flask-Login how to find a person. The epoch takes the place of its own protection."""
    app.session_interface = SignedCookies(app)
    login_manager.session_protection = None
    login_manager.user_loader(_load)


def token() -> Token | None:
    """The cookie's claim, without asking the database."""
    return None if bearer() else claim_of(str(cookie.get("_user_id", "")))


def bearer() -> str | None:
    """The personal token of a request to a JSON route.

    Its beginning tells it from the cron service's secret. Another site cannot make a browser send
    it, so such a request needs no further proof of where it comes from.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    is_personal = scheme.lower() == "bearer" and secret.startswith(PREFIX)
    return secret if is_personal and request.path.startswith("/api/") else None


def current_viewer() -> Viewer | None:
    """The person who asks, if we know. Raises NotSignedIn for a token that does not work."""
    secret = bearer()
    if secret is None:
        return cast(Viewer | None, g.get("viewer") or getattr(current_user, "viewer", None))
    if "bearer" not in g:
        found = bearer_of(db.session(), secret, now=utc_now())
        if found is None:
            raise NotSignedIn
        limits.count_token(found[0])
        g.bearer = found[1]
    return cast(Viewer, g.bearer)


def required_viewer() -> Viewer:
    """The person who asks. Raises NotSignedIn."""
    viewer = current_viewer()
    if viewer is None:
        raise NotSignedIn
    return viewer


def required_mentor() -> Viewer:
    """The mentor who asks. Raises NotSignedIn, and Forbidden for everybody else."""
    viewer = required_viewer()
    if viewer.role is not Role.MENTOR:
        raise Forbidden(N_("Only mentors give times."))
    return viewer


def required_pulse(now: datetime) -> Pulse:
    """The signed-in person and where their lists stand at `now` (UTC). Raises NotSignedIn.

    The request then knows its viewer, and need not ask again.
    """
    claim = token()
    found = claim and pulse(
        db.session(), viewer_id=claim.user_id, epoch=claim.epoch, role=claim.role, now=now
    )
    if not found:
        raise NotSignedIn
    g.viewer = found.viewer
    return found


def sign_in(viewer: Viewer) -> None:
    """Begin a new signed-in session; whatever the browser held before is dropped (fixation)."""
    cookie.clear()
    cookie.permanent = True
    login_user(SignedIn(viewer))


def sign_out() -> None:
    """End the signed-in session of this browser."""
    logout_user()
    cookie.clear()


def _load(text: str) -> SignedIn | None:
    claim = claim_of(text)
    if claim is None:
        return None
    viewer = viewer_of(db.session(), user_id=claim.user_id, epoch=claim.epoch)
    return SignedIn(viewer) if viewer and viewer.role is claim.role else None


def claim_of(text: str) -> Token | None:
    """What the signed text of a cookie claims; None where it claims nothing."""
    match = _TOKEN.fullmatch(text)
    if match is None or match[3] not in Role.__members__:
        return None
    return Token(int(match[1]), int(match[2]), Role[match[3]])
