"""The server of the web, and how a process is told to stop: in order, however many signals come."""

import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from werkzeug.utils import import_string

from mentorship.cli.request_buffering import RequestBuffer
from mentorship.config import LONGEST_BODY

_STOPS = (signal.SIGTERM, signal.SIGINT)

_KILLED_AFTER = 20
"""Seconds that a web worker has to end its requests, which wait for a lock for up to 10."""

_PATIENCE = 20
"""Seconds in which the headers of a request must have come, and then its body. A connection
without a request is closed after as long."""

_LONGEST_HEADERS = 64 * 1024
"""Bytes of headers that are kept of one connection while it sends them."""

_THREADS = 4
"""Requests that one web worker runs at once; each may hold a connection to the database."""

_CONNECTIONS = 4096
"""Connections that one web worker holds open at most; where the system allows fewer open files,
as many as it does, less those that the application needs itself."""

_OWN_FILES = 128


def on_stop(act: Callable[[], object]) -> None:
    """Let `act` run each time that this process is told to stop.

    In a thread: a handler runs in the middle of what the main thread does, and would wait for
    ever for a lock that the main thread holds, such as that of the event which it waits for.
    """
    for number in _STOPS:
        signal.signal(number, lambda *_: threading.Thread(target=act).start())


def serve_application(target: str, *, host: str, port: int, workers: int) -> None:
    """Serve the WSGI application `target` until the process is told to stop."""
    if multiprocessing.get_start_method() == "forkserver":
        # The default on Linux from Python 3.14 on. Workers are forked as before, with what is
        # loaded and with the signals held.
        multiprocessing.set_start_method("fork", force=True)
    server = Granian(
        target,
        address=host,
        port=port,
        # No websockets, and nothing that would begin before the first request.
        interface=Interfaces.ASGINL,
        websockets=False,
        # Told by the first bytes, a connection that sends none would be waited for without end.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=_PATIENCE * 1000, max_buffer_size=_LONGEST_HEADERS
        ),
        backpressure=_allow_connections(),
        workers=workers,
        workers_kill_timeout=_KILLED_AFTER,
        respawn_failed_workers=True,
        log_access=False,
    )
    server.respawned_wrks = _Forgetful()
    server.on_startup(lambda: on_stop(server.signal_handler_interrupt))
    # A new process has the handlers of its parent, and would take its own signals for those.
    os.register_at_fork(before=_hold_signals, after_in_parent=_let_signals_through)
    server.serve(target_loader=_load)


class _Forgetful(dict[int, float]):
    """When each web worker was started anew: never.

    The server would end all of them when one ends twice within 5.5 seconds, whoever killed it.
    """

    def __setitem__(self, worker: int, started: float) -> None:
        return


def _allow_connections() -> int:
    """Raise this process's limit of open files, and say how many connections fit into it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _CONNECTIONS + _OWN_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return _CONNECTIONS
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return max(1, allowed - _OWN_FILES)


def _hold_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)


def _let_signals_through() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)


def _load(target: str) -> RequestBuffer:
    """The application, in a web worker, which its parent alone tells to stop.

    A terminal sends Ctrl-C to both of them; this process leaves it to the parent. It does not
    outlive the parent, which would hold the port and serve on without anybody to stop it.
    """
    _hold_signals()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    return RequestBuffer(
        import_string(target), threads=_THREADS, seconds=_PATIENCE, longest_body=LONGEST_BODY
    )


def _stop_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
