"""The quiet poll, answered in front of Flask: nearly every request of an open dashboard ends here.

All that can be said here is 204, "what you show is still true", and only where each check that
the application would make has come out well. Everything else goes on to the application, which
judges it as if nobody had looked before.
"""

import io
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.sansio.utils import host_is_trusted

from mentorship.clock import utc_now
from mentorship.config import Settings
from mentorship.domain.seen import Seen
from mentorship.extensions import db
from mentorship.queries.pulse import pulse
from mentorship.web.cookies import SignedCookies
from mentorship.web.headers import fixed_headers
from mentorship.web.identity import claim_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/api/admin/update-session-status"
"""The public update route, of which this answers one case."""

_LONGEST_BODY = 200
_SEEN = re.compile(rb"seen=(\d{1,18}\.\d{1,18}\.\d{1,18})(?:&[a-z]+=\d{1,9})*")


def init_app(app: Flask, settings: Settings) -> None:
    """Stand in front of the application."""
    app.wsgi_app = QuietPolls(app, settings)  # type: ignore[method-assign]  # Flask's documented way to add middleware.


class QuietPolls:
    """WSGI middleware that answers a poll after which nothing changes."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        assert isinstance(app.session_interface, SignedCookies)
        self._next: WSGIApplication = app.wsgi_app
        self._app = app
        self._cookies = app.session_interface
        self._cookie = re.compile(
            rf"(?:^|; ){re.escape(app.config['SESSION_COOKIE_NAME'])}=([^;\"]+)"
        )
        self._headers = fixed_headers(settings)
        self._is_trusted = lru_cache(64)(
            lambda host: host_is_trusted(host, app.config["TRUSTED_HOSTS"])
        )

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """204 for a quiet poll, else what the application says."""
        if environ["PATH_INFO"] == PATH and self._is_from_page(environ):
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = io.BytesIO(body)
            seen = _SEEN.fullmatch(body)
            if seen and self._is_still(environ, Seen.parse(seen[1].decode())):
                start_response("204 NO CONTENT", self._headers.copy())
                return ()
        return self._next(environ, start_response)

    def _is_from_page(self, environ: dict[str, Any]) -> bool:
        """Whether one of our own pages asks, as the application would see it."""
        length = environ.get("CONTENT_LENGTH") or ""
        return (
            environ["REQUEST_METHOD"] == "POST"
            and environ.get("HTTP_HX_REQUEST") == "true"
            and environ.get("HTTP_SEC_FETCH_SITE") == "same-origin"
            and environ.get("CONTENT_TYPE") == "application/x-www-form-urlencoded"
            and not environ.get("QUERY_STRING")
            and "HTTP_AUTHORIZATION" not in environ
            and length.isdecimal()
            and int(length) <= _LONGEST_BODY
            and self._is_trusted(environ.get("HTTP_HOST", ""))
        )

    def _is_still(self, environ: dict[str, Any], seen: Seen) -> bool:
        """Whether the lists of a person who is signed in are as the page shows them."""
        found = self._cookie.search(environ.get("HTTP_COOKIE", ""))
        content = self._cookies.content_of(found[1]) if found else None
        claim = claim_of(str(content.get("_user_id", ""))) if content else None
        if claim is None:
            return False
        try:
            state = pulse(
                self._engine(), viewer_id=claim.user_id, epoch=claim.epoch, role=claim.role,
                now=utc_now(),
            )  # fmt: skip
        except SQLAlchemyError:
            return False
        return bool(state and not state.is_anything_due and state.place.print == seen.print)

    def _engine(self) -> Any:
        with self._app.app_context():
            return db.engine
