"""The signed cookie: Flask's own, but the clocks of several machines may differ a little."""

from datetime import timedelta

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature

from mentorship.clock import utc_now

_AHEAD = timedelta(minutes=5)
"""How far the clock of another machine that signs cookies may be ahead of this one's."""


class SignedCookies(SecureCookieSessionInterface):
    """Accepts cookies that were signed by a machine with a fast clock."""

    def __init__(self, app: Flask) -> None:
        serializer = self.get_signing_serializer(app)
        assert serializer is not None, "the settings provide a key"
        self._serializer = serializer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        """The content of the cookie; empty if it is missing, forged or too old."""
        value = request.cookies.get(self.get_cookie_name(app), "")
        try:
            content, signed_at = self._serializer.loads(value, return_timestamp=True)
        except BadSignature:
            return self.session_class()
        is_fresh = -_AHEAD <= utc_now() - signed_at <= app.permanent_session_lifetime
        return self.session_class(content if is_fresh else None)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Send the cookie only if it changed; every answer varies by cookie anyway."""
        if session.modified:
            super().save_session(app, session, response)
