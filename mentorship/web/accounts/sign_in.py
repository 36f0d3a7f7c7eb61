"""Sign-in, sign-out, and setting a password by a link."""

import re

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mentorship import current
from mentorship.adapters.passwords import DEMO_PASSWORD
from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.shared.email_addresses import LONGEST_ADDRESS, normalized
from mentorship.domain.shared.errors import InvalidInput, NotConfirmed
from mentorship.domain.shared.messages import N_
from mentorship.domain.shared.zones import UTC_NAME, places, renamed
from mentorship.extensions import db
from mentorship.queries.accounts.people import has_password
from mentorship.services.accounts.passwords import check_password, set_password
from mentorship.services.accounts.reading_preferences import new_reading, note_browser
from mentorship.services.accounts.sign_up import send_confirmation
from mentorship.services.accounts.signed_links import link_owner
from mentorship.web.http import authentication
from mentorship.web.http.formatting import hour_cycle, translate
from mentorship.web.http.limits import attempts
from mentorship.web.http.limits.known_browsers import remember_browser
from mentorship.web.http.locale import language

bp = Blueprint("sign_in", __name__)

_READING = ("timezone", "language", "hour_cycle")

WRONG = N_("The e-mail address or password is wrong.")


@bp.get("/login")
def login() -> Response | str:
    """The sign-in form."""
    if authentication.current_viewer():
        return redirect(url_for("dashboard.show"))
    return _form()


@bp.post("/login")
def create() -> Response | tuple[str, int]:
    """Sign in. One answer for a wrong password and for an account that does not exist.

    The public password of the demo is refused in production. With the right password of an
    unconfirmed account, the confirmation link is sent again.
    """
    email, password = asked_email(), request.form.get("password", "")[:200]
    attempts.count_password(email)
    is_published = password == DEMO_PASSWORD and current.settings().is_production
    try:
        viewer = (
            check_password(db.session(), email=email, password=password)
            if _is_storable(email) and not is_published
            else None
        )
    except NotConfirmed as error:
        attempts.note_success(email)
        if attempts.has_room_for_mail(email):
            links = current.links()
            send_confirmation(db.session(), email=email, links=links, now=utc_now())
        return _form(error=translate(error), email=email), 403
    if viewer is None:
        attempts.note_failure(email)
        return _form(error=translate(WRONG), email=email), 401
    attempts.note_success(email)
    note_browser(db.session(), viewer, language=language(), hour_cycle=hour_cycle())
    authentication.sign_in(viewer)
    remember_browser(email)
    if _has_chosen_nothing(viewer):
        flash(
            _(
                "Welcome! Your times are in UTC. Choose your time zone, time format and language "
                "under Account."
            )
        )
    return redirect(local_path(request.values.get("next", "")) or url_for("dashboard.show"), 303)


def _has_chosen_nothing(viewer: Viewer) -> bool:
    """Whether this is the first sign-in to an account that an operator created with a password."""
    return viewer.timezone == UTC_NAME and viewer.language is None and viewer.hour_cycle is None


@bp.post("/logout")
def logout() -> Response:
    """Sign out in this browser."""
    authentication.sign_out()
    return redirect(url_for("sign_in.login"), code=303)


@bp.get("/reset/<token>")
def reset(token: str) -> str:
    """The form behind a link that sets a password."""
    return _password_form(_person_of(token))


@bp.post("/reset/<token>")
def store_password(token: str) -> Response | tuple[str, int]:
    """Set the password; the link then no longer works, and other browsers are signed out."""
    person = _person_of(token)
    password = request.form.get("password", "")
    try:
        links = current.links()
        reading = _reading(person)
        set_password(
            db.session(),
            viewer=person,
            password=password,
            links=links,
            now=utc_now(),
            reading=reading,
        )
    except InvalidInput as error:
        return _password_form(person, error=translate(error)), 400
    attempts.note_success(person.email)
    remember_browser(person.email)
    flash(_("Your password is set. Please sign in with it."))
    return redirect(url_for("sign_in.login"), code=303)


def _reading(person: Viewer) -> dict[str, object]:
    """The reading preferences in the form of a first password. Raises InvalidInput."""
    if "timezone" not in request.form or has_password(db.session(), person.id):
        return {}
    return new_reading(**{name: request.form.get(name, "") for name in _READING})


def _password_form(person: Viewer, *, error: str | None = None) -> str:
    """The form of a password; with a first password also for reading preferences.

    These are filled in from the person's own choice, the imported file, or the browser.
    """
    chosen = {
        "timezone": person.timezone if person.timezone != UTC_NAME else "",
        "language": person.language or language(),
        "hour_cycle": person.hour_cycle or hour_cycle(),
    }
    return render_template(
        "accounts/set_password.html",
        person=person,
        error=error,
        is_first=not has_password(db.session(), person.id),
        given={name: request.form.get(name, chosen[name]) for name in _READING},
        timezones=places(),
        renamed=renamed(),
    )


def asked_email() -> str:
    """The address in the form, as it would be stored."""
    return normalized(request.form.get("email", ""))[:LONGEST_ADDRESS]


def local_path(text: str) -> str | None:
    """`text` if it is a path on this host, else None.

    Browsers drop control characters and take a backslash for a slash before they read an address.
    """
    path = re.sub(r"[\x00-\x20]", "", text).replace("\\", "/")
    return path if re.match(r"/(?!/)", path) else None


def _person_of(token: str) -> Viewer:
    return link_owner(db.session(), token, secret_key=current.secret_key())


def _is_storable(email: str) -> bool:
    return "\x00" not in email and not re.search("[\ud800-\udfff]", email)


def _form(*, error: str | None = None, email: str = "") -> str:
    return render_template(
        "accounts/login.html", error=error, email=email, next=request.values.get("next", "")
    )
