"""The preview of weekly hours before they are saved."""

from datetime import date, time

from sqlalchemy import select

from mentorship.domain.availability.weekly_rules import Weekday
from mentorship.models import AvailabilityRule, MentorTimeSlot
from mentorship.services.availability.rule_preview import preview_rule
from mentorship.services.availability.validation import new_rule
from tests.services.availability.test_publish import a_rule
from tests.support.builders import at

NOW = at("09:00")


def noon_each_day(rule_id=0, timezone="UTC", first_day=date(2026, 11, 24)):
    return new_rule(
        rule_id=rule_id,
        weekdays=list(Weekday),
        opens=time(12),
        closes=time(13),
        slot_minutes=60,
        capacity=1,
        first_day=first_day,
        every_weeks=1,
        until=None,
        timezone=timezone,
        now=NOW,
    )


def test_a_preview_lists_the_slots_of_four_weeks_and_counts_them_all(session, cast):
    a_rule(session, cast.mentor, opens=time(20))

    seen = preview_rule(session, cast.mentor.id, noon_each_day(), now=NOW)

    assert [slot.start_time for slot in seen.first] == [at("12:00", days=n) for n in range(28)]
    assert seen.total == 57


def test_a_preview_counts_four_weeks_from_the_first_slot(session, cast):
    session.rollback()
    later = noon_each_day(first_day=date(2026, 12, 4))

    seen = preview_rule(session, cast.mentor.id, later, now=NOW)

    assert [slot.start_time for slot in seen.first] == [
        at("12:00", days=n) for n in range(10, 10 + 28)
    ]


def test_a_preview_of_a_stored_rule_keeps_its_zone_and_writes_nothing(session, cast):
    rule_id = a_rule(session, cast.mentor, timezone="Asia/Tokyo")

    seen = preview_rule(session, cast.mentor.id, noon_each_day(rule_id, timezone=""), now=NOW)

    assert seen.rule.timezone == "Asia/Tokyo"
    assert seen.first[0].start_time == at("03:00", days=1)
    session.rollback()
    assert session.scalar(select(AvailabilityRule.opens)) == time(10)
    assert session.scalar(select(MentorTimeSlot.id)) is None
