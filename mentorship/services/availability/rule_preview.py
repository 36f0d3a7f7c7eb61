"""What a weekly rule will produce, before it is saved."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from mentorship.domain.availability.dst_shifts import Shift, shifts, skipped
from mentorship.domain.availability.slot_plan import KnownSlot, PlannedSlot
from mentorship.domain.availability.weekly_rules import WeeklyRule
from mentorship.domain.shared.zones import zone_of
from mentorship.queries.availability.upcoming_slots import zones_of_students
from mentorship.services.availability.apply import Effect, preview_change
from mentorship.services.availability.changes import SaveRule

FIRST_WEEKS = timedelta(weeks=4)


@dataclass(frozen=True)
class RulePreview:
    """The slots of the first weeks, and the number of all slots up to the horizon.

    `skipped` are wall-clock starts that clock changes leave out, `shifts` the clock changes that
    move the hours for students in other zones; both within a year. `is_far_off` means that the
    first day of the rule lies beyond the horizon.
    """

    rule: WeeklyRule
    effect: Effect
    first: tuple[KnownSlot | PlannedSlot, ...]
    total: int
    skipped: tuple[datetime, ...]
    shifts: tuple[Shift, ...]
    is_far_off: bool


def preview_rule(
    session: Session, mentor_id: int, rule: WeeklyRule, *, now: datetime
) -> RulePreview:
    """Preview a rule, stored or not, at `now` (UTC); writes nothing. Raises as `preview` does."""
    effect = preview_change(session, mentor_id, SaveRule(rule), now=now)
    rule = effect.after.rules[-1]  # A rule keeps its own zone when the mentor moves.
    slots = effect.slots_of(rule.id)
    begins = slots[0].start_time if slots else now
    return RulePreview(
        rule=rule,
        effect=effect,
        first=tuple(slot for slot in slots if slot.start_time < begins + FIRST_WEEKS),
        total=len(slots),
        skipped=skipped(rule, gap=effect.after.settings.gap, now=now),
        shifts=shifts(rule, zones=zones_of_students(session, mentor_id), now=now),
        is_far_off=_is_far_off(rule, now=now, horizon=effect.plan.until),
    )


def _is_far_off(rule: WeeklyRule, *, now: datetime, horizon: datetime) -> bool:
    zone, until = zone_of(rule.timezone), rule.recurrence.until
    last = horizon.astimezone(zone).date()
    if any(
        datetime.combine(day, rule.opens, zone) > now
        for day in rule.days(now.astimezone(zone).date(), last)
    ):
        return False
    return until is None or any(rule.days(last, until))
