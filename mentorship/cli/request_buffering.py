"""Reading whole requests before the application runs, so that slow clients block no thread."""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class CallerLeft(Exception):
    """The client has left, so the rest of a streamed answer is not produced."""


class RequestBuffer:
    """An ASGI application that reads each request to its end before it calls a WSGI one.

    `threads` requests run at once and the others wait. A body must arrive within `seconds`, and
    each part of a streamed answer must be read within the same time. The rest of a body longer
    than `longest_body` bytes is discarded; the application refuses it by its real length.
    """

    def __init__(
        self, application: "WSGIApplication", *, threads: int, seconds: float, longest_body: int
    ) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="request")
        self._seconds = seconds
        self._longest_body = longest_body

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            async with asyncio.timeout(self._seconds):
                request = await self._read_body(receive)
        except TimeoutError:
            for message in _TOO_SLOW:
                await send(message)
            return
        if request is None:
            return
        loop = asyncio.get_running_loop()
        departure: asyncio.Future[Message] | None = None

        async def send_in_time(message: Message) -> None:
            nonlocal departure
            departure = departure or asyncio.ensure_future(receive())
            if departure.done():
                raise CallerLeft
            async with asyncio.timeout(self._seconds):
                await send(message)

        def stream(message: Message) -> None:
            asyncio.run_coroutine_threadsafe(send_in_time(message), loop).result()

        environ = _environ(scope, *request)
        try:
            last_messages = await loop.run_in_executor(self._threads, self._call, environ, stream)
        except CallerLeft:
            return
        finally:
            if departure:
                departure.cancel()
        for message in last_messages:
            await send(message)

    async def _read_body(self, receive: Receive) -> tuple[bytes, int] | None:
        """The allowed part of the body, and its real length; None if the client has left."""
        body, length = bytearray(), 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            part = message.get("body", b"")
            length += len(part)
            if length <= self._longest_body:
                body += part
            if not message.get("more_body"):
                return bytes(body), length

    def _call(self, environ: "WSGIEnvironment", stream: Callable[[Message], None]) -> list[Message]:
        """Run the application in a thread; the answer's last messages, in most cases all of it."""
        start: Message = {"type": "http.response.start"}
        written: list[bytes] = []

        def start_response(
            status: str, headers: list[tuple[str, str]], _exc_info: object = None, /
        ) -> Callable[[bytes], object]:
            start["status"] = int(status.split(" ", 1)[0])
            start["headers"] = [
                (name.encode("latin-1"), value.encode("latin-1")) for name, value in headers
            ]
            return written.append

        parts = self._application(environ, start_response)
        if isinstance(parts, list):
            return [start, _body(b"".join((*written, *parts)), more=False)]
        try:
            return _stream_all_but_the_last(parts, start, written, stream)
        finally:
            if hasattr(parts, "close"):
                parts.close()


def _stream_all_but_the_last(
    parts: Iterable[bytes],
    start: Message,
    written: list[bytes],
    stream: Callable[[Message], None],
) -> list[Message]:
    """Pass on each part once the next one has arrived; returns the last part."""
    pending: list[Message] = []
    for part in parts:
        if pending:
            for message in pending:
                stream(message)
            pending = [_body(b"".join((*written, part)), more=True)]
        else:
            pending = [start, _body(b"".join((*written, part)), more=True)]
        written.clear()
    if not pending:
        return [start, _body(b"".join(written), more=False)]
    pending[-1]["more_body"] = False
    return pending


def _body(content: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}


def _environ(scope: dict[str, Any], body: bytes, length: int) -> "WSGIEnvironment":
    """The WSGI environment (PEP 3333): texts whose characters are the bytes of the request."""
    host, port = scope["server"]
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if "_" in name:  # `X_Forwarded_For` would look like a header that a proxy has written.
            continue
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_LENGTH", "CONTENT_TYPE"):
            key = f"HTTP_{key}"
        if key in environ:
            value = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ', '}{value}"
        environ[key] = value
    if "HTTP_TRANSFER_ENCODING" in environ:  # The chunks have been joined.
        del environ["HTTP_TRANSFER_ENCODING"]
        environ["CONTENT_LENGTH"] = str(length)
    return environ


_TOO_SLOW: tuple[Message, Message] = (
    {
        "type": "http.response.start",
        "status": 408,
        "headers": [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"x-content-type-options", b"nosniff"),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ],
    },
    _body(b"The request took too long to arrive. Please send it again.\n", more=False),
)
