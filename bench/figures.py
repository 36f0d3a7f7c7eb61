"""What a bench finds, and how it is written down."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


class Aim(Protocol):
    """A bound on a ratio."""

    def holds(self, ratio: float) -> bool:
        """Whether the ratio is within the bound."""


@dataclass(frozen=True)
class AtMost:
    """An aim for times."""

    limit: float

    def holds(self, ratio: float) -> bool:
        """Whether the ratio is within the bound."""
        return ratio <= self.limit

    def __str__(self) -> str:
        return f"at most {self.limit:g}"


@dataclass(frozen=True)
class AtLeast:
    """An aim for rates."""

    limit: float

    def holds(self, ratio: float) -> bool:
        """Whether the ratio is within the bound."""
        return ratio >= self.limit

    def __str__(self) -> str:
        return f"at least {self.limit:g}"


@dataclass(frozen=True)
class Figure:
    """The product beside the bare work: medians with their units, and the ratio of the two."""

    what: str
    ours: str
    bare: str
    ratio: float
    aim: Aim | None = None

    @property
    def is_missed(self) -> bool:
        """Whether there is an aim and the ratio is not within it."""
        return self.aim is not None and not self.aim.holds(self.ratio)

    @property
    def verdict(self) -> str:
        """The aim, and whether it holds."""
        return f"{self.aim}: {'missed' if self.is_missed else 'holds'}" if self.aim else ""


WIDTHS = (41, 10, 11, 11, 6, 21)
HEADINGS = ("", "database", "Mentorship", "bare", "ratio", "aim")


def head() -> str:
    """The first two lines of the table, in Markdown."""
    return _line(HEADINGS) + "\n" + _line("-" * width for width in WIDTHS)


def row(database: str, figure: Figure) -> str:
    """One line of the table."""
    ratio = f"{figure.ratio:.2f}"
    return _line((figure.what, database, figure.ours, figure.bare, ratio, figure.verdict))


def milliseconds(seconds: float) -> str:
    """With three digits that matter."""
    value = 1000 * seconds
    return f"{value:,.0f} ms" if value >= 100 else f"{value:.3g} ms"


def per_second(rate: float) -> str:
    """To the request."""
    return f"{rate:,.0f}/s"


def counted(number: int) -> str:
    """Like "1,000"."""
    return f"{number:,}"


def _line(cells: Iterable[str]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True))
    return "| " + " | ".join(padded) + " |"
