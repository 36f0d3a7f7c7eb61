"""Addresses that are the same on every site (RFC 8615)."""

from datetime import timedelta

from flask import Blueprint, Response, redirect
from werkzeug.wrappers import Response as AnyResponse

from mentorship import current
from mentorship.clock import utc_now

bp = Blueprint("well_known", __name__, url_prefix="/.well-known")

_VALID = timedelta(days=180)
"""RFC 9116 recommends less than a year, so that readers look again."""


@bp.get("/security.txt")
def security() -> Response:
    """The contact for reports of vulnerabilities (RFC 9116)."""
    settings = current.settings()
    ends = (utc_now() + _VALID).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = (
        f"Contact: {settings.security_contact or f'mailto:{settings.sender}'}",
        f"Expires: {ends:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en, de",
        f"Canonical: {settings.base_url}/.well-known/security.txt",
    )
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


@bp.get("/change-password")
def change_password() -> AnyResponse:
    """The page for password managers (W3C, "A Well-Known URL for Changing Passwords")."""
    return redirect("/account#password", 302)
