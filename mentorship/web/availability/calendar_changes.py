"""Changes of a mentor's calendar, read from the fields of a page or of the API."""

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.availability.slot_plan import SlotSettings
from mentorship.domain.availability.weekly_rules import WeeklyRule
from mentorship.extensions import db
from mentorship.schemas.availability import (
    ChoiceFields,
    DaysOffFields,
    RuleFields,
    SettingsFields,
)
from mentorship.services.availability.apply import AppliedChange, apply_change
from mentorship.services.availability.changes import Change, ChangeSettings, SaveDaysOff
from mentorship.services.availability.validation import new_days_off, new_rule, new_settings
from mentorship.services.shared.text_fields import clean_timezone


def make_change(
    mentor: Viewer, change: Change, choice: ChoiceFields | None = None
) -> AppliedChange:
    """Change a mentor's calendar, and commit.

    `choice` names the booked sessions to cancel. Raises InvalidInput, and NotFound if the thing to
    change does not exist.
    """
    return apply_change(
        db.session(),
        mentor=mentor,
        change=change,
        now=utc_now(),
        cancel=choice.cancel_sessions if choice else (),
        reason=choice.reason if choice else "",
    )


def rule_of(fields: RuleFields, mentor: Viewer, *, rule_id: int = 0) -> WeeklyRule:
    """The weekly rule in these fields. Raises InvalidInput."""
    chosen = fields.model_dump(include=set(RuleFields.model_fields) - {"timezone"})
    usual = "" if rule_id else mentor.timezone
    timezone = clean_timezone(fields.timezone) if fields.timezone else usual
    return new_rule(rule_id=rule_id, timezone=timezone, now=utc_now(), **chosen)


def days_off_of(fields: DaysOffFields, mentor: Viewer, days_off_id: int = 0) -> SaveDaysOff:
    """The days off in these fields. Raises InvalidInput."""
    return SaveDaysOff(
        new_days_off(
            days_off_id=days_off_id,
            first_day=fields.first_day,
            last_day=fields.last_day,
            note=fields.note,
            timezone=mentor.timezone,
            now=utc_now(),
        )
    )


def settings_of(fields: SettingsFields) -> ChangeSettings:
    """The limits in these fields. Raises InvalidInput."""
    return ChangeSettings(new_settings(SlotSettings(**fields.model_dump())))
