"""The layout of charts: bars and cells, which templates draw as SVG."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mentorship.domain.reports.figures import Tally
from mentorship.domain.shared.messages import N_
from mentorship.queries.reports.pictures import Beginning

WIDTH, HEIGHT = 720, 260
_LEFT, _BOTTOM, _TOP = 44, 28, 8
_MOST_LABELS = 8
_SHADES = 5


@dataclass(frozen=True)
class Kind:
    """A part of a stacked bar: a name for style sheets and a label for people."""

    name: str
    label: str


KINDS = (
    Kind("took-place", N_("Took place")),
    Kind("failed", N_("Did not take place")),
    Kind("unsettled", N_("Outcome not settled")),
    Kind("running", N_("To come or under way")),
    Kind("cancelled", N_("Cancelled")),
)


def outcome_parts(tally: Tally) -> dict[str, int]:
    """The booked sessions in parts that do not overlap, by the names of KINDS."""
    failed = (
        tally.mentor_absent + tally.student_absent + tally.nobody_came + tally.technical_trouble
    )
    unsettled = tally.claimed + tally.disputed + tally.open
    parts = {
        "took-place": tally.took_place,
        "failed": failed,
        "unsettled": unsettled,
        "cancelled": tally.cancelled,
    }
    return parts | {"running": max(tally.booked - sum(parts.values()), 0)}


@dataclass(frozen=True)
class Bar:
    """One rectangle of a picture, in the units of its view box."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True)
class Mark:
    """A label or a line of an axis, with its position."""

    at: float
    text: str


@dataclass(frozen=True)
class Chart:
    """A picture of bars."""

    bars: tuple[Bar, ...]
    columns: tuple[Mark, ...]
    lines: tuple[Mark, ...]


def stacked(
    labels: Sequence[str], stacks: Sequence[Mapping[str, int]], titles: Mapping[str, str]
) -> Chart:
    """A column for each stack, from the bottom up in the order of KINDS.

    `titles` has the label of each kind in the reader's language.
    """
    top = _round_up(max((sum(stack.values()) for stack in stacks), default=0))
    scale = (HEIGHT - _BOTTOM - _TOP) / top
    step = (WIDTH - _LEFT) / max(len(stacks), 1)
    bars = []
    for number, stack in enumerate(stacks):
        base = float(HEIGHT - _BOTTOM)
        for kind in KINDS:
            count = stack.get(kind.name, 0)
            if not count:
                continue
            height = count * scale
            base -= height
            title = f"{labels[number]}: {titles[kind.name]}, {count}"
            bars.append(
                Bar(_LEFT + step * (number + 0.1), base, step * 0.8, height, kind.name, title)
            )
    every = -(-len(labels) // _MOST_LABELS) or 1
    columns = [
        Mark(_LEFT + step * (number + 0.5), label)
        for number, label in enumerate(labels)
        if number % every == 0
    ]
    lines = [Mark(HEIGHT - _BOTTOM - value * scale, str(value)) for value in (0, top // 2, top)]
    return Chart(tuple(bars), tuple(columns), tuple(lines))


def row_of_bars(counts: Mapping[Beginning, int], words: Mapping[Beginning, str]) -> Chart:
    """Horizontal bars, each as long as its count."""
    most = max(counts.values(), default=0) or 1
    bars, lines = [], []
    for number, (name, count) in enumerate(counts.items()):
        y = 8 + 48 * number
        width = (WIDTH - 240) * count / most
        bars.append(Bar(200, y, width, 32, name.value, f"{words[name]}: {count}"))
        lines.append(Mark(y + 21, words[name]))
    columns = [Mark(bar.x + bar.width + 8, bar.title.rpartition(" ")[2]) for bar in bars]
    return Chart(tuple(bars), tuple(columns), tuple(lines))


@dataclass(frozen=True)
class Cell:
    """An hour of a weekday, in one of five shades; 0 for none."""

    hour: int
    sessions: int
    shade: int


def heat(load: Mapping[tuple[int, int], int]) -> list[list[Cell]]:
    """A line of 24 cells for each weekday, Monday first."""
    most = max(load.values(), default=0) or 1
    return [
        [
            Cell(hour, count := load.get((weekday, hour), 0), -(-count * _SHADES // most))
            for hour in range(24)
        ]
        for weekday in range(7)
    ]


def _round_up(value: int) -> int:
    """A round number for the top of an axis: 2, 3, 4, 6, 8, 10, 20, 30 and so on."""
    step = 1
    while True:
        for factor in (2, 3, 4, 6, 8, 10):
            if value <= factor * step:
                return factor * step
        step *= 10
