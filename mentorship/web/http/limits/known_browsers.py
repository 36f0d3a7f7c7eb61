"""Browsers that have signed in to an account before, known by a signed cookie.

The cookie signs nobody in. Wrong passwords of strangers do not lock such a browser out (OWASP,
"Slow down online guessing attacks with device cookies").
"""

import secrets
from hashlib import sha256

from flask import Flask, Response, after_this_request, current_app, request
from itsdangerous import BadData, URLSafeSerializer

from mentorship import current
from mentorship.config import Settings

_LASTS = 365 * 24 * 3600
_MOST_ACCOUNTS = 4
"""How many accounts of people who share a browser are remembered."""

_LONGEST = 400


def init_app(app: Flask, settings: Settings) -> None:
    """Set the name of the cookie; with HTTPS it has the `__Host-` prefix of browsers."""
    prefix = "__Host-" if settings.has_https_cookies else ""
    app.config["KNOWN_BROWSER_COOKIE"] = f"{prefix}mentorship_browser"


def known_browser(email: str) -> str | None:
    """The random id of this browser, if it has signed in to this account before."""
    browser, accounts = _read()
    return browser if browser and _digest(email) in accounts else None


def remember_browser(email: str) -> None:
    """Set the cookie in the answer: this browser has signed in to this account."""
    browser, accounts = _read()
    account = _digest(email)
    others = [each for each in accounts if each != account]
    content = [browser or secrets.token_urlsafe(12), *[account, *others][:_MOST_ACCOUNTS]]

    @after_this_request
    def set_cookie(response: Response) -> Response:
        response.set_cookie(
            current_app.config["KNOWN_BROWSER_COOKIE"],
            _serializer().dumps(content),
            max_age=_LASTS,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
        return response


def _read() -> tuple[str, list[str]]:
    value = request.cookies.get(current_app.config["KNOWN_BROWSER_COOKIE"], "")
    if len(value) > _LONGEST:
        return "", []
    try:
        browser, *accounts = _serializer().loads(value)
    except BadData:
        return "", []
    return browser, accounts


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current.secret_key(), salt="known-browser")


def _digest(email: str) -> str:
    text = email.encode("utf-8", "surrogatepass")
    return sha256(current.secret_key().encode() + b"browser." + text).hexdigest()[:20]
