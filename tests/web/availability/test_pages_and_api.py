"""The pages and the JSON of a mentor's calendar, which do the same things."""

import re
from datetime import date

import pytest
from sqlalchemy import func, select, update

from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.models import AvailabilityRule, DayOff, MentorTimeSlot, User
from mentorship.services.booking.waiting_list import join_waiting_list
from mentorship.services.sessions.actions import apply_action
from tests.support.builders import a_seat, at, the_booking
from tests.support.hours import some_hours

FORM = {
    "weekdays": ["TU"],
    "opens": "18:00",
    "closes": "20:00",
    "slotMinutes": "60",
    "capacity": "1",
    "everyWeeks": "1",
    "firstDay": "2026-11-24",
    "until": "",
}
JSON = FORM | {"slotMinutes": 60, "capacity": 1, "everyWeeks": 1, "until": None}


@pytest.fixture
def mentor(client_for, cast, clock):
    """The mentor's client."""
    return client_for(cast.mentor)


@pytest.fixture
def hours(session, cast, clock):
    """Ids of a rule, a day off and a one-off slot."""
    return some_hours(session, cast.mentor)


@pytest.fixture
def booked(session, cast, hours):
    """A session in the first slot of the rule, on Wednesday."""
    session.rollback()
    slot = session.scalar(
        select(MentorTimeSlot.id)
        .where(MentorTimeSlot.rule_id == hours["rule_id"])
        .order_by(MentorTimeSlot.start_time)
        .limit(1)
    )
    return a_seat(session, slot, cast.student)


def count(session, model):
    session.rollback()
    return session.scalar(select(func.count()).select_from(model))


def offered(session):
    session.rollback()
    return session.scalar(
        select(func.count()).select_from(MentorTimeSlot).where(~MentorTimeSlot.is_withdrawn)
    )


def test_empty_lists_say_what_to_do_next(mentor):
    page = mentor.get("/availability").text

    assert "Add some, and students can book them." in page
    assert "Weekly hours create slots automatically" in page


def test_a_rule_is_previewed_and_then_saved_by_a_plain_form(mentor, session):
    seen = mentor.post("/availability/rules/new", data=FORM | {"step": "preview"})
    assert seen.status_code == 200
    assert "18 slots up to" in seen.text
    assert "Tue 24 Nov 2026" in seen.text
    assert 'value="save"' in seen.text
    assert count(session, AvailabilityRule) == 0

    saved = mentor.post("/availability/rules/new", data=FORM | {"step": "save"})
    assert (saved.status_code, saved.location) == (303, "/availability")
    page = mentor.get("/availability").text
    assert "Saved: 18 slots added, 0 slots taken back." in page
    assert "Every Tuesday, 18:00" in page


def test_what_does_not_fit_comes_back_with_a_sentence_and_what_was_written(mentor, session):
    answer = mentor.post("/availability/rules/new", data=FORM | {"slotMinutes": "999"})

    assert answer.status_code == 400
    assert "The length of a slot in minutes must be between 5 and 120." in answer.text
    assert 'name="slotMinutes" value="999"' in answer.text
    assert re.search(r'value="TU" checked', answer.text)
    for path, fields in (
        ("days-off/new", {"firstDay": "2020-01-01"}),
        ("slots/new", {"day": "2020-01-01", "opens": "09:00", "closes": "10:00"}),
        ("settings", {"bufferBefore": "999"}),
    ):
        answer = mentor.post(f"/availability/{path}", data=fields)
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text
        assert 'value="2020-01-01"' in answer.text or 'value="999"' in answer.text
    assert count(session, MentorTimeSlot) == 0


def test_the_preview_tells_what_changes_of_the_clocks_move_for_students(
    mentor, session, cast, booked, client_for
):
    session.rollback()
    for person, zone in ((cast.mentor, "Europe/Berlin"), (cast.student, "America/New_York")):
        session.execute(update(User).where(User.id == person.id).values(timezone=zone))
    session.commit()

    page = mentor.post("/availability/rules/new", data=FORM).text
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert (
        "From Tue 16 Mar 2027 on, your 18:00 is 13:00 in America/New_York "
        "instead of 12:00 (1 student)." in text
    )
    assert "From Tue 30 Mar 2027 on, your 18:00 is 12:00 in America/New_York" in text
    late = mentor.post("/availability/rules/new", data=FORM | {"opens": "03:00", "closes": "04:00"})
    assert "From Tue 16 Mar 2027 on, your 03:00 is 22:00" in late.text  # Monday over there.

    told = mentor.post("/api/availability/rules/preview", json=JSON).json["shifts"]
    assert [(shift["since"], shift["usual"], shift["then"]) for shift in told[:2]] == [
        ("2027-03-16T17:00:00Z", "12:00", "13:00"),
        ("2027-03-30T16:00:00Z", "13:00", "12:00"),
    ]


def test_the_preview_names_hours_that_the_clocks_skip(mentor, session):
    session.rollback()
    session.execute(update(User).values(timezone="Europe/Berlin"))
    session.commit()
    night = {"weekdays": ["SU"], "opens": "01:00", "closes": "04:00"}

    page = mentor.post("/availability/rules/new", data=FORM | night).text
    assert "Sun 28 Mar 2027, 02:00" in page
    told = mentor.post("/api/availability/rules/preview", json=JSON | night).json
    assert told["skipped"] == ["2027-03-28T02:00"]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, False),
        ({"weekdays": ["WE"]}, False),  # All of them too close to those that are there.
        ({"firstDay": "2027-11-24"}, True),
        ({"firstDay": "2027-11-24", "until": "2027-11-25"}, False),  # Without a Tuesday.
        ({"until": "2026-11-24"}, False),
        ({"opens": "01:00", "closes": "02:00", "until": "2026-11-24"}, False),  # This night.
    ],
)
def test_the_preview_says_that_the_days_are_far_off_only_where_they_are(
    mentor, hours, fields, says
):
    page = mentor.post("/availability/rules/new", data=FORM | fields).text

    assert (
        "There is no such day yet within the time that students can book ahead." in page
    ) is says
    assert ("left out because other slots are too close" in page) is ("weekdays" in fields)


def test_other_hours_ask_about_a_booked_session_and_keep_it_unless_told(
    mentor, session, hours, booked
):
    path = f"/availability/rules/{hours['rule_id']}"
    assert 'value="WE" checked' in mentor.get(path).text
    asked = mentor.post(path, data=FORM)
    assert "1 booked session no longer fits" in asked.text
    assert f'name="cancelSessions" value="{booked}"' in asked.text

    refused = mentor.post(path, data=FORM | {"step": "save", "cancelSessions": [booked]})
    assert refused.status_code == 400
    assert "Say why the sessions are cancelled" in refused.text
    mentor.post(path, data=FORM | {"step": "save"})
    assert the_booking(session, booked).status is Status.SCHEDULED
    assert "1 booked session kept." in mentor.get("/availability").text


def test_a_rule_is_removed_after_a_question_and_sessions_are_cancelled_with_a_reason(
    mentor, session, hours, booked
):
    path = f"/availability/rules/{hours['rule_id']}/remove"
    assert "15 free slots will be withdrawn." in mentor.get(path).text

    fields = {"cancelSessions": [booked], "reason": "I move away."}
    assert mentor.post(path, data=fields).status_code == 303
    left = the_booking(session, booked)
    assert (left.status, left.cancel_reason) == (Status.CANCELLED, "I move away.")
    assert (count(session, AvailabilityRule), offered(session)) == (0, 1)


def test_days_off_ask_only_where_a_session_is_on_them(mentor, session, booked):
    mentor.post("/availability/days-off/new", data={"firstDay": "2026-12-02", "lastDay": ""})
    assert count(session, DayOff) == 2

    fields = {"firstDay": "2026-11-24", "lastDay": "2026-11-30", "note": "Away"}
    asked = mentor.post("/availability/days-off/new", data=fields | {"step": "preview"})
    assert "1 booked session no longer fits" in asked.text
    assert count(session, DayOff) == 2
    mentor.post("/availability/days-off/new", data=fields | {"step": "save"})
    assert count(session, DayOff) == 3
    assert the_booking(session, booked).status is Status.SCHEDULED


def test_the_same_days_are_not_taken_off_twice(mentor, session, hours):
    """On the page nor by a program; a part of them, and another note for them, are."""
    message = "You have these days off already."
    fields = {"firstDay": "2026-12-25", "lastDay": "2026-12-26", "note": "Family"}
    for step in ("preview", "save"):
        refused = mentor.post("/availability/days-off/new", data=fields | {"step": step})
        assert (refused.status_code, message in refused.text) == (400, True)
        assert 'name="note" value="Family"' in refused.text
    path = "/api/availability/days-off"
    refused = mentor.post(path, json=fields)
    assert (refused.status_code, refused.json) == (400, {"success": False, "error": message})
    assert count(session, DayOff) == 1

    other = mentor.post(path, json=fields | {"lastDay": "2026-12-25"}).json["id"]
    assert mentor.put(f"{path}/{other}", json=fields).status_code == 400
    assert mentor.put(f"{path}/{hours['days_off_id']}", json=fields).status_code == 200


def test_hours_without_a_day_are_refused_in_words_of_the_form(mentor, session):
    answer = mentor.post("/availability/rules/new", data=FORM | {"weekdays": []})

    assert (answer.status_code, count(session, AvailabilityRule)) == (400, 0)
    assert "Choose at least one day of the week." in answer.text


def test_days_off_and_one_off_slots_come_and_go_by_plain_forms(mentor, session, hours):
    before = offered(session)
    mentor.post(f"/availability/days-off/{hours['days_off_id']}/remove")
    mentor.post(f"/availability/slots/{hours['slot_id']}/remove")
    assert (count(session, DayOff), offered(session)) == (0, before - 1)

    fields = {"day": "2026-11-28", "opens": "09:00", "closes": "10:00", "capacity": "5"}
    assert mentor.post("/availability/slots/new", data=fields).status_code == 303
    assert "0 of 5 seats booked" in mentor.get("/availability").text


@pytest.mark.parametrize("actions", [[Action.START], [Action.START, Action.COMPLETE]])
def test_a_slot_whose_session_was_begun_is_not_offered_for_removal(
    mentor, session, cast, hours, actions
):
    path = f"/availability/slots/{hours['slot_id']}/remove"
    session.rollback()
    booking = a_seat(session, hours["slot_id"], cast.student)
    assert path in mentor.get("/availability").text
    assert 'class="danger"' in mentor.get(path).text

    for action in actions:
        apply_action(
            session, booking_id=booking, action=action, viewer=cast.mentor, now=at("09:50")
        )

    assert path not in mentor.get("/availability").text
    page = mentor.get(path).text
    assert "Its session has started or is over, so this slot stays." in page
    assert 'class="danger"' not in page


def test_a_taken_slot_is_outside_of_the_hours_and_a_free_one_held_for_who_waits(
    mentor, session, cast, hours
):
    day = date(2026, 11, 26)
    session.rollback()
    in_the_week = MentorTimeSlot.start_time < at("00:00", days=7)
    for slot in session.scalars(select(MentorTimeSlot.id).where(in_the_week)).all():
        a_seat(session, slot, cast.student)
    join_waiting_list(
        session, viewer=cast.stranger, mentor_id=cast.mentor.id, week=day, now=at("09:50")
    )
    group = {"day": day.isoformat(), "opens": "09:00", "closes": "10:00", "capacity": "2"}
    mentor.post("/availability/slots/new", data=group)
    mentor.post(f"/availability/rules/{hours['rule_id']}/remove", data={})

    page = " ".join(mentor.get("/availability").text.split())

    assert "Booked · outside your hours</p>" in page
    assert "0 of 2 seats booked · one-off · held</p>" in page
    session.rollback()
    a_seat(session, session.scalar(select(func.max(MentorTimeSlot.id))), cast.student)
    assert "1 of 2 seats booked · one-off · held" in " ".join(
        mentor.get("/availability").text.split()
    )


def test_limits_are_changed_and_slots_cut_anew(mentor, session, hours):
    fields = {
        "bufferBefore": "0",
        "bufferAfter": "15",
        "minimumNotice": "60",
        "horizonDays": "56",
        "dailyLimit": "",
    }
    assert mentor.post("/availability/settings", data=fields).status_code == 303
    assert offered(session) == 9
    assert 'name="bufferAfter" value="15"' in mentor.get("/availability/settings").text


def test_upcoming_slots_are_paged(mentor, hours):
    mentor.post("/availability/rules/new", data=FORM | {"step": "save"})

    assert "Page 1 of 2" in mentor.get("/availability").text
    assert "Page 2 of 2" in mentor.get("/availability?page=9").text
    assert mentor.get("/availability?page=x").status_code == 400
    assert mentor.get("/api/availability/slots?page=2").json["pages"] == 2


def test_the_json_routes_do_the_same(mentor, session, cast):
    made = mentor.post("/api/availability/rules", json=JSON).json
    assert (made["added"], made["message"]) == (18, "Saved: 18 slots added, 0 slots taken back.")
    told = mentor.get("/api/availability").json
    assert told["rules"][0]["rrule"] == "FREQ=WEEKLY;BYDAY=TU"
    assert (told["rules"][0]["opens"], told["rules"][0]["closes"]) == ("18:00", "20:00")

    rule = f"/api/availability/rules/{made['id']}"
    slot = mentor.get("/api/availability/slots").json["slots"][0]["id"]
    booked = a_seat(session, slot, cast.student)
    later = JSON | {"opens": "19:00"}
    assert mentor.post(f"{rule}/preview", json=later).json["sessions"][0]["sessionId"] == booked
    assert mentor.put(rule, json=later).json["kept"] == 1
    off = mentor.post("/api/availability/days-off", json={"firstDay": "2026-12-01"}).json
    moved = {"firstDay": "2026-12-08", "lastDay": "2026-12-09", "note": "Away"}
    assert mentor.put(f"/api/availability/days-off/{off['id']}", json=moved).json["added"] == 1
    assert mentor.delete(f"/api/availability/days-off/{off['id']}").json["added"] == 1

    one = {"day": "2026-11-28", "opens": "23:00", "closes": "01:00", "capacity": 3}
    slot = mentor.post("/api/availability/slots", json=one).json["id"]
    changed = mentor.put(f"/api/availability/slots/{slot}", json=one | {"opens": "22:00"})
    assert changed.json == {"success": True, "id": slot}
    assert mentor.delete(f"/api/availability/slots/{slot}").json["withdrawn"] == 1
    limits = told["settings"] | {"bufferAfter": 10}
    assert mentor.put("/api/availability/settings", json=limits).json["success"]
    assert mentor.delete(rule).json["withdrawn"] > 0
    assert mentor.get("/api/availability").json["settings"] == limits


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("rules", JSON | {"weekdays": ["XX"]}),
        ("rules", JSON | {"weekdays": "TU"}),
        ("rules", JSON | {"opens": "25:00"}),
        ("rules", JSON | {"opens": "18:00:00Z"}),
        ("rules", JSON | {"opens": 18}),
        ("rules", JSON | {"slotMinutes": "60"}),
        ("rules", JSON | {"mentorId": 1}),
        ("rules", JSON | {"firstDay": "9999-12-31"}),
        ("rules", JSON | {"until": "0001-01-01"}),
        ("rules", JSON | {"cancelSessions": [10**30], "reason": "Away."}),
        ("days-off", {"firstDay": "9999-12-31"}),
        ("days-off", {"firstDay": "0202-12-01", "lastDay": "2026-12-02"}),
        ("days-off", {"firstDay": "2026-12-01", "note": "a\u0000b"}),
        ("slots", {"day": "0001-01-01", "opens": "00:00", "closes": "01:00"}),
        ("slots", {"day": "9999-12-31", "opens": "23:00", "closes": "22:00"}),
    ],
)
def test_bad_input_is_refused_with_a_sentence_and_writes_nothing(mentor, session, path, fields):
    answer = mentor.post(f"/api/availability/{path}", json=fields)

    assert answer.status_code == 400
    assert answer.json["error"].endswith(".")
    for model in (AvailabilityRule, DayOff, MentorTimeSlot):
        assert count(session, model) == 0
