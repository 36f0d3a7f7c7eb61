"""The polls of open dashboards, answered in front of Flask: nearly all requests are such.

Two answers can be given here, 204 for "what you show is still true" and the first pages of lists
that have changed, and only where each check that the application would make has come out well.
Everything else goes on to the application, which judges the request itself and is only spared to
ask the same question again.
"""

import io
import re
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flask import Flask, g
from flask.ctx import RequestContext
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from mentorship.clock import utc_now
from mentorship.config import Settings
from mentorship.domain.seen import Seen
from mentorship.extensions import db
from mentorship.queries.pulse import Pulse, pulse
from mentorship.web import identity
from mentorship.web.changed_lists import changed_lists
from mentorship.web.cookies import SignedCookies
from mentorship.web.guard import host_check
from mentorship.web.headers import fixed_headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH = "/api/admin/update-session-status"
"""The public update route, of which this answers the common cases."""

_LONGEST_BODY = 200
_FORM = re.compile(r"application/x-www-form-urlencoded(;\s*charset=utf-8)?", re.IGNORECASE)
_SEEN = re.compile(rb"seen=(\d{1,18}\.\d{1,18}\.\d{1,18})((?:&[a-z]+=\d{1,9})*)")


def init_app(app: Flask, settings: Settings) -> None:
    """Stand in front of the application."""
    app.wsgi_app = Polls(app, settings)  # type: ignore[method-assign]  # Flask's documented way to add middleware.


class Polls:
    """WSGI middleware that answers the polls of signed-in people while no session is due."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        assert isinstance(app.session_interface, SignedCookies)
        self._next: WSGIApplication = app.wsgi_app
        self._app = app
        self._cookies = app.session_interface
        self._cookie = re.compile(
            rf"(?:^|; ){re.escape(app.config['SESSION_COOKIE_NAME'])}=([^;\"]+)"
        )
        self._headers = fixed_headers(settings)
        self._is_our_host = host_check(settings)

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """The answer to a plain poll, else what the application says."""
        if environ["PATH_INFO"] == PATH and self._is_from_page(environ):
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            environ["wsgi.input"] = io.BytesIO(body)
            seen, now = _SEEN.fullmatch(body), utc_now()
            state = self._pulse(environ, now) if seen else None
            if seen and state and not state.is_anything_due:
                shown = Seen.parse(seen[1].decode())
                if state.place.print == shown.print:
                    start_response("204 NO CONTENT", self._headers.copy())
                    return ()
                lists = None if seen[2] else self._lists(environ, state, shown, now)
                if lists:
                    start_response("200 OK", lists[1])
                    return (lists[0],)
            environ[identity.PULSE] = state
        return self._next(environ, start_response)

    def _is_from_page(self, environ: dict[str, Any]) -> bool:
        """Whether one of our own pages asks, as the application would see it."""
        length = environ.get("CONTENT_LENGTH") or ""
        return bool(
            environ["REQUEST_METHOD"] == "POST"
            and environ.get("HTTP_HX_REQUEST") == "true"
            and environ.get("HTTP_SEC_FETCH_SITE") == "same-origin"
            and _FORM.fullmatch(environ.get("CONTENT_TYPE") or "")
            and not environ.get("QUERY_STRING")
            and "HTTP_AUTHORIZATION" not in environ
            and length.isdecimal()
            and int(length) <= _LONGEST_BODY
            and self._is_our_host(environ.get("HTTP_HOST", ""))
        )

    def _pulse(self, environ: "WSGIEnvironment", now: datetime) -> Pulse | None:
        """Where the lists of the signed-in person stand; None where that is not to be had."""
        found = self._cookie.search(environ.get("HTTP_COOKIE", ""))
        content = self._cookies.content_of(found[1]) if found else None
        claim = identity.claim_of(str(content.get("_user_id", ""))) if content else None
        if claim is None:
            return None
        try:
            return pulse(
                self._engine, viewer_id=claim.user_id, epoch=claim.epoch, role=claim.role, now=now
            )
        except SQLAlchemyError:
            return None

    def _lists(
        self, environ: "WSGIEnvironment", state: Pulse, shown: Seen, now: datetime
    ) -> tuple[bytes, list[tuple[str, str]]] | None:
        """Body and headers; None where something went wrong."""
        try:
            # Flask would open the cookie once more, of which nothing but the viewer is needed.
            with RequestContext(self._app, environ, session=self._cookies.session_class()):
                g.viewer = state.viewer
                lists, told = changed_lists(state, shown, pages={}, now=now)
        except Exception:  # noqa: BLE001  # The application will meet it too, and tell it well.
            return None
        body = lists.encode()
        kind = ("Content-Type", "text/html; charset=utf-8")
        length = ("Content-Length", str(len(body)))
        return body, [*self._headers, *told.items(), kind, length]

    @cached_property
    def _engine(self) -> Engine:
        with self._app.app_context():
            return db.engine
