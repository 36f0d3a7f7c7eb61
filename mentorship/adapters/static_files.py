"""Static files at addresses with a content hash, so that browsers can cache them forever."""

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

_TYPES = MimeTypes()  # Ignore the types that this machine defines.
_TYPES.add_type("text/javascript", ".js")  # RFC 9239; Python 3.11 has an older name.


def serve_static_files(app: Flask, folder: Path, headers: Mapping[str, str]) -> None:
    """Serve `folder` at /static/ and give templates `asset("app.css")`, the hashed address.

    Each answer has the `headers`, and is compressed for browsers that accept gzip. The files are
    read once and served from memory, because a file on disk can disappear or change; a changed
    file needs a restart.
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
        """The compressed content. Computed when it is first needed, which is never in a command."""
        return gzip.compress(self.content, mtime=0)

    def answer(self, request: Request, *, cache_control: str) -> Response:
        """The answer with this `cache_control` header.

        Raises RequestedRangeNotSatisfiable.
        """
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
        response.headers["Cache-Control"] = cache_control
        response.headers["Access-Control-Allow-Origin"] = "*"
        response.set_etag(f"{self.digest}-gzip" if is_packed else self.digest)
        asked = request.range
        # A request for several ranges gets the whole file, as RFC 9110, section 14.2 allows.
        is_part = asked is not None and asked.units == "bytes" and len(asked.ranges) == 1
        return response.make_conditional(request, accept_ranges=is_part, complete_length=len(body))


class _StaticFiles:
    """Middleware that answers at the addresses of the files and passes on everything else."""

    def __init__(
        self,
        application: "WSGIApplication",
        files: Iterable[_File],
        headers: Mapping[str, str],
    ) -> None:
        self.application = application
        self._headers = headers
        self._known = {
            f"/static/{name}": (file, cache_control)
            for file in files
            for name, cache_control in ((file.name, _FOR_A_MINUTE), (file.hashed_name, _FOR_EVER))
        }

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        known = self._known.get(environ.get("PATH_INFO", ""))
        if known is None:
            return self.application(environ, start_response)
        file, cache_control = known
        try:
            answer = file.answer(Request(environ), cache_control=cache_control)
        except RequestedRangeNotSatisfiable as error:
            answer = Response.force_type(error.get_response(environ), environ)
        answer.headers.update(self._headers)
        return answer(environ, start_response)


@cache  # Once for each process.
def _read(folder: Path) -> dict[str, _File]:
    """The files by their path in the folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        name: _File(name, path.read_bytes())
        for path in files
        if (name := path.relative_to(folder).as_posix())
    }
