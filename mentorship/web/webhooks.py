"""Pages about webhooks, for admins."""

from collections.abc import Collection

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from mentorship import current
from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.shared.errors import InvalidInput, NotFound
from mentorship.domain.shared.messages import N_
from mentorship.domain.webhooks.events import EventKind
from mentorship.domain.webhooks.signing import displayed_key, endpoint_key
from mentorship.extensions import db
from mentorship.queries.webhooks import call_log, endpoint_by, endpoints
from mentorship.services.webhooks import endpoints as webhook_endpoints
from mentorship.web.http.authentication import required_admin
from mentorship.web.http.formatting import translate
from mentorship.web.http.password_confirmation import (
    is_password_recent,
    require_recent_password,
)
from mentorship.web.http.request_body import page_number

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")


@bp.get("")
def index() -> str:
    """All webhooks, and a form to add one."""
    return _list_page(required_admin())


@bp.post("")
def add() -> Response | tuple[str, int]:
    """Add a webhook; it is off at first."""
    viewer, url = required_admin(), request.form.get("url", "")
    kinds = request.form.getlist("kinds")
    settings = current.settings()
    try:
        endpoint_id = webhook_endpoints.add_endpoint(
            db.session(),
            url,
            kinds,
            loopback=settings.webhook_loopback,
            is_production=settings.is_production,
            now=utc_now(),
        )
    except InvalidInput as error:
        return _list_page(viewer, url=url, kinds=kinds, error=translate(error)), 400
    flash(_("Webhook added. Give its signing key to the other system, then turn it on."))
    return _to(endpoint_id)


@bp.get("/<id:endpoint_id>")
def show(endpoint_id: int) -> str:
    """One webhook: its kinds of events, its signing key and the log of its calls."""
    return _endpoint_page(endpoint_id)


@bp.post("/<id:endpoint_id>/kinds")
def choose_kinds(endpoint_id: int) -> Response | tuple[str, int]:
    """Choose the kinds of events that a webhook is called about."""
    required_admin()
    kinds = request.form.getlist("kinds")
    try:
        webhook_endpoints.choose_kinds(db.session(), endpoint_id, kinds)
    except InvalidInput as error:
        return _endpoint_page(endpoint_id, error=translate(error)), 400
    flash(_("Kinds of events saved."))
    return _to(endpoint_id)


@bp.post("/<id:endpoint_id>")
def show_key(endpoint_id: int) -> Response:
    """Show the signing key, after the password was entered again."""
    require_recent_password(required_admin())
    return _to(endpoint_id)


@bp.post("/<id:endpoint_id>/on")
def turn_on(endpoint_id: int) -> Response:
    """Turn a webhook on."""
    required_admin()
    webhook_endpoints.turn_on(db.session(), endpoint_id, now=utc_now())
    flash(_("Webhook turned on."))
    return _to(endpoint_id)


@bp.post("/<id:endpoint_id>/off")
def turn_off(endpoint_id: int) -> Response:
    """Turn a webhook off."""
    required_admin()
    webhook_endpoints.turn_off(db.session(), endpoint_id, now=utc_now())
    flash(_("Webhook turned off."))
    return _to(endpoint_id)


@bp.post("/<id:endpoint_id>/key")
def renew(endpoint_id: int) -> Response:
    """Replace the signing key."""
    require_recent_password(required_admin())
    webhook_endpoints.renew_secret(db.session(), endpoint_id)
    flash(_("New key created. All calls are now signed with it."))
    return _to(endpoint_id)


@bp.post("/<id:endpoint_id>/remove")
def remove(endpoint_id: int) -> Response:
    """Remove a webhook."""
    required_admin()
    webhook_endpoints.remove_endpoint(db.session(), endpoint_id, now=utc_now())
    flash(_("Webhook removed."))
    return redirect(url_for("webhooks.index"), code=303)


@bp.post("/<id:endpoint_id>/calls/<id:call_id>/again")
def retry_call(endpoint_id: int, call_id: int) -> Response:
    """Send one call again."""
    required_admin()
    webhook_endpoints.retry_call(db.session(), endpoint_id, call_id, now=utc_now())
    flash(_("The call will be sent again now."))
    return _to(endpoint_id)


def _endpoint_page(endpoint_id: int, *, error: str = "") -> str:
    viewer = required_admin()
    endpoint = endpoint_by(db.session(), endpoint_id)
    if endpoint is None:
        raise NotFound(N_("There is no such webhook."))
    return render_template(
        "webhooks/endpoint.html",
        viewer=viewer,
        endpoint=endpoint,
        key=displayed_key(endpoint_key(current.secret_key(), endpoint.salt))
        if is_password_recent(utc_now())
        else None,
        log=call_log(db.session(), endpoint_id, page=page_number("page")),
        error=error,
    )


def _list_page(
    viewer: Viewer, *, url: str = "", kinds: Collection[str] = tuple(EventKind), error: str = ""
) -> str:
    found = endpoints(db.session())
    return render_template(
        "webhooks/endpoints.html", viewer=viewer, found=found, url=url, kinds=kinds, error=error
    )


def _to(endpoint_id: int) -> Response:
    return redirect(url_for("webhooks.show", endpoint_id=endpoint_id), code=303)
