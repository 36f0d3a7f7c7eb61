"""Asking for the password again before something is created that outlasts the sign-in.

The answer is a form that sends the same fields again with the password, so that nothing typed is
lost.
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
"""How long after entering the password people are not asked for it again."""


def is_password_recent(now: datetime) -> bool:
    """Whether the password was entered in this browser shortly before `now` (UTC)."""
    given_at = authentication.password_given_at()
    return given_at is not None and abs(now - given_at) <= RECENT


def require_recent_password(viewer: Viewer) -> None:
    """Check the password in the form, unless it was entered recently.

    Raises PasswordNeeded without one, WrongPassword, and RateLimited after too many attempts.
    """
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
    """All fields of the form except the password."""
    return [
        (name, value)
        for name, value in request.form.items(multi=True)
        if name not in (FIELD, "username")
    ]
