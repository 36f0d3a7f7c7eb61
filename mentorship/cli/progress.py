"""The progress bar of long commands."""

import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

import click

T = TypeVar("T")


def with_progress(rows: Sequence[T]) -> Iterator[T]:
    """Yield the rows, with a progress bar on stderr if that is a terminal."""
    is_watched = sys.stderr.isatty()
    with click.progressbar(rows, label="Reading", file=sys.stderr, hidden=not is_watched) as bar:
        yield from bar
