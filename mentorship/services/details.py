"""A person changes how they are called and where they live."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.availability import Calendar
from mentorship.domain.people import HourCycle, Language, Viewer
from mentorship.domain.sentences import N_, joined
from mentorship.models import MentorProfile, User
from mentorship.services.accounts import (
    clean_hour_cycle,
    clean_language,
    clean_name,
    clean_timezone,
    folded_name,
)
from mentorship.services.availability import apply
from mentorship.services.search_words import refresh_words


@dataclass(frozen=True)
class Details:
    """A change of a mentor's calendar too, because days off are meant in the mentor's zone."""

    name: str
    timezone: str
    hour_cycle: HourCycle | None
    language: Language | None
    id: None = None

    def on(self, calendar: Calendar) -> Calendar:
        """In the new zone."""
        return replace(calendar, timezone=self.timezone)

    def store(self, session: Session, person_id: int) -> "Details":
        """Update the person, and the words by which a mentor is found."""
        session.execute(
            update(User)
            .where(User.id == person_id)
            .values(
                name=self.name,
                folded_name=folded_name(self.name),
                timezone=self.timezone,
                hour_cycle=self.hour_cycle,
                language=self.language,
            )
        )
        refresh_words(session, person_id)
        return self


def change_details(
    session: Session,
    *,
    viewer: Viewer,
    name: str,
    timezone: str,
    hour_cycle: str,
    language: str,
    now: datetime,
) -> str:
    """Store how a person is called and how times are written for them; returns a sentence.

    An empty `hour_cycle` or `language` leaves it to the browser's language. A mentor's slots
    follow the new zone at once; booked sessions stay, as with every change of a calendar.
    Raises InvalidInput.
    """
    details = Details(
        clean_name(name),
        clean_timezone(timezone),
        clean_hour_cycle(hour_cycle),
        clean_language(language),
    )
    done = N_("Your account is changed.")
    has_calendar = session.get(MentorProfile, viewer.id) is not None
    session.rollback()
    if has_calendar:
        applied = apply(session, mentor=viewer, change=details, now=now)
        is_moved = applied.added or applied.withdrawn or applied.kept
        return joined(done, applied.sentence) if is_moved else done
    begin_write(session)
    details.store(session, viewer.id)
    session.commit()
    return done
