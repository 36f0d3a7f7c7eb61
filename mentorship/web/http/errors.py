"""Errors as HTTP answers, once for all routes: JSON, a fragment for HTMX, or a page."""

from http import HTTPStatus
from typing import cast

import structlog
from flask import (
    Flask,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from werkzeug.exceptions import HTTPException

from mentorship import current
from mentorship.database import is_read_only
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.shared.errors import (
    AlreadyConfirmed,
    BadSignature,
    Conflict,
    Forbidden,
    InvalidInput,
    KeyReused,
    LinkExpired,
    NotAuthenticated,
    NotConfirmed,
    NotFound,
    PasswordNeeded,
    ProductError,
    RateLimited,
    TooManyBookings,
    TooManyChanges,
    Unauthorized,
    Unavailable,
    WrongPassword,
)
from mentorship.domain.shared.messages import N_
from mentorship.extensions import db
from mentorship.schemas.base import ErrorAnswer
from mentorship.schemas.booking import not_free_answer
from mentorship.schemas.sessions import ConflictAnswer
from mentorship.services.booking.book import NotFree
from mentorship.web.http.authentication import current_viewer
from mentorship.web.http.formatting import translate
from mentorship.web.http.htmx import POLL_NOW, is_htmx, wants_page
from mentorship.web.http.password_confirmation import typed_fields
from mentorship.web.http.request_guards import CrossSite, WrongAddress

log = structlog.get_logger(__name__)

_STATUS: dict[type[ProductError], HTTPStatus] = {
    InvalidInput: HTTPStatus.BAD_REQUEST,
    LinkExpired: HTTPStatus.BAD_REQUEST,
    NotAuthenticated: HTTPStatus.UNAUTHORIZED,
    BadSignature: HTTPStatus.UNAUTHORIZED,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    NotConfirmed: HTTPStatus.FORBIDDEN,
    Forbidden: HTTPStatus.FORBIDDEN,
    PasswordNeeded: HTTPStatus.FORBIDDEN,
    WrongPassword: HTTPStatus.FORBIDDEN,
    CrossSite: HTTPStatus.FORBIDDEN,
    WrongAddress: HTTPStatus.BAD_REQUEST,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    NotFree: HTTPStatus.CONFLICT,
    TooManyBookings: HTTPStatus.CONFLICT,
    KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    RateLimited: HTTPStatus.TOO_MANY_REQUESTS,
    TooManyChanges: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

_MESSAGES: dict[int, str] = {
    400: N_("This request could not be understood."),
    404: N_("There is nothing at this address."),
    405: N_("This address does not accept this kind of request."),
    413: N_("This request is too large."),
    415: N_("This type of content is not accepted here."),
    431: N_("The headers of this request are too long."),
}
_OTHERWISE = N_("This request was refused.")


_TITLES: dict[int, str] = {
    400: N_("Bad request"),
    401: N_("Not signed in"),
    403: N_("Not allowed"),
    404: N_("Not found"),
    409: N_("Not possible now"),
    429: N_("Too many tries"),
    500: N_("Something went wrong"),
    503: N_("Not available now"),
}
_FAILED = N_("Refused")


def init_app(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(ProductError, _product_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(SQLAlchemyError, _database_error)
    app.register_error_handler(Exception, _unexpected_error)


def _product_error(error: ProductError) -> Response:
    is_page = request.method in ("GET", "HEAD") and not request.path.startswith("/api/")
    if isinstance(error, NotAuthenticated) and is_page and not is_htmx():
        return cast(
            Response, redirect(url_for("sign_in.login", next=request.full_path.rstrip("?")))
        )
    if isinstance(error, AlreadyConfirmed):
        _flash_once(translate(error))
        return cast(Response, redirect(url_for("sign_in.login"), 303))
    if isinstance(error, PasswordNeeded) and not request.path.startswith("/api/"):
        return _confirm_password(error)
    refused = error if isinstance(error, Conflict | NotFree) else None
    is_link = isinstance(error, LinkExpired)
    typed = _typed() if isinstance(error, TooManyChanges) else None
    response = _answer(
        _STATUS[type(error)],
        error.message,
        refused,
        is_link=is_link,
        is_elsewhere=isinstance(error, WrongAddress),
        typed=typed,
    )
    if isinstance(error, RateLimited):
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, NotAuthenticated) and is_htmx():
        response.headers["HX-Redirect"] = url_for("sign_in.login")
        _flash_once(
            translate(N_("You are signed out, so nothing was changed. Please sign in again."))
        )
    return response


def _confirm_password(error: PasswordNeeded) -> Response:
    viewer = current_viewer()
    page = render_template(
        "accounts/confirm_password.html",
        message=translate(error),
        is_wrong=isinstance(error, WrongPassword),
        fields=typed_fields(),
        email=viewer.email if viewer else "",
    )
    return make_response(page, HTTPStatus.FORBIDDEN)


def _flash_once(message: str) -> None:
    """Flash a message once; a page that polls repeats its request, and messages would pile up."""
    if ("message", message) not in map(tuple, session.get("_flashes", [])):
        flash(message)


def _typed() -> list[tuple[str, str]] | None:
    """The fields of the form, for a page that can send it again; None if there is a password."""
    fields = list(request.form.items(multi=True))
    return None if any("password" in name for name, _value in fields) else fields


def _http_error(error: HTTPException) -> Response:
    code = error.code or 500
    if code < 400:  # The router redirects.
        return make_response(error.get_response())
    response = _answer(HTTPStatus(code), _MESSAGES.get(code, _OTHERWISE))
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _database_error(error: SQLAlchemyError) -> Response:
    log.error("database_error", route=_route(), exc_info=error)
    db.session.rollback()  # The page reads, which a failed transaction refuses.
    if is_read_only(error):
        return _answer(
            HTTPStatus.SERVICE_UNAVAILABLE,
            N_(
                "The database accepts no changes right now, so nothing was changed. "
                "Please try again later."
            ),
        )
    if _is_refusal(error):
        return _answer(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            N_("The database refused this, so nothing was changed. Please tell an admin."),
        )
    return _answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        N_(
            "The database cannot be reached now. Nothing was changed; please try again in a moment."
        ),
    )


def _is_refusal(error: SQLAlchemyError) -> bool:
    """Whether the database was reachable and refused the data."""
    if isinstance(error, OperationalError | InterfaceError) or not isinstance(error, DBAPIError):
        return False
    return not error.connection_invalidated


def _unexpected_error(error: Exception) -> Response:
    log.error("unexpected_error", route=_route(), exc_info=error)
    return _answer(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        N_("Something went wrong on our side. Nothing was changed; please try again."),
    )


def _route() -> str:
    """The rule of the route, not its address: addresses of feeds and password links are secrets."""
    return request.url_rule.rule if request.url_rule else "none"


def _answer(
    status: HTTPStatus,
    message: str,
    refused: Conflict | NotFree | None = None,
    *,
    is_link: bool = False,
    is_elsewhere: bool = False,
    typed: list[tuple[str, str]] | None = None,
) -> Response:
    """The answer to a failed request.

    `typed` are the fields of a form that the page can send again. At an address that is not ours
    (`is_elsewhere`) the page has no links.
    """
    message = translate(message)
    is_for_machines = request.path.startswith("/api/cron/")
    if is_htmx() and not is_for_machines:
        response = make_response(
            render_template("shared/_notice.html", message=message, is_error=True), status
        )
        response.headers["HX-Retarget"] = "#notice"
        response.headers["HX-Reswap"] = "innerHTML"
        if refused:
            response.headers.update(POLL_NOW)
    elif (wants_page() and not is_for_machines) or not request.path.startswith("/api/"):
        response = make_response(
            render_template(
                "shared/error.html",
                message=message,
                title=translate(_TITLES.get(status, _FAILED)),
                is_signed_out=status == HTTPStatus.UNAUTHORIZED,
                is_link=is_link,
                is_elsewhere=is_elsewhere,
                typed=typed,
            ),
            status,
        )
    else:
        answer = ErrorAnswer(success=False, error=message)
        if isinstance(refused, NotFree):
            answer = not_free_answer(refused, translate, current.settings().cutoff)
        elif refused:
            answer = ConflictAnswer(
                success=False,
                error=message,
                status=Status(refused.status),
                is_delayed=refused.is_delayed,
            )
        response = make_response(answer.json_ready(), status)
    return response
