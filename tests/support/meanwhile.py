"""Let something else happen in the middle of a unit of work, at a known point."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event


@contextmanager
def meanwhile(
    engine: Engine, beginning: str, act: Callable[[], object], *, number: int = 1
) -> Iterator[list[str]]:
    """Run `act` once, right before the first (or `number`th) statement with this beginning.

    Yields the statements up to that one.
    """
    calls: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(beginning) and len(calls) < number:
            calls.append(statement)
            if len(calls) == number:
                act()

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield calls
    finally:
        event.remove(engine, "before_cursor_execute", note)
