"""The only place that reads the time. Edges call it once; everything below is handed `now`."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)
