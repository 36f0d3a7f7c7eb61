"""A person's own account: how times are written, the password, and tokens for programs."""

from collections.abc import Mapping

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mentorship import current
from mentorship.clock import utc_now
from mentorship.domain.accounts.api_tokens import DEFAULT_DAYS
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.zones import places, renamed
from mentorship.extensions import db
from mentorship.queries.accounts.api_tokens import tokens_of
from mentorship.queries.accounts.people import is_approval_pending, unknown_zone_of, viewer_of
from mentorship.services.accounts import api_tokens, passwords
from mentorship.services.accounts.edit_details import edit_details, hours_left_behind
from mentorship.web.http import authentication
from mentorship.web.http.authentication import required_viewer
from mentorship.web.http.formatting import hour_cycle, translate
from mentorship.web.http.limits import attempts
from mentorship.web.http.locale import language
from mentorship.web.http.password_confirmation import require_recent_password

_DETAILS = ("name", "timezone", "hour_cycle", "language")

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.get("")
def show() -> str:
    """The page."""
    return _page()


@bp.post("")
def update_details() -> Response | str | tuple[str, int]:
    """Change name, time zone, time format and language; ask what becomes of weekly hours."""
    viewer = required_viewer()
    given = {name: request.form.get(name, "") for name in _DETAILS}
    hours = request.form.get("hours", "")
    try:
        if not hours and hours_left_behind(db.session(), viewer, given["timezone"]):
            return _page(given=given, asks_about_hours=True)
        message = edit_details(
            db.session(), viewer=viewer, now=utc_now(), hours=hours or "stay", **given
        )
    except InvalidInput as error:
        return _page(error=translate(error), given=given), 400
    g.pop("language", None)  # The answer is in the language that was chosen just now.
    g.viewer = viewer_of(db.session(), user_id=viewer.id, epoch=viewer.epoch)
    flash(translate(message))
    return redirect(url_for("account.show"), 303)


@bp.post("/password")
def update_password() -> Response | tuple[str, int]:
    """Change the password; this browser stays signed in, everything else ends."""
    viewer = required_viewer()
    attempts.count_own_password(viewer.id)
    try:
        changed = passwords.change_password(
            db.session(),
            viewer=viewer,
            current=request.form.get("current", "")[:200],
            password=request.form.get("password", ""),
            links=current.links(),
            now=utc_now(),
        )
    except InvalidInput as error:
        return _page(error=translate(error)), 400
    attempts.note_own_password(viewer.id)
    authentication.sign_in(changed)
    return _back(_("Your password has been changed. You are signed out everywhere else."))


@bp.post("/sign-out-everywhere")
def sign_out_everywhere() -> Response:
    """End the sessions of all browsers, this one too, and all tokens."""
    viewer = required_viewer()
    passwords.sign_out_everywhere(db.session(), viewer=viewer, now=utc_now())
    authentication.sign_out()
    flash(_("You are signed out everywhere."))
    return redirect(url_for("sign_in.login"), code=303)


@bp.post("/tokens")
def create_token() -> str | tuple[str, int]:
    """Create a token. Only this answer shows it, so there is no redirect."""
    viewer = required_viewer()
    require_recent_password(viewer)
    try:
        token = api_tokens.create_token(
            db.session(),
            viewer=viewer,
            name=request.form.get("name", ""),
            scope=api_tokens.clean_scope(request.form.get("scope")),
            days=api_tokens.clean_days(request.form.get("days", str(DEFAULT_DAYS))),
            now=utc_now(),
        )
    except InvalidInput as error:
        return _page(error=translate(error)), 400
    return _page(token=token)


@bp.post("/tokens/<id:token_id>/revoke")
def revoke_token(token_id: int) -> Response:
    """Revoke a token."""
    viewer = required_viewer()
    api_tokens.revoke_token(db.session(), viewer=viewer, token_id=token_id, now=utc_now())
    return _back(_("The token is revoked."))


def _page(
    *,
    error: str | None = None,
    token: api_tokens.NewToken | None = None,
    given: Mapping[str, str] | None = None,
    asks_about_hours: bool = False,
) -> str:
    """The page, with the details that were `given` but not stored."""
    viewer = required_viewer()
    stored = {
        "name": viewer.name,
        "timezone": viewer.timezone,
        "hour_cycle": viewer.hour_cycle or hour_cycle(),
        "language": viewer.language or language(),
    }
    return render_template(
        "accounts/account.html",
        viewer=viewer,
        is_approval_pending=is_approval_pending(db.session(), viewer.id),
        tokens=tokens_of(db.session(), viewer, now=utc_now()),
        timezones=places(),
        unknown_zone=unknown_zone_of(db.session(), viewer.id),
        now=utc_now(),
        given=given or stored,
        asks_about_hours=asks_about_hours,
        renamed=renamed(),
        error=error,
        token=token,
    )


def _back(message: str) -> Response:
    flash(translate(message))
    return redirect(url_for("account.show"), code=303)
