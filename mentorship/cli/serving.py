"""The web server, and stopping a process cleanly after any number of signals."""

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
"""Seconds for a web worker to finish its requests, which may wait 10 s for a lock."""

_PATIENCE = 20
"""Seconds for the headers of a request to arrive, and again for its body. A connection without a
request is closed after the same time."""

_LONGEST_HEADERS = 64 * 1024
"""The largest headers of a request, in bytes."""

_THREADS = 4
"""Concurrent requests of a web worker; each may hold a database connection."""

_CONNECTIONS = 4096
"""The most open connections of a web worker. If the system allows fewer open files, it is that
limit without the files that the application needs itself."""

_OWN_FILES = 128


def on_stop(act: Callable[[], object]) -> None:
    """Run `act` on each signal to stop, in a thread.

    A signal handler interrupts the main thread, and would wait forever for a lock that the main
    thread holds, such as the lock of the event that it waits for.
    """
    for number in _STOPS:
        signal.signal(number, lambda *_: threading.Thread(target=act).start())


def serve_application(target: str, *, host: str, port: int, workers: int) -> None:
    """Serve the WSGI application `target` until the process is told to stop."""
    if multiprocessing.get_start_method() == "forkserver":
        # The default on Linux from Python 3.14 on. Workers must be forked, with the modules that
        # are loaded and with blocked signals.
        multiprocessing.set_start_method("fork", force=True)
    server = Granian(
        target,
        address=host,
        port=port,
        # No websockets, and no startup before the first request.
        interface=Interfaces.ASGINL,
        websockets=False,
        # Detecting the protocol would wait forever for the first bytes of a silent connection.
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
    # A new process inherits the handlers of its parent, and must not run them for its signals.
    os.register_at_fork(before=_hold_signals, after_in_parent=_let_signals_through)
    server.serve(target_loader=_load)


class _Forgetful(dict[int, float]):
    """Forgets when web workers were restarted.

    The server stops completely if a worker ends twice within 5.5 seconds, for whatever reason.
    """

    def __setitem__(self, worker: int, started: float) -> None:
        return


def _allow_connections() -> int:
    """Raise this process's limit of open files; returns how many connections it allows."""
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
    """Load the application in a web worker, which only its parent stops.

    A terminal sends Ctrl-C to both; the worker leaves it to the parent. The worker ends with its
    parent, because otherwise it would hold the port and nobody could stop it.
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
