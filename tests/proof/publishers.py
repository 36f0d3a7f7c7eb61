"""The processes of the publishing race."""

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from mentorship.services.availability.publish import publish


def keep_publishing(url: str, mentor_id: int, times: int, now: datetime) -> Counter[str]:
    """Publish this often, one day later each time; returns how many slots it says it made."""
    engine = create_engine(url)
    tally: Counter[str] = Counter()
    for number in range(times):
        with Session(engine, expire_on_commit=False) as session:
            try:
                later = now + timedelta(days=number)
                tally["made"] += publish(session, mentor_id, now=later)
            except OperationalError:  # SQLite makes nobody wait for ever: the next day will do.
                tally["put off"] += 1
    engine.dispose()
    return tally
