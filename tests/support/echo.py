"""A WSGI application that returns its input."""

from collections.abc import Iterable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

SHOWN = ("REMOTE_ADDR", "REQUEST_METHOD", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING")


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The body, then what servers set; at /stream lines, at /endless no end.

    At /fifo it waits until somebody writes into the FIFO that the query names.
    """
    start_response("200 OK", [("Content-Type", "text/plain")])
    match environ["PATH_INFO"]:
        case "/stream":
            return (b"line %d\n" % number for number in range(1000))
        case "/endless":
            return repeat(b"x" * 65536)
        case "/fifo":
            return [Path(environ["QUERY_STRING"]).read_bytes()]
        case _:
            return list(_lines(environ))


def _lines(environ: dict[str, Any]) -> Iterator[bytes]:
    yield f"body: {environ['wsgi.input'].read()!r}\n".encode()
    for name in sorted(environ):
        if name.startswith(("HTTP_", "CONTENT_")) or name in (*SHOWN, "wsgi.url_scheme"):
            yield f"{name}: {environ[name]!r}\n".encode()
