"""Weekly hours, days off and one-off slots of a mentor."""

from datetime import date, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.availability.slot_plan import DaysOff
from mentorship.domain.availability.weekly_rules import Weekday, WeeklyRule
from mentorship.services.availability.apply import apply_change
from mentorship.services.availability.changes import SaveDaysOff, SaveRule
from mentorship.services.availability.one_off_slots import OneOffSlot, save_one_off_slot
from mentorship.services.availability.validation import new_rule
from tests.support.builders import at

NOW = at("09:00")  # A Tuesday.


def evenings(**others: Any) -> WeeklyRule:
    """Every Wednesday from 18:00 to 20:00 UTC, unless said otherwise."""
    fields: dict[str, Any] = {
        "weekdays": [Weekday.WE],
        "opens": time(18),
        "closes": time(20),
        "slot_minutes": 60,
        "capacity": 1,
        "first_day": date(2026, 11, 1),
        "every_weeks": 1,
        "until": None,
        "timezone": "UTC",
        "now": NOW,
    }
    return new_rule(**fields | others)


def some_hours(session: Session, mentor: Viewer, *, weeks_later: int = 0) -> dict[str, int]:
    """A stored rule, a day off and a one-off slot, by the names of their ids in addresses."""
    session.rollback()
    later = timedelta(weeks=weeks_later)
    weekly = SaveRule(evenings(first_day=date(2026, 11, 22) + later))
    rule = apply_change(session, mentor=mentor, change=weekly, now=NOW)
    christmas = SaveDaysOff(DaysOff(0, date(2026, 12, 25), date(2026, 12, 26), "Christmas"))
    days_off = apply_change(session, mentor=mentor, change=christmas, now=NOW)
    slot = OneOffSlot(date(2026, 11, 27) + later, time(9), time(10), 1)
    slot_id = save_one_off_slot(session, mentor.id, slot, now=NOW)
    assert rule.change.id is not None
    assert days_off.change.id is not None
    return {"rule_id": rule.change.id, "days_off_id": days_off.change.id, "slot_id": slot_id}
