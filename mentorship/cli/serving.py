"""The server of the web, and how a process is told to stop: in order, however many signals come."""

import os
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

from granian import Granian
from granian.constants import Interfaces
from werkzeug.utils import import_string

_STOPS = (signal.SIGTERM, signal.SIGINT)

_KILLED_AFTER = 20
"""Seconds that a web worker has to end its requests, which wait for a lock for up to 10."""


def on_stop(act: Callable[[], object]) -> None:
    """Let `act` run each time that this process is told to stop.

    In a thread: a handler runs in the middle of what the main thread does, and would wait for
    ever for a lock that the main thread holds, such as that of the event which it waits for.
    """
    for number in _STOPS:
        signal.signal(number, lambda *_: threading.Thread(target=act).start())


def serve_application(target: str, *, host: str, port: int, workers: int) -> None:
    """Serve the WSGI application `target` until the process is told to stop."""
    server = Granian(
        target,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        workers_kill_timeout=_KILLED_AFTER,
        blocking_threads=4,
        respawn_failed_workers=True,
        log_access=False,
    )
    server.on_startup(lambda: on_stop(server.signal_handler_interrupt))
    # A new process has the handlers of its parent, and would take its own signals for those.
    os.register_at_fork(before=_hold_signals, after_in_parent=_let_signals_through)
    server.serve(target_loader=_load)


def _hold_signals() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOPS)


def _let_signals_through() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPS)


def _load(target: str) -> Any:
    """The application, in a web worker, which its parent alone tells to stop.

    A terminal sends Ctrl-C to both of them, and the second signal would hit the handler of the
    first, as above. So this process hears none; a thread waits for them.
    """
    _hold_signals()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_stop_when_told, daemon=True).start()
    return import_string(target)


def _stop_when_told() -> None:
    signal.sigwait({signal.SIGTERM})
    while not callable(handler := signal.getsignal(signal.SIGTERM)):
        time.sleep(0.05)  # The application is still being loaded.
    handler(signal.SIGTERM, None)
