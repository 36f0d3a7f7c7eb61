"""Sign-in, sign-out, and setting a password by a link."""

import re

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mentorship.adapters.throttle import ACCOUNT, ADDRESS, OVERALL, Throttle
from mentorship.clock import utc_now
from mentorship.config import Settings
from mentorship.domain.errors import InvalidInput, TooManyTries
from mentorship.domain.people import Viewer
from mentorship.extensions import db
from mentorship.services.accounts import check_password, set_password
from mentorship.services.reset_links import person_of
from mentorship.web import identity

bp = Blueprint("auth", __name__)

_WRONG = "The e-mail address or the password is not right."


def init_app(app: Flask, settings: Settings) -> None:
    """Make the sign-in throttle of this process."""
    redis = settings.redis_url
    app.extensions["throttle"] = Throttle(redis.get_secret_value() if redis else None)


@bp.get("/login")
def login() -> Response | str:
    """The sign-in form."""
    if identity.current_viewer():
        return redirect(url_for("dashboard.show"))
    return _form()


@bp.post("/login")
def check_login() -> Response | tuple[str, int]:
    """Sign in. One answer for a wrong password and for an account that does not exist."""
    email = request.form.get("email", "").strip().lower()[:254]
    address = request.remote_addr or ""
    throttle: Throttle = current_app.extensions["throttle"]
    _refuse_if_throttled(throttle, email, address)
    viewer = check_password(
        db.session(), email=email, password=request.form.get("password", "")[:200]
    ) if _is_storable(email) else None  # fmt: skip
    if viewer is None:
        throttle.hit(ADDRESS, address)
        return _form(error=_WRONG, email=email), 401
    throttle.clear(ACCOUNT, email)
    identity.sign_in(viewer)
    return redirect(local_path(request.values.get("next", "")) or url_for("dashboard.show"), 303)


@bp.post("/logout")
def logout() -> Response:
    """Sign out in this browser."""
    identity.sign_out()
    return redirect(url_for("auth.login"), code=303)


@bp.get("/reset/<token>")
def reset(token: str) -> str:
    """The form behind a link that sets a password."""
    return render_template("set_password.html", person=_person_of(token), error=None)


@bp.post("/reset/<token>")
def store_password(token: str) -> Response | tuple[str, int]:
    """Set the password; the link then no longer works, and other browsers are signed out."""
    person = _person_of(token)
    try:
        set_password(db.session(), viewer=person, password=request.form.get("password", ""))
    except InvalidInput as error:
        return render_template("set_password.html", person=person, error=str(error)), 400
    return redirect(url_for("auth.login"), code=303)


def local_path(text: str) -> str | None:
    """`text` if it is a path on this host, else None.

    Browsers drop control characters and take a backslash for a slash before they read an address.
    """
    path = re.sub(r"[\x00-\x20]", "", text).replace("\\", "/")
    return path if re.match(r"/(?!/)", path) else None


def _person_of(token: str) -> Viewer:
    return person_of(db.session(), token, secret_key=current_app.config["SECRET_KEY"])


def _refuse_if_throttled(throttle: Throttle, email: str, address: str) -> None:
    """Tries are counted before the costly check; those of one address only where they failed."""
    limits = (
        (ADDRESS, address, not throttle.is_used_up(ADDRESS, address)),
        (OVERALL, "", throttle.hit(OVERALL, "")),
        (ACCOUNT, email, throttle.hit(ACCOUNT, email)),
    )
    for limit, key, is_free in limits:
        if not is_free:
            seconds = throttle.seconds_left(limit, key, now=utc_now().timestamp())
            raise TooManyTries(
                f"Too many tries to sign in. Please wait {-(-seconds // 60)} min and try again.",
                retry_after=seconds,
            )


def _is_storable(email: str) -> bool:
    return "\x00" not in email and not re.search("[\ud800-\udfff]", email)


def _form(*, error: str | None = None, email: str = "") -> str:
    return render_template(
        "login.html", error=error, email=email, next=request.values.get("next", "")
    )
