"""The address of a development server, for commands that print links.

`serve` stores it in the instance folder, in a file for its database. If BASE_URL is not set, other
commands on this database read it there, so that their links have the right port.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path


@contextmanager
def announce_address(folder: Path, url: str, *, database_url: str | None) -> Iterator[None]:
    """A context in which other commands can find this server and its `url`."""
    file = _file(folder, database_url)
    with suppress(OSError):  # The note is not worth a failed start.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.write_text(json.dumps({"pid": os.getpid(), "url": url}))
    try:
        yield
    finally:
        if _read(file).get("pid") == os.getpid():
            file.unlink(missing_ok=True)


def served_address(folder: Path, *, database_url: str | None) -> str | None:
    """The address at which a running process serves the same database, or None."""
    note = _read(_file(folder, database_url))
    pid, url = note.get("pid"), note.get("url")
    if not isinstance(pid, int):
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:  # The server was killed before it could remove its note.
        return None
    except PermissionError:
        pass
    return url if isinstance(url, str) else None


def _read(file: Path) -> dict[str, object]:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _file(folder: Path, database_url: str | None) -> Path:
    database = sha256((database_url or "").encode()).hexdigest()
    return folder / f"served_at-{database[:16]}.json"
