"""A person changes their name, time zone, language and time format."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.availability.slot_plan import Calendar
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.messages import N_, joined
from mentorship.models import AvailabilityRule, MentorProfile, User
from mentorship.queries.availability.mentor_calendar import read_rules
from mentorship.services.availability.apply import apply_change
from mentorship.services.booking.search_index import refresh_words
from mentorship.services.shared.text_fields import (
    chosen_timezone,
    clean_hour_cycle,
    clean_language,
    clean_name,
    folded_name,
)


@dataclass(frozen=True)
class Details:
    """New details; also a change of a mentor's calendar, because days off depend on the zone."""

    name: str
    timezone: str
    hour_cycle: HourCycle | None
    language: Language | None
    moves_hours: bool = False
    id: None = None

    def on(self, calendar: Calendar) -> Calendar:
        """The calendar in the new zone; hours that move keep their time on the mentor's clock."""
        rules = calendar.rules
        if self.moves_hours:
            rules = tuple(
                replace(rule, timezone=self.timezone)
                if rule.timezone == calendar.timezone
                else rule
                for rule in rules
            )
        return replace(calendar, timezone=self.timezone, rules=rules)

    def store(self, session: Session, person_id: int) -> "Details":
        """Update the person, their weekly hours, and the search index of mentors."""
        if self.moves_hours:
            former = session.scalars(select(User.timezone).where(User.id == person_id)).one()
            for rule in read_rules(session, person_id):
                if rule.timezone == former:
                    session.execute(
                        update(AvailabilityRule)
                        .where(AvailabilityRule.id == rule.id)
                        .values(timezone=self.timezone)
                    )
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


def edit_details(
    session: Session,
    *,
    viewer: Viewer,
    name: str,
    timezone: str,
    hour_cycle: str,
    language: str,
    now: datetime,
    hours: str = "stay",
) -> str:
    """Store a person's name, time zone, time format and language; returns a sentence.

    `hours` is "move" if a mentor's weekly hours in the old zone move to the new one, else "stay".
    If `hour_cycle` or `language` is empty, the browser's language decides. A mentor's slots follow
    the new zone at once; booked sessions stay, as with every change of a calendar. Raises
    InvalidInput.
    """
    details = Details(
        clean_name(name),
        chosen_timezone(timezone),
        clean_hour_cycle(hour_cycle),
        clean_language(language),
        moves_hours=_moves(hours),
    )
    done = N_("Your account has been updated.")
    if session.get(MentorProfile, viewer.id) is not None:
        applied = apply_change(session, mentor=viewer, change=details, now=now)
        is_moved = applied.added or applied.withdrawn or applied.kept
        return joined(done, applied.message) if is_moved else done
    begin_write(session)
    details.store(session, viewer.id)
    session.commit()
    return done


def hours_left_behind(session: Session, viewer: Viewer, timezone: str) -> bool:
    """Whether weekly hours would stay in another zone, so that the mentor has to decide about them.

    Raises InvalidInput for an unknown zone.
    """
    if chosen_timezone(timezone) == viewer.timezone:
        return False
    return any(rule.timezone == viewer.timezone for rule in read_rules(session, viewer.id))


def _moves(hours: str) -> bool:
    if hours not in ("move", "stay"):
        raise InvalidInput(N_("Weekly hours can either move or stay."))
    return hours == "move"
