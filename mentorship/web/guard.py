"""Who may call from where, before any view runs."""

import re
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from flask import Flask, request
from werkzeug.exceptions import RequestHeaderFieldsTooLarge, SecurityError
from werkzeug.routing import BaseConverter, ValidationError
from werkzeug.sansio.utils import host_is_trusted

from mentorship.config import Settings
from mentorship.domain.errors import ProductError
from mentorship.domain.sentences import N_
from mentorship.web.identity import bearer
from mentorship.wire import LARGEST_ID

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LONGEST_HEADERS = 32 * 1024
"""Characters of all headers of a request together; browsers stay far below."""

_PORT = re.compile(r":[0-9]+\Z")


class CrossSite(ProductError):
    """A changing request that another site made a browser send."""

    def __init__(self) -> None:
        super().__init__(N_("This request came from another site, so it was refused."))


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
    # Without a list Werkzeug's looks at the characters and the port's number alone.
    return lambda host: host_is_trusted(host) and _PORT.sub("", host).lower() in names


def init_app(app: Flask, settings: Settings) -> None:
    """Refuse requests with oversized headers or for other hosts, and changes from other sites.

    The site is told by fetch metadata, else Origin (OWASP). Neither header: not a browser's
    request, so there is no cookie to misuse.
    """
    is_ours = host_check(settings)

    base_origin = _origin(urlsplit(settings.base_url))

    def _origin_asked() -> str:
        """Where a page of the host that is asked would come from, at whatever port."""
        asked = urlsplit(f"{request.scheme}://{request.host}")
        if asked.hostname == settings.base_host.strip("[]"):  # TLS may end in front of us.
            asked = asked._replace(scheme=urlsplit(settings.base_url).scheme)
        return _origin(asked)

    @app.before_request
    def refuse_long_headers() -> None:
        headers = (value for name, value in request.environ.items() if name.startswith("HTTP_"))
        if sum(map(len, headers)) > _LONGEST_HEADERS:
            raise RequestHeaderFieldsTooLarge

    @app.before_request
    def refuse_other_hosts() -> None:
        # The scheme is what a trusted proxy says, and it may hand on what it was told itself.
        if not is_ours(request.host) or request.scheme not in ("http", "https"):
            raise SecurityError

    @app.before_request
    def refuse_other_sites() -> None:
        if request.method in _SAFE_METHODS or bearer():
            return
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            is_our_site = site in ("same-origin", "none")
        else:
            origin = request.headers.get("Origin")
            is_our_site = origin is None or origin in (base_origin, _origin_asked())
        if not is_our_site:
            raise CrossSite


def _origin(address: SplitResult) -> str:
    """As browsers write it in `Origin` (RFC 6454): in lower case, the usual port left out."""
    scheme = address.scheme.lower()
    usual_port = ":443" if scheme == "https" else ":80"
    return f"{scheme}://{address.netloc.lower().removesuffix(usual_port)}"
