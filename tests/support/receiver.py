"""A real HTTP server on the loopback that records its calls and answers as a test says."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Received:
    """One call as it came, with header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """The calls in order; `answer` gives the status for a path, and may wait or raise.

    If it gives bytes, they are the whole answer.
    """

    calls: list[Received] = field(default_factory=list)
    answer: Callable[[str], int | bytes] = lambda _path: 204
    location: str | None = None
    drips: float | None = None
    port: int = 0
    is_over: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/hook") -> str:
        """The address of a path here."""
        return f"http://127.0.0.1:{self.port}{path}"

    def paths(self) -> list[str]:
        """The paths that were called."""
        return [call.path for call in self.calls]


@contextmanager
def a_receiver() -> Iterator[Receiver]:
    """The server, stopped afterwards."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.calls.append(Received(self.path, headers, body))
            while receiver.drips is not None:  # An answer that never ends, a letter at a time.
                try:
                    self.wfile.write(b"H")
                    self.wfile.flush()
                except OSError:
                    return
                if receiver.is_over.wait(receiver.drips):
                    return
            answer = receiver.answer(self.path)
            if isinstance(answer, bytes):
                self.wfile.write(answer)
                return
            self.send_response(answer)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.is_over.set()
            server.shutdown()
            thread.join()
