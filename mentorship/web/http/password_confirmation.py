"""Asking for the password again before something is made that outlasts the sign-in.

A page answers with a form that sends everything once more, with the password, to the same address,
so that nothing typed is lost.
"""

from datetime import datetime, timedelta

from flask import request

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.shared.errors import PasswordNeeded, WrongPassword
from mentorship.extensions import db
from mentorship.services.accounts.passwords import check_password
from mentorship.web.http import authentication
from mentorship.web.http.limits import attempts

FIELD = "confirm_password"

RECENT = timedelta(minutes=15)
"""For so long after the password was given it is not asked for again."""


def is_password_recent(now: datetime) -> bool:
    """Whether this browser gave the password shortly before `now` (UTC)."""
    given_at = authentication.password_given_at()
    return given_at is not None and abs(now - given_at) <= RECENT


def require_recent_password(viewer: Viewer) -> None:
    """Take the password from the form, if there is one. Raises PasswordNeeded, and RateLimited."""
    if is_password_recent(utc_now()):
        return
    given = request.form.get(FIELD)
    if given is None or request.path.startswith("/api/"):
        raise PasswordNeeded
    attempts.count_own_password(viewer.id)
    if check_password(db.session(), email=viewer.email, password=given[:200]) is None:
        raise WrongPassword
    attempts.note_own_password(viewer.id)
    authentication.note_password_given()


def typed_fields() -> list[tuple[str, str]]:
    """All that the form has sent except the password."""
    return [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in (FIELD, "username")
    ]
