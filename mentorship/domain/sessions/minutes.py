"""Minutes of a session: booked, delivered and owed. All are whole minutes, rounded down."""

from datetime import datetime, timedelta

from mentorship.domain.sessions.outcomes import OutcomeWord

_MINUTE = timedelta(minutes=1)


def minutes_booked(start_time: datetime, end_time: datetime) -> int:
    """The length of the slot."""
    return (end_time - start_time) // _MINUTE


def minutes_delivered(
    started_at: datetime | None, completed_at: datetime | None, outcome: OutcomeWord | None
) -> int | None:
    """From the recorded beginning to the completion.

    The clock completes a session at the end of its slot, so only a person's completion counts
    minutes after that. None if the beginning was not recorded, the session is not completed, or it
    is not known that it took place.
    """
    if started_at is None or completed_at is None or outcome is not OutcomeWord.TOOK_PLACE:
        return None
    return max(completed_at - started_at, timedelta(0)) // _MINUTE


def minutes_owed(
    start_time: datetime, started_at: datetime | None, *, booked: int, delivered: int | None
) -> int | None:
    """Booked minutes that a session that began late did not deliver; 0 if it began on time.

    None if the delivered minutes are unknown.
    """
    if started_at is None or delivered is None:
        return None
    return max(booked - delivered, 0) if started_at > start_time else 0
