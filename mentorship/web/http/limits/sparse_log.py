"""Log lines that strangers can cause: each at most once an hour, and a limited number."""

from datetime import datetime, timedelta
from threading import Lock

import structlog

from mentorship.clock import utc_now

log = structlog.get_logger(__name__)

AGAIN_AFTER = timedelta(hours=1)
MOST_LINES = 50
"""Different lines in an hour and process, so that forged headers cannot fill the disk."""


class SparseLog:
    """Writes a line unless the same line was written in the last hour."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._since: datetime | None = None
        self._written: set[tuple[object, ...]] = set()

    def warning(self, event: str, **values: str) -> None:
        """Write a line at level warning. Values may be forged: they are cut to 200 characters."""
        values = {name: value[:200] for name, value in values.items()}
        if self._is_new((event, *values.items()), now=utc_now()):
            log.warning(event, **values)

    def _is_new(self, line: tuple[object, ...], *, now: datetime) -> bool:
        with self._lock:
            if self._since is None or abs(now - self._since) >= AGAIN_AFTER:
                self._since, self._written = now, set()
            if line in self._written or len(self._written) >= MOST_LINES:
                return False
            self._written.add(line)
            return True
