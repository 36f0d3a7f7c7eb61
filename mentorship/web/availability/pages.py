"""The pages of a mentor's availability: weekly hours, days off, one-off slots, limits."""

from datetime import date
from itertools import groupby
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.availability.slot_plan import SlotSettings
from mentorship.domain.availability.weekly_rules import Weekday, WeeklyRule
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.zones import current_name, places, zone_of
from mentorship.extensions import db
from mentorship.queries.accounts.people import is_approval_pending
from mentorship.queries.availability.mentor_calendar import read_calendar, read_settings
from mentorship.queries.availability.upcoming_slots import upcoming_slots
from mentorship.schemas.availability import (
    ChoiceFields,
    DaysOffFormFields,
    RuleFormFields,
    SettingsFields,
    SlotFields,
)
from mentorship.schemas.base import NoFields
from mentorship.services.availability.apply import Effect, preview_change
from mentorship.services.availability.changes import (
    Change,
    RemoveDaysOff,
    RemoveRule,
    RemoveSlot,
    SaveRule,
)
from mentorship.services.availability.one_off_slots import OneOffSlot, save_one_off_slot
from mentorship.services.availability.rule_preview import RulePreview, preview_rule
from mentorship.web.availability.calendar_changes import (
    days_off_of,
    make_change,
    rule_of,
    settings_of,
)
from mentorship.web.http.authentication import required_mentor
from mentorship.web.http.formatting import translate
from mentorship.web.http.request_body import body, page_number

bp = Blueprint("availability", __name__, url_prefix="/availability")

Page = Response | str | tuple[str, int]
Values = MultiDict[str, str]


@bp.get("")
def show() -> str:
    """The overview, with the upcoming slots in pages."""
    mentor, now = required_mentor(), utc_now()
    session = db.session()
    return render_template(
        "availability/show.html",
        viewer=mentor,
        now=now,
        calendar=read_calendar(session, mentor.id, now=now),
        found=upcoming_slots(session, mentor.id, page=page_number("page"), now=now),
        is_approval_pending=is_approval_pending(session, mentor.id),
    )


@bp.get("/rules/new")
def new_rule() -> str:
    """The form for new weekly hours."""
    mentor = required_mentor()
    values: Values = MultiDict(
        {
            "opens": "18:00",
            "closes": "20:00",
            "slotMinutes": "60",
            "capacity": "1",
            "everyWeeks": "1",
            "firstDay": _today(mentor).isoformat(),
            "timezone": mentor.timezone,
        }
    )
    return _rule_page(mentor, 0, values)


@bp.get("/rules/<id:rule_id>")
def edit_rule(rule_id: int) -> str:
    """The form that changes weekly hours."""
    mentor = required_mentor()
    return _rule_page(mentor, rule_id, _values(_rule(mentor, rule_id)))


@bp.post("/rules/new")
def create_rule() -> Page:
    """Show the effect of new weekly hours, or save them."""
    return _take_rule(0)


@bp.post("/rules/<id:rule_id>")
def update_rule(rule_id: int) -> Page:
    """Show the effect of changed weekly hours, or save them."""
    return _take_rule(rule_id)


@bp.get("/rules/<id:rule_id>/remove")
def confirm_rule_removal(rule_id: int) -> str:
    """Show the effect of removing a rule."""
    return _ask(required_mentor(), RemoveRule(rule_id))


@bp.post("/rules/<id:rule_id>/remove")
def remove_rule(rule_id: int) -> Page:
    """Remove a rule."""
    return _remove(RemoveRule(rule_id))


@bp.get("/days-off/new")
def new_days_off() -> str:
    """The form for days off."""
    mentor = required_mentor()
    return _days_off_page(mentor, MultiDict({"firstDay": _today(mentor).isoformat()}))


@bp.post("/days-off/new")
def update_days_off() -> Page:
    """Store days off; if there are booked sessions on them, ask first."""
    mentor, now = required_mentor(), utc_now()
    try:
        fields = body(DaysOffFormFields)
        change = days_off_of(fields, mentor)
        effect = preview_change(db.session(), mentor.id, change, now=now)
        if effect.sessions and fields.step == "preview":
            return _days_off_page(mentor, request.form, effect=effect)
        return _done(mentor, change, fields)
    except InvalidInput as error:
        return _days_off_page(mentor, request.form, error=translate(error)), 400


@bp.post("/days-off/<id:days_off_id>/remove")
def remove_days_off(days_off_id: int) -> Page:
    """Remove days off, without asking: no session can be in the way."""
    mentor = required_mentor()
    body(NoFields)
    return _done(mentor, RemoveDaysOff(days_off_id))


@bp.get("/slots/new")
def new_slot() -> str:
    """The form for a one-off slot."""
    mentor = required_mentor()
    values: Values = MultiDict(
        {"day": _today(mentor).isoformat(), "opens": "18:00", "closes": "19:00", "capacity": "1"}
    )
    return _slot_page(mentor, values)


@bp.post("/slots/new")
def update_slot() -> Page:
    """Store a one-off slot."""
    mentor = required_mentor()
    try:
        wanted = OneOffSlot(**body(SlotFields).model_dump())
        save_one_off_slot(db.session(), mentor.id, wanted, now=utc_now())
    except InvalidInput as error:
        return _slot_page(mentor, request.form, error=translate(error)), 400
    flash(_("Saved: 1 slot added."))
    return redirect(url_for("availability.show"), code=303)


@bp.get("/slots/<id:slot_id>/remove")
def confirm_slot_removal(slot_id: int) -> str:
    """Show the effect of withdrawing a one-off slot."""
    return _ask(required_mentor(), RemoveSlot(slot_id))


@bp.post("/slots/<id:slot_id>/remove")
def remove_slot(slot_id: int) -> Page:
    """Withdraw a one-off slot."""
    return _remove(RemoveSlot(slot_id))


@bp.get("/settings")
def settings() -> str:
    """The form for the limits."""
    mentor = required_mentor()
    kept = read_settings(db.session(), mentor.id)
    return _settings_page(mentor, _settings_values(kept))


@bp.post("/settings")
def update_settings() -> Page:
    """Store the limits; the weekly hours are divided into slots again."""
    mentor = required_mentor()
    try:
        return _done(mentor, settings_of(body(SettingsFields)))
    except InvalidInput as error:
        return _settings_page(mentor, request.form, error=translate(error)), 400


def _today(mentor: Viewer) -> date:
    return utc_now().astimezone(zone_of(mentor.timezone)).date()


def _rule(mentor: Viewer, rule_id: int) -> WeeklyRule:
    calendar = read_calendar(db.session(), mentor.id, now=utc_now())
    RemoveRule(rule_id).on(calendar)  # Raises NotFound if the thing to change does not exist.
    return next(rule for rule in calendar.rules if rule.id == rule_id)


def _take_rule(rule_id: int) -> Page:
    mentor, now = required_mentor(), utc_now()
    if rule_id:
        _rule(mentor, rule_id)
    try:
        fields = body(RuleFormFields)
        rule = rule_of(fields, mentor, rule_id=rule_id)
        seen = preview_rule(db.session(), mentor.id, rule, now=now)
        if fields.step == "save":
            return _done(mentor, SaveRule(rule), fields)
    except InvalidInput as error:
        return _rule_page(mentor, rule_id, request.form, error=translate(error)), 400
    return _rule_page(mentor, rule_id, request.form, seen=seen)


def _done(mentor: Viewer, change: Change, choice: ChoiceFields | None = None) -> Response:
    flash(translate(make_change(mentor, change, choice).message))
    return redirect(url_for("availability.show"), code=303)


def _remove(change: Change) -> Page:
    mentor = required_mentor()
    try:
        return _done(mentor, change, body(ChoiceFields))
    except InvalidInput as error:
        return _ask(mentor, change, error=translate(error)), 400


def _ask(mentor: Viewer, change: Change, *, error: str = "") -> str:
    now = utc_now()
    effect = preview_change(db.session(), mentor.id, change, now=now)
    gone = [slot for slot in effect.before.slots if slot.id == change.id]
    return render_template(
        "availability/remove.html",
        viewer=mentor,
        now=now,
        effect=effect,
        rule=_rule(mentor, change.id) if isinstance(change, RemoveRule) else None,
        slot=gone[0] if isinstance(change, RemoveSlot) else None,
        error=error,
    )


def _rule_page(
    mentor: Viewer,
    rule_id: int,
    values: Values,
    *,
    seen: RulePreview | None = None,
    error: str = "",
) -> str:
    own = _rule(mentor, rule_id).timezone if rule_id else mentor.timezone
    timezone = current_name(values.get("timezone", "")) or own
    days = []
    if seen is not None:
        zone = zone_of(timezone)
        by_day = groupby(seen.first, key=lambda slot: slot.start_time.astimezone(zone).date())
        days = [(day, list(slots)) for day, slots in by_day]
    return render_template(
        "availability/rule.html",
        viewer=mentor,
        rule_id=rule_id,
        values=values,
        weekdays=Weekday,
        timezone=timezone,
        timezones=places(),
        now=utc_now(),
        seen=seen,
        days=days,
        error=error,
    )


def _days_off_page(
    mentor: Viewer, values: Values, *, effect: Effect | None = None, error: str = ""
) -> str:
    return render_template(
        "availability/days_off.html",
        viewer=mentor,
        values=values,
        effect=effect,
        now=utc_now(),
        error=error,
    )


def _slot_page(mentor: Viewer, values: Values, *, error: str = "") -> str:
    return render_template(
        "availability/slot.html", viewer=mentor, values=values, now=utc_now(), error=error
    )


def _settings_page(mentor: Viewer, values: Values, *, error: str = "") -> str:
    return render_template(
        "availability/settings.html", viewer=mentor, values=values, now=utc_now(), error=error
    )


def _settings_values(kept: SlotSettings) -> Values:
    return MultiDict(
        {
            "bufferBefore": str(kept.buffer_before),
            "bufferAfter": str(kept.buffer_after),
            "minimumNotice": str(kept.minimum_notice),
            "horizonDays": str(kept.horizon_days),
            "dailyLimit": str(kept.daily_limit or ""),
        }
    )


def _values(rule: WeeklyRule) -> Values:
    recurrence = rule.recurrence
    values: Any = {
        "weekdays": [day.value for day in recurrence.weekdays],
        "opens": f"{rule.opens:%H:%M}",
        "closes": f"{rule.closes:%H:%M}",
        "slotMinutes": str(rule.slot_minutes),
        "capacity": str(rule.capacity),
        "everyWeeks": str(recurrence.every_weeks),
        "firstDay": rule.first_day.isoformat(),
        "until": recurrence.until.isoformat() if recurrence.until else "",
        "timezone": rule.timezone,
    }
    return MultiDict(values)
