"""Static files under names that change with their content, so that browsers may keep them."""

import gzip
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from mimetypes import MimeTypes
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_FOR_A_MINUTE = "max-age=60, public"
_FOR_EVER = "max-age=315360000, public, immutable"

_TYPES = MimeTypes()  # Not those of the machine.
_TYPES.add_type("text/javascript", ".js")  # RFC 9239; Python 3.11 has an older name.


def serve_static_files(app: Flask, folder: Path, headers: Mapping[str, str]) -> None:
    """Serve `folder` at /static/ and give templates `asset("app.css")`, the hashed address.

    Each answer carries the `headers`. Browsers that take gzip get it. The files are read once, so
    a change needs a new start, and are served from memory: what is on a disk can go away, or
    change under the name of another.
    """
    files = _read(folder)
    app.wsgi_app = _StaticFiles(app.wsgi_app, files.values(), headers)  # type: ignore[method-assign]  # Flask's documented way to add middleware.
    app.jinja_env.globals["asset"] = {
        name: f"/static/{file.hashed_name}" for name, file in files.items()
    }.__getitem__


@dataclass(frozen=True)
class _File:
    name: str
    content: bytes

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()[:12]

    @cached_property
    def hashed_name(self) -> str:
        ending = Path(self.name).suffix
        return f"{self.name.removesuffix(ending)}.{self.digest}{ending}"

    @cached_property
    def packed(self) -> bytes:
        """Made when it is first asked for: commands never do."""
        return gzip.compress(self.content, mtime=0)

    def answer(self, request: Request, *, kept: str) -> Response:
        """What a browser that may keep the file for so long gets. Raises where no range fits."""
        if request.method not in ("GET", "HEAD"):
            return Response(status=405, headers={"Allow": "GET, HEAD"})
        is_packed = request.accept_encodings.quality("gzip") > 0
        body = self.packed if is_packed else self.content
        response = Response(
            body, mimetype=_TYPES.guess_type(self.name)[0] or "application/octet-stream"
        )
        if is_packed:
            response.headers["Content-Encoding"] = "gzip"
        response.headers["Vary"] = "Accept-Encoding"
        response.headers["Cache-Control"] = kept
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.set_etag(f"{self.digest}-gzip" if is_packed else self.digest)
        asked = request.range
        # Several ranges at once are answered with the whole, as RFC 9110, 14.2 allows.
        is_part = asked is not None and asked.units == "bytes" and len(asked.ranges) == 1
        return response.make_conditional(request, accept_ranges=is_part, complete_length=len(body))


class _StaticFiles:
    """Answers at the addresses of the files; everything else goes on to the application."""

    def __init__(
        self,
        application: "WSGIApplication",
        files: Iterable[_File],
        headers: Mapping[str, str],
    ) -> None:
        self.application = application
        self._headers = headers
        self._known = {
            f"/static/{name}": (file, kept)
            for file in files
            for name, kept in ((file.name, _FOR_A_MINUTE), (file.hashed_name, _FOR_EVER))
        }

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        known = self._known.get(environ.get("PATH_INFO", ""))
        if known is None:
            return self.application(environ, start_response)
        file, kept = known
        try:
            answer = file.answer(Request(environ), kept=kept)
        except RequestedRangeNotSatisfiable as error:
            answer = Response.force_type(error.get_response(environ), environ)
        answer.headers.update(self._headers)
        return answer(environ, start_response)


@cache  # Once for each process.
def _read(folder: Path) -> dict[str, _File]:
    """The files of the folder by their names in it."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        name: _File(name, path.read_bytes())
        for path in files
        if (name := path.relative_to(folder).as_posix())
    }
