"""The future offsets of a time zone, so that two releases of the rules can be compared."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mentorship.domain.shared.zones import zone_of

SPAN = timedelta(days=800)
"""Further ahead than anything can be booked."""

_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


@dataclass(frozen=True)
class Offsets:
    """A zone's offsets from UTC; each step holds from its instant (UTC) on.

    The last step changes nothing: it marks the end of the span.
    """

    steps: tuple[tuple[datetime, timedelta], ...]

    @classmethod
    def of(cls, name: str, *, since: datetime) -> "Offsets":
        """The offsets of a zone from `since` (UTC) on, by today's rules."""
        steps = [(since, _offset(name, since))]
        day = since
        while (day := day + _DAY) < since + SPAN:
            if _offset(name, day) != steps[-1][1]:
                steps.append(_change(name, day - _DAY, day))
        return cls((*steps, (since + SPAN, steps[-1][1])))

    @classmethod
    def read(cls, text: str) -> "Offsets":
        """From what `text` wrote."""
        pairs = (step.split() for step in text.splitlines())
        return cls(
            tuple((datetime.fromisoformat(at), timedelta(seconds=int(it))) for at, it in pairs)
        )

    @property
    def text(self) -> str:
        """A line for each step: the instant, and the seconds from then on."""
        return "\n".join(f"{at.isoformat()} {it.total_seconds():.0f}" for at, it in self.steps)

    def at(self, instant: datetime) -> timedelta:
        """The offset at an instant; before the first step, that of the first step."""
        place = bisect_right(self.steps, instant, key=lambda step: step[0])
        return self.steps[max(place - 1, 0)][1]

    def differ_from(self, other: "Offsets", *, since: datetime) -> bool:
        """Whether the two differ at any instant from `since` (UTC) on."""
        end = min(self.steps[-1][0], other.steps[-1][0])
        changes = {at for at, _ in (*self.steps, *other.steps) if since < at < end}
        return any(self.at(instant) != other.at(instant) for instant in (since, *changes))


def _offset(name: str, instant: datetime) -> timedelta:
    offset = instant.astimezone(zone_of(name)).utcoffset()
    assert offset is not None, "the instant is aware"
    return offset


def _change(name: str, before: datetime, after: datetime) -> tuple[datetime, timedelta]:
    """The minute of the change between two instants, and the offset from then on."""
    before, after = (it.astimezone(UTC).replace(second=0, microsecond=0) for it in (before, after))
    then = _offset(name, after)
    while after - before > _MINUTE:
        middle = before + (after - before) / 2 // _MINUTE * _MINUTE
        if _offset(name, middle) == then:
            after = middle
        else:
            before = middle
    return after, then
