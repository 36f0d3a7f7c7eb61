"""A mentor's calendar as JSON."""

from functools import partial

from flask import Blueprint, Response, jsonify

from mentorship.clock import utc_now
from mentorship.extensions import db
from mentorship.queries.availability.mentor_calendar import read_calendar
from mentorship.queries.availability.upcoming_slots import upcoming_slots
from mentorship.schemas.availability import (
    AvailabilityAnswer,
    ChangeAnswer,
    ChoiceFields,
    DaysOffFields,
    PageFields,
    PreviewAnswer,
    RuleFields,
    SaveRuleFields,
    SettingsFields,
    SlotFields,
    SlotsAnswer,
    SlotSavedAnswer,
    preview_answer,
)
from mentorship.services.availability.apply import AppliedChange
from mentorship.services.availability.changes import (
    RemoveDaysOff,
    RemoveRule,
    RemoveSlot,
    SaveRule,
)
from mentorship.services.availability.one_off_slots import OneOffSlot, save_one_off_slot
from mentorship.services.availability.rule_preview import preview_rule
from mentorship.web.availability.calendar_changes import (
    days_off_of,
    make_change,
    rule_of,
    settings_of,
)
from mentorship.web.http.authentication import required_mentor
from mentorship.web.http.formatting import translate
from mentorship.web.http.openapi import Access, described
from mentorship.web.http.request_body import body, page_number

bp = Blueprint("availability_api", __name__, url_prefix="/api/availability")

_for_mentors = partial(described, access=Access.SIGNED_IN)


@bp.get("")
@_for_mentors(AvailabilityAnswer, refusals=(403,))
def read() -> Response:
    """The viewer's weekly rules, days off that are not over, and limits."""
    mentor, now = required_mentor(), utc_now()
    calendar = read_calendar(db.session(), mentor.id, now=now)
    return jsonify(AvailabilityAnswer.from_record(calendar).json_ready())


@bp.get("/slots")
@_for_mentors(SlotsAnswer, query=PageFields, refusals=(403,))
def slots() -> Response:
    """The viewer's upcoming slots, in pages."""
    mentor, now = required_mentor(), utc_now()
    page = page_number("page")
    found = upcoming_slots(db.session(), mentor.id, page=page, now=now)
    return jsonify(SlotsAnswer.from_record(found).json_ready())


@bp.post("/rules/preview")
@_for_mentors(PreviewAnswer, body=RuleFields)
def preview() -> Response:
    """The effect of new weekly hours; nothing is written."""
    mentor, now = required_mentor(), utc_now()
    rule = rule_of(body(RuleFields), mentor)
    return jsonify(preview_answer(preview_rule(db.session(), mentor.id, rule, now=now)))


@bp.post("/rules/<id:rule_id>/preview")
@_for_mentors(PreviewAnswer, body=RuleFields, refusals=(404,))
def preview_change(rule_id: int) -> Response:
    """The effect of changing a rule; nothing is written."""
    mentor, now = required_mentor(), utc_now()
    rule = rule_of(body(RuleFields), mentor, rule_id=rule_id)
    return jsonify(preview_answer(preview_rule(db.session(), mentor.id, rule, now=now)))


@bp.post("/rules")
@_for_mentors(ChangeAnswer, body=SaveRuleFields)
def create_rule() -> Response:
    """New weekly hours, which become slots at once."""
    mentor, fields = required_mentor(), body(SaveRuleFields)
    return _answer(make_change(mentor, SaveRule(rule_of(fields, mentor)), fields))


@bp.put("/rules/<id:rule_id>")
@_for_mentors(ChangeAnswer, body=SaveRuleFields, refusals=(404,))
def change_rule(rule_id: int) -> Response:
    """Change a rule: free slots follow, booked sessions stay except those in `cancelSessions`."""
    mentor, fields = required_mentor(), body(SaveRuleFields)
    return _answer(make_change(mentor, SaveRule(rule_of(fields, mentor, rule_id=rule_id)), fields))


@bp.delete("/rules/<id:rule_id>")
@_for_mentors(ChangeAnswer, body=ChoiceFields, refusals=(404,))
def delete_rule(rule_id: int) -> Response:
    """Remove a rule: free slots go, booked sessions stay except those in `cancelSessions`."""
    mentor, fields = required_mentor(), body(ChoiceFields)
    return _answer(make_change(mentor, RemoveRule(rule_id), fields))


@bp.post("/days-off")
@_for_mentors(ChangeAnswer, body=DaysOffFields)
def create_days_off() -> Response:
    """New days off."""
    mentor, fields = required_mentor(), body(DaysOffFields)
    return _answer(make_change(mentor, days_off_of(fields, mentor), fields))


@bp.put("/days-off/<id:days_off_id>")
@_for_mentors(ChangeAnswer, body=DaysOffFields, refusals=(404,))
def change_days_off(days_off_id: int) -> Response:
    """Change days off."""
    mentor, fields = required_mentor(), body(DaysOffFields)
    return _answer(make_change(mentor, days_off_of(fields, mentor, days_off_id), fields))


@bp.delete("/days-off/<id:days_off_id>")
@_for_mentors(ChangeAnswer, body=ChoiceFields, refusals=(404,))
def delete_days_off(days_off_id: int) -> Response:
    """Remove days off; the weekly rules fill them with slots again."""
    mentor, fields = required_mentor(), body(ChoiceFields)
    return _answer(make_change(mentor, RemoveDaysOff(days_off_id), fields))


@bp.post("/slots")
@_for_mentors(SlotSavedAnswer, body=SlotFields)
def create_slot() -> Response:
    """A new one-off slot."""
    return _save_slot(0)


@bp.put("/slots/<id:slot_id>")
@_for_mentors(SlotSavedAnswer, body=SlotFields, refusals=(404,))
def change_slot(slot_id: int) -> Response:
    """Change the time or size of a one-off slot; a booked one keeps its time."""
    return _save_slot(slot_id)


@bp.delete("/slots/<id:slot_id>")
@_for_mentors(ChangeAnswer, body=ChoiceFields, refusals=(404,))
def delete_slot(slot_id: int) -> Response:
    """Withdraw a one-off slot; booked sessions stay except those in `cancelSessions`."""
    mentor, fields = required_mentor(), body(ChoiceFields)
    return _answer(make_change(mentor, RemoveSlot(slot_id), fields))


@bp.put("/settings")
@_for_mentors(ChangeAnswer, body=SettingsFields)
def change_settings() -> Response:
    """Change the limits; with new buffers the weekly hours are divided into slots again."""
    mentor, fields = required_mentor(), body(SettingsFields)
    return _answer(make_change(mentor, settings_of(fields)))


def _save_slot(slot_id: int) -> Response:
    mentor, fields = required_mentor(), body(SlotFields)
    wanted = OneOffSlot(**fields.model_dump())
    saved = save_one_off_slot(db.session(), mentor.id, wanted, now=utc_now(), slot_id=slot_id)
    return jsonify(SlotSavedAnswer(id=saved).json_ready())


def _answer(done: AppliedChange) -> Response:
    return jsonify(ChangeAnswer.from_record(done, translate).json_ready())
