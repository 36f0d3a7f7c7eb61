"""Who may call from where, before any view runs."""

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
"""Characters of all headers of a request together; browsers stay far below."""

_PORT = re.compile(r":[0-9]+\Z")

_PLAIN_HOST = re.compile(r"[A-Za-z0-9.:\[\]-]{1,255}")
_PLAIN_ORIGIN = re.compile(rf"https?://{_PLAIN_HOST.pattern}")
"""What may be repeated to whoever asked."""


class CrossSite(ProductError):
    """A changing request that another site made a browser send.

    `more` says to whoever sets the site up what was expected.
    """

    def __init__(self, more: str = "") -> None:
        message = N_("This request came from another site, so it was refused.")
        super().__init__(joined(message, more) if more else message)


class WrongAddress(ProductError):
    """A request for an address at which this installation is not set up to answer."""


class IdConverter(BaseConverter):
    """A positive number that fits every database; anything else is 404 already in the routing."""

    regex = r"[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if number > LARGEST_ID:
            raise ValidationError
        return number


def host_check(settings: Settings) -> Callable[[str], bool]:
    """Whether a `Host` header names this installation, in any case (RFC 9110, section 4.2.3).

    At any port, because who forwards requests may use another one. Flask's own TRUSTED_HOSTS knows
    no IPv6 and one case alone.
    """
    names = _THIS_MACHINE | {settings.base_host}

    @lru_cache(maxsize=64)
    def is_ours(host: str) -> bool:
        # Without a list Werkzeug's looks at the characters and the port's number alone.
        return host_is_trusted(host) and _PORT.sub("", host).lower() in names

    return is_ours


def with_lower_scheme(application: "WSGIApplication") -> "WSGIApplication":
    """The application behind proxies, which may name the scheme in any case (RFC 3986, 3.1)."""

    def run(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ["wsgi.url_scheme"] = environ["wsgi.url_scheme"].lower()
        return application(environ, start_response)

    return run


def init_app(app: Flask, settings: Settings) -> None:
    """Refuse requests with oversized headers or for other hosts, and changes from other sites.

    What a setting that does not fit can cause is logged, so that an operator sees it.

    The site is told by fetch metadata, else Origin (OWASP). Neither header: not a browser's
    request, so there is no cookie to misuse.
    """
    is_ours = host_check(settings)
    log = SparseLog()

    base = urlsplit(settings.base_url)
    base_origin = _origin(base)

    def _origin_asked(asked: Request) -> str:
        """Where a page of the host that is asked would come from, at whatever port."""
        address = urlsplit(f"{asked.scheme}://{asked.host}")
        if address.hostname == settings.base_host.strip("[]"):  # TLS may end in front of us.
            address = address._replace(scheme=base.scheme)
        return _origin(address)

    @app.before_request
    def check() -> None:
        asked = request_ctx.request  # Each look through `request` takes a microsecond.
        refuse_long_headers(asked)
        refuse_other_hosts(asked)
        refuse_other_schemes(asked)
        note_proxies_that_are_not_set_up(asked)
        refuse_other_sites(asked)

    def refuse_long_headers(asked: Request) -> None:
        lengths = [len(it) for name, it in asked.environ.items() if name.startswith("HTTP_")]
        if sum(lengths) > _LONGEST_HEADERS:
            raise RequestHeaderFieldsTooLarge

    def refuse_other_hosts(asked: Request) -> None:
        if not is_ours(asked.host):
            log.warning("wrong_host", asked=asked.host, expected=settings.base_url)
            raise _wrong_host(settings, asked.host)

    def refuse_other_schemes(asked: Request) -> None:
        # A trusted proxy names the scheme, and it may hand on what it was told itself.
        if asked.scheme not in ("http", "https"):
            log.warning("proxy_scheme", asked=asked.scheme, expected=settings.base_url)
            raise WrongAddress(N_("This site is not configured for this address."))

    def note_proxies_that_are_not_set_up(asked: Request) -> None:
        forwarded = "X-Forwarded-For" in asked.headers or "X-Forwarded-Proto" in asked.headers
        if forwarded and not settings.trusted_proxies:
            log.warning("proxy_not_trusted", setting="TRUSTED_PROXIES")
        elif settings.trusted_proxies and asked.scheme != base.scheme:
            log.warning("proxy_scheme", asked=asked.scheme, expected=settings.base_url)

    def refuse_other_sites(asked: Request) -> None:
        if asked.method in _SAFE_METHODS or bearer():
            return
        site, origin = asked.headers.get("Sec-Fetch-Site"), asked.headers.get("Origin")
        if site is not None:
            is_our_site = site in ("same-origin", "none")
        else:
            is_our_site = origin is None or origin in (base_origin, _origin_asked(asked))
        if origin and settings.is_production and _is_ours_without_https(settings, origin):
            log.warning("no_https", origin=origin, expected="https")
            raise WrongAddress(
                N_(
                    "This page was opened without HTTPS, so your browser would not keep the "
                    "sign-in. Please open the site by an address that begins with https://."
                )
            )
        if not is_our_site:
            log.warning("cross_site", origin=origin or "", expected=settings.base_url)
            raise CrossSite(_expected_origin(settings, origin or ""))


def _origin(address: SplitResult) -> str:
    """As browsers write it in `Origin` (RFC 6454): in lower case, the usual port left out."""
    scheme = address.scheme.lower()
    usual_port = ":443" if scheme == "https" else ":80"
    return f"{scheme}://{address.netloc.lower().removesuffix(usual_port)}"


def _is_ours_without_https(settings: Settings, origin: str) -> bool:
    """Whether a browser is at this site, and drops the cookies because they are marked Secure."""
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
    """For development, where it is most likely that BASE_URL is not the browser's address."""
    if settings.is_production or not _PLAIN_ORIGIN.fullmatch(origin):
        return ""
    return N_(
        "The browser was at %(origin)s, and this site is %(expected)s. If both are yours, set "
        "BASE_URL to the browser's address.",
        origin=origin,
        expected=settings.base_url,
    )
