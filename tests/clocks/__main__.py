"""Run the tests once for each of several instants, with the wall clock moved to it.

    python -m tests.clocks [INSTANT ...] [-- ARGUMENTS OF PYTEST]

An instant is ISO 8601 with an offset; without one, all of INSTANTS are used. The clock also moves
for everything that the tests start: PostgreSQL, servers, workers, browsers. It goes on from there,
so midnight, or a change to summer time, comes while the tests run.
"""

import argparse
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.clocks.shift import build_library, shifted_environment

_MONDAY = datetime(2026, 12, 7, tzinfo=UTC)
_WEEK = [_MONDAY + timedelta(days=day) for day in range(7)]

INSTANTS = (
    *(day + timedelta(hours=18, minutes=10) for day in _WEEK),
    *(day + timedelta(hours=23, minutes=58) for day in _WEEK),
    datetime(2026, 12, 31, 23, 58, tzinfo=UTC),
    datetime(2027, 1, 31, 23, 58, tzinfo=UTC),
    datetime(2027, 2, 28, 23, 58, tzinfo=UTC),
    datetime(2027, 3, 12, 18, 10, tzinfo=UTC),  # Two days before New York's summer time.
    datetime(2027, 3, 14, 6, 58, tzinfo=UTC),  # Two minutes before it.
    datetime(2027, 3, 26, 18, 10, tzinfo=UTC),  # Two days before Europe's summer time.
    datetime(2027, 3, 28, 0, 58, tzinfo=UTC),  # Two minutes before it.
    datetime(2027, 10, 29, 18, 10, tzinfo=UTC),  # Two days before Europe's winter time.
    datetime(2027, 10, 31, 0, 58, tzinfo=UTC),  # Two minutes before it.
    datetime(2027, 11, 5, 18, 10, tzinfo=UTC),  # Two days before New York's winter time.
    datetime(2027, 11, 7, 5, 58, tzinfo=UTC),  # Two minutes before it.
    datetime(2028, 2, 28, 23, 58, tzinfo=UTC),
    datetime(2028, 2, 29, 9, 0, tzinfo=UTC),
    datetime(2028, 2, 29, 23, 58, tzinfo=UTC),
    datetime(2036, 6, 15, 12, 0, tzinfo=UTC),  # Long after every fixed date of the tests.
)
"""The evenings of a week, ends of months and years, changes of the clocks, a leap day."""


def instant(text: str) -> datetime:
    """Parse an instant. Raises ValueError without an offset."""
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError(text)
    return read


def main(arguments: list[str]) -> int:
    """Run pytest at each instant. The result is 1 if any run failed."""
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(prog="python -m tests.clocks")
    parser.add_argument("instants", nargs="*", type=instant)
    pytest = [sys.executable, "-m", "pytest", *arguments[cut + 1 :]]
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        library = build_library(Path(folder))
        for at in parser.parse_args(arguments[:cut]).instants or INSTANTS:
            name = f"{at:%A, %Y-%m-%d %H:%M %Z}"
            print(f"== {name}", flush=True)
            environment = shifted_environment(library, at)
            results[name] = subprocess.run(pytest, env=environment, check=False).returncode
    failed = [name for name, status in results.items() if status != 0]
    print(f"{len(results) - len(failed)} of {len(results)} runs passed.")
    if failed:
        print("Failed:", *failed, sep="\n  ")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
