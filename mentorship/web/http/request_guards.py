"""Checks of host, origin and headers that run before any view."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from flask import Flask, Request
from flask.globals import request_ctx
from werkzeug.exceptions import RequestHeaderFieldsTooLarge
from werkzeug.routing import BaseConverter, ValidationError
from werkzeug.sansio.utils import host_is_trusted

from mentorship.config import Settings
from mentorship.domain.shared.errors import ProductError
from mentorship.domain.shared.messages import N_, joined
from mentorship.schemas.base import LARGEST_ID
from mentorship.web.http.authentication import bearer
from mentorship.web.http.limits.sparse_log import SparseLog

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LONGEST_HEADERS = 32 * 1024
"""Total characters in the headers of a request; browsers send far fewer."""

_PORT = re.compile(r":[0-9]+\Z")

_PLAIN_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")
_PLAIN_ORIGIN = re.compile(rf"https?://{_PLAIN_HOST.pattern}")
"""Hosts and origins that may be quoted in an error message."""


class CrossSite(ProductError):
    """A changing request that another site made a browser send.

    `more` tells the operator what was expected.
    """

    def __init__(self, more: str = "") -> None:
        message = N_("This request came from another site, so it was refused.")
        super().__init__(joined(message, more) if more else message)


class WrongAddress(ProductError):
    """A request to an address for which this installation is not configured."""


class IdConverter(BaseConverter):
    """A positive number that every database can store; routing answers 404 to anything else."""

    regex = r"[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > LARGEST_ID:
            raise ValidationError
        return number


def host_check(settings: Settings) -> Callable[[str], bool]:
    """Whether a `Host` header names this installation, in any case (RFC 9110, section 4.2.3).

    Any port is accepted, because a proxy may use another one. Flask's TRUSTED_HOSTS does not
    support IPv6 and is case-sensitive.
    """
    names = _THIS_MACHINE | {settings.base_host}

    @lru_cache(maxsize=64)
    def is_ours(host: str) -> bool:
        # Without a list, Werkzeug only checks the characters and the port number.
        return host_is_trusted(host) and _PORT.sub("", host).lower() in names

    return is_ours


def with_lower_scheme(application: "WSGIApplication") -> "WSGIApplication":
    """Middleware for proxies that send the scheme in upper case (RFC 3986, section 3.1)."""

    def run(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ["wsgi.url_scheme"] = environ["wsgi.url_scheme"].lower()
        return application(environ, start_response)

    return run


def init_app(app: Flask, settings: Settings) -> None:
    """Refuse requests with oversized headers or for other hosts, and changes from other sites.

    Refusals that a wrong setting can cause are logged for the operator.

    The calling site is recognized by fetch metadata or, without it, by Origin (OWASP). A request
    with neither header does not come from a browser, so it has no cookie to misuse.
    """
    guards = _Guards(settings)

    @app.before_request
    def check() -> None:
        asked = request_ctx.request  # Each access through `request` takes a microsecond.
        _refuse_long_headers(asked)
        guards.refuse_other_hosts(asked)
        guards.refuse_other_schemes(asked)
        guards.log_untrusted_proxies(asked)
        guards.refuse_other_sites(asked)


def _refuse_long_headers(asked: Request) -> None:
    lengths = [len(it) for name, it in asked.environ.items() if name.startswith("HTTP_")]
    if sum(lengths) > _LONGEST_HEADERS:
        raise RequestHeaderFieldsTooLarge


class _Guards:
    """The checks that depend on the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._is_ours = host_check(settings)
        self._log = SparseLog()
        self._base = urlsplit(settings.base_url)
        self._base_origin = _origin(self._base)

    def refuse_other_hosts(self, asked: Request) -> None:
        if not self._is_ours(asked.host):
            self._log.warning("wrong_host", asked=asked.host, expected=self._settings.base_url)
            raise _wrong_host(self._settings, asked.host)

    def refuse_other_schemes(self, asked: Request) -> None:
        # A trusted proxy sends the scheme, and may pass on one that it received itself.
        if asked.scheme not in ("http", "https"):
            self._log_scheme(asked)
            raise WrongAddress(N_("This site is not configured for this address."))

    def log_untrusted_proxies(self, asked: Request) -> None:
        forwarded = "X-Forwarded-For" in asked.headers or "X-Forwarded-Proto" in asked.headers
        if forwarded and not self._settings.trusted_proxies:
            self._log.warning("proxy_not_trusted", setting="TRUSTED_PROXIES")
        elif self._settings.trusted_proxies and asked.scheme != self._base.scheme:
            self._log_scheme(asked)

    def refuse_other_sites(self, asked: Request) -> None:
        if asked.method in _SAFE_METHODS or bearer():
            return
        settings, origin = self._settings, asked.headers.get("Origin")
        if origin and settings.is_production and _is_ours_without_https(settings, origin):
            self._log.warning("no_https", origin=origin, expected="https")
            raise WrongAddress(
                N_(
                    "This page was opened without HTTPS, so your browser would not keep the "
                    "sign-in. Please open the site by an address that begins with https://."
                )
            )
        if not self._is_our_site(asked, origin):
            self._log.warning("cross_site", origin=origin or "", expected=settings.base_url)
            raise CrossSite(_expected_origin(settings, origin or ""))

    def _is_our_site(self, asked: Request, origin: str | None) -> bool:
        site = asked.headers.get("Sec-Fetch-Site")
        if site is not None:
            return site in ("same-origin", "none")
        return origin is None or origin in (self._base_origin, self._origin_asked(asked))

    def _origin_asked(self, asked: Request) -> str:
        """The origin of a page on the requested host, at any port."""
        address = urlsplit(f"{asked.scheme}://{asked.host}")
        # TLS may end in front of this server.
        if address.hostname == self._settings.base_host.strip("[]"):
            address = address._replace(scheme=self._base.scheme)
        return _origin(address)

    def _log_scheme(self, asked: Request) -> None:
        self._log.warning("proxy_scheme", asked=asked.scheme, expected=self._settings.base_url)


def _origin(address: SplitResult) -> str:
    """The origin as browsers send it (RFC 6454): in lower case, without the default port."""
    scheme = address.scheme.lower()
    usual_port = ":443" if scheme == "https" else ":80"
    return f"{scheme}://{address.netloc.lower().removesuffix(usual_port)}"


def _is_ours_without_https(settings: Settings, origin: str) -> bool:
    """Whether a browser uses this site without HTTPS, and so drops cookies marked Secure."""
    scheme, _, place = origin.lower().partition("://")
    host = _PORT.sub("", place)
    return scheme == "http" and host == settings.base_host and host not in _THIS_MACHINE


def _wrong_host(settings: Settings, asked: str) -> WrongAddress:
    if settings.is_production or not _PLAIN_HOST.fullmatch(asked):
        return WrongAddress(N_("This site is not configured for this address."))
    return WrongAddress(
        N_(
            "This site is not configured for this address: it was asked for %(asked)s, and "
            "expects %(expected)s. If people are to use this address, set BASE_URL to it.",
            asked=asked,
            expected=settings.base_url,
        )
    )


def _expected_origin(settings: Settings, origin: str) -> str:
    """A hint for developers, whose BASE_URL often differs from the browser's address."""
    if settings.is_production or not _PLAIN_ORIGIN.fullmatch(origin):
        return ""
    return N_(
        "The browser was at %(origin)s, and this site is %(expected)s. If both are yours, set "
        "BASE_URL to the browser's address.",
        origin=origin,
        expected=settings.base_url,
    )
