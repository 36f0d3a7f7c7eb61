"""The signed cookie: Flask's own, but a signature that was found right is not computed anew."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any, cast

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature

from mentorship.clock import utc_now

_KEPT = 4096
"""Cookies of people who have a page open; each is a few hundred bytes."""

_AHEAD = timedelta(minutes=5)
"""So far may the clock of another machine that signs cookies be ahead of this one's."""


class SignedCookies(SecureCookieSessionInterface):
    """An open dashboard sends the same cookie with every poll. Its age is judged each time."""

    def __init__(self, app: Flask) -> None:
        serializer = self.get_signing_serializer(app)
        assert serializer is not None, "the settings provide a key"
        self._lifetime = app.permanent_session_lifetime
        self._verified = lru_cache(_KEPT)(partial(serializer.loads, return_timestamp=True))

    def content_of(self, value: str) -> Mapping[str, Any] | None:
        """What a cookie of this value holds, to be read only; None if it is forged or too old."""
        try:
            content, signed_at = self._verified(value)
        except BadSignature:
            return None
        is_fresh = -_AHEAD <= utc_now() - signed_at <= self._lifetime
        return cast(Mapping[str, Any], content) if is_fresh else None

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        """What the cookie holds; nothing where it is missing, forged or too old."""
        content = self.content_of(request.cookies.get(self.get_cookie_name(app), ""))
        return self.session_class(deepcopy(content))

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Only what changed is sent; every answer varies by cookie already."""
        if session.modified:
            super().save_session(app, session, response)
