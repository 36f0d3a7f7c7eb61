"""Authentication: the person who makes a request.

Flask-Login reads a signed cookie that holds id, epoch, roles and sign-in. On the JSON routes a
personal token takes precedence over the cookie.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from flask import Flask, g, request
from flask import session as cookie
from flask_login import UserMixin, current_user, login_user, logout_user

from mentorship.clock import utc_now
from mentorship.domain.accounts.api_tokens import TokenScope
from mentorship.domain.accounts.viewers import Role, Scope, Viewer, require_role
from mentorship.domain.shared.errors import Forbidden, NotAuthenticated
from mentorship.domain.shared.messages import N_
from mentorship.extensions import db, login_manager
from mentorship.queries.accounts.people import signed_in
from mentorship.queries.sessions.poll_state import PollState, poll_state
from mentorship.services.accounts.api_tokens import PREFIX, token_owner
from mentorship.services.accounts.sign_ins import begin_sign_in, end_sign_in, note_seen
from mentorship.web.http.htmx import is_htmx
from mentorship.web.http.limits import attempts
from mentorship.web.http.session_cookie import SignedCookies

_TOKEN = re.compile(r"(\d{1,18})\.(\d{1,9})\.([A-Z]+(?:-[A-Z]+)*)\.([0-9a-f]{32})", re.ASCII)

_READ_BY_POST = frozenset({"availability_api.preview", "availability_api.preview_change"})
"""Endpoints that write nothing, and use POST because their fields do not fit into an address."""


@dataclass(frozen=True)
class CookieClaim:
    """The content of the cookie; we signed it, but the epoch may have changed since."""

    user_id: int
    epoch: int
    roles: frozenset[Role]
    sign_in: str


class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login has no types.
    """The person whom Flask-Login stores for a request."""

    def __init__(self, viewer: Viewer, sign_in: str) -> None:
        self.viewer = viewer
        self.sign_in = sign_in

    def get_id(self) -> str:
        """The text to sign; a new epoch or other roles sign the person out everywhere."""
        roles = "-".join(sorted(self.viewer.roles))
        return f"{self.viewer.id}.{self.viewer.epoch}.{roles}.{self.sign_in}"


def init_app(app: Flask) -> None:
    """Set up Flask-Login. The epoch replaces its own session protection."""
    app.session_interface = SignedCookies(app)
    login_manager.session_protection = None
    login_manager.user_loader(_load)


def cookie_claim() -> CookieClaim | None:
    """The claim in the cookie, without a look into the database."""
    return None if bearer() else claim_of(str(cookie.get("_user_id", "")))


def bearer() -> str | None:
    """The personal token of a request to a JSON route.

    Its prefix tells it from the cron service's secret. Another site cannot make a browser send it,
    so such a request needs no check of its origin.
    """
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, secret = header.partition(" ")
    is_personal = scheme.lower() == "bearer" and secret.startswith(PREFIX)
    return secret if is_personal and request.path.startswith("/api/") else None


def current_viewer() -> Viewer | None:
    """The person who makes the request, or None.

    Raises NotAuthenticated for an invalid token, and Forbidden if the token may only read.
    """
    secret = bearer()
    if secret is None:
        return cast(Viewer | None, g.get("viewer") or getattr(current_user, "viewer", None))
    if "bearer" not in g:
        found = token_owner(db.session(), secret, now=utc_now())
        if found is None:
            raise NotAuthenticated
        attempts.count_token(found[0])
        if found[2] is TokenScope.READ and not _only_reads():
            raise Forbidden(N_("This token may read only, so nothing was changed."))
        g.bearer = found[1]
    return cast(Viewer, g.bearer)


def _only_reads() -> bool:
    return request.method in ("GET", "HEAD") or request.endpoint in _READ_BY_POST


def required_viewer() -> Viewer:
    """The person who makes the request. Raises NotAuthenticated."""
    viewer = current_viewer()
    if viewer is None:
        raise NotAuthenticated
    return viewer


def required_mentor() -> Viewer:
    """The mentor who makes the request. Raises NotAuthenticated, and Forbidden for anybody else."""
    return _required(Role.MENTOR)


def required_student() -> Viewer:
    """The student who makes the request.

    Raises NotAuthenticated, and Forbidden for anybody else.
    """
    return _required(Role.STUDENT)


def required_admin() -> Viewer:
    """The admin who makes the request. Raises NotAuthenticated, and Forbidden for anybody else."""
    return _required(Role.ADMIN)


def _required(role: Role) -> Viewer:
    viewer = required_viewer()
    require_role(viewer, role)
    return viewer


def required_poll_state(now: datetime, asked: Scope) -> PollState:
    """The poll state of the signed-in person at `now` (UTC). Raises NotAuthenticated.

    `asked` is the requested scope. The request then knows its viewer and does not look it up again.
    """
    claim = cookie_claim()
    found = claim and poll_state(
        db.engine,  # The viewer opens a session only if the lists have changed.
        viewer_id=claim.user_id,
        epoch=claim.epoch,
        roles=claim.roles,
        sign_in=claim.sign_in,
        asked=asked,
        now=now,
    )
    if not claim or not found:
        raise NotAuthenticated
    g.viewer = found.viewer
    _note_seen(claim, found.last_seen_at, now)
    return found


def sign_in(viewer: Viewer) -> None:
    """Begin a new signed-in session; the old cookie is dropped (session fixation)."""
    cookie.clear()
    cookie.permanent = True
    begun = begin_sign_in(db.session(), viewer=viewer, now=utc_now())
    login_user(SignedIn(viewer, begun))
    cookie.pop("_id")  # A hash of the browser for Flask-Login's own protection, which is off.
    note_password_given()


def note_password_given() -> None:
    """Record that the right password has just been entered in this browser."""
    cookie["password_at"] = int(utc_now().timestamp())


def password_given_at() -> datetime | None:
    """When the password was last entered in this browser (UTC, whole seconds)."""
    given_at = cookie.get("password_at")
    return datetime.fromtimestamp(given_at, UTC) if isinstance(given_at, int) else None


def sign_out() -> None:
    """End the signed-in session of this browser, also for copies of its cookie."""
    claim = claim_of(str(cookie.get("_user_id", "")))
    if claim:
        end_sign_in(db.session(), claim.sign_in)
    logout_user()
    cookie.clear()


def _load(text: str) -> SignedIn | None:
    claim = claim_of(text)
    if claim is None:
        return None
    now = utc_now()
    found = signed_in(
        db.session(), user_id=claim.user_id, epoch=claim.epoch, sign_in=claim.sign_in, now=now
    )
    if found is None or found[0].roles != claim.roles:
        return None
    _note_seen(claim, found[1], now)
    return SignedIn(found[0], claim.sign_in)


def _note_seen(claim: CookieClaim, last: datetime, now: datetime) -> None:
    """Record a use of the sign-in, if the database can be written to.

    Polls of an open page do not count, because nobody may be there.
    """
    if is_htmx():
        return  # Avoids a session of SQLAlchemy, which a quiet poll does not need.
    session = db.session()
    if not session.in_transaction():
        note_seen(session, claim.sign_in, last=last, now=now)


def claim_of(text: str) -> CookieClaim | None:
    """The claim in the signed text of a cookie, or None."""
    match = _TOKEN.fullmatch(text)
    names = match[3].split("-") if match else []
    if match is None or not Role.__members__.keys() >= set(names):
        return None
    return CookieClaim(int(match[1]), int(match[2]), frozenset(map(Role, names)), match[4])
