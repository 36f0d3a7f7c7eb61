"""The server's clock, standing still."""

from datetime import datetime

from time_machine import travel


def standing_at(instant: datetime) -> travel:
    """A context in which it is this instant, until its value is moved or shifted.

    Time-outs go on: they ask the monotonic clock.
    """
    return travel(instant, tick=False)
