"""Logging to stderr: one JSON object a line in production, readable lines in development."""

import sys
from contextlib import suppress

import structlog


class _Log(structlog.WriteLogger):
    """Lines that cannot be written are lost: a full disk or closed pipe must not stop the work."""

    def msg(self, message: str) -> None:
        with suppress(OSError, ValueError):  # A closed file raises ValueError.
            super().msg(message)

    debug = info = warning = error = critical = msg


def configure_logs(*, is_production: bool) -> None:
    """Configure structlog for this process."""
    output = sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer()
            if is_production
            else structlog.dev.ConsoleRenderer(colors=False),
        ],
        logger_factory=lambda *_: _Log(output),
    )
