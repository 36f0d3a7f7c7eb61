"""Every page of the product, found in its routes, on a site without empty lists."""

import re
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any

from flask import url_for
from flask.testing import FlaskClient

from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.domain.availability.slot_plan import DaysOff
from mentorship.domain.availability.weekly_rules import Weekday
from mentorship.domain.calendars import Alarm
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.models import WaitingListEntry
from mentorship.queries.shared.installation import identity_of
from mentorship.services.accounts.api_tokens import create_token
from mentorship.services.accounts.signed_links import Purpose, make_token
from mentorship.services.availability.apply import apply_change
from mentorship.services.availability.changes import SaveDaysOff, SaveRule
from mentorship.services.booking.mentor_profile import edit_profile
from mentorship.services.calendars.feeds import create_feed
from mentorship.services.mail.unsubscribe import unsubscribe_token
from mentorship.services.sessions.actions import Cancellation, apply_action
from mentorship.services.sessions.followup import rate_session, set_recording, write_notes
from tests.support.browser import Site
from tests.support.builders import (
    a_booking,
    a_call_given_up,
    a_mail_set_aside,
    a_slot,
    a_webhook,
)
from tests.support.hours import evenings
from tests.support.processes import cookie_of

LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff " * 3
MINUTE = timedelta(minutes=1)
TOPICS = ("<script>alert(1)</script> & <b>bold</b>", "W" * 200, "Reading a paper together " * 8)


@dataclass(frozen=True)
class Crowd:
    """People who have something on each of their pages, and values for the routes' arguments."""

    mentor: Viewer
    student: Viewer
    admin: Viewer
    values: dict[str, tuple[object, ...]]

    @property
    def people(self) -> dict[str, Viewer | None]:
        """The people who look at pages, by their roles."""
        return {"nobody": None, "mentor": self.mentor, "student": self.student, "admin": self.admin}


def a_crowd(site: Site) -> Crowd:
    """Sessions in every list, more than a page of past ones, with long and hostile texts."""
    session, now = site.session, utc_now()
    mentor = site.person(LONG_NAME, Role.MENTOR, timezone="Asia/Kathmandu")
    student = site.person("Sam <b>Student</b>", Role.STUDENT, timezone="America/New_York")
    admin = site.person("Ada", Role.ADMIN)
    newcomer = site.person("Nell", Role.STUDENT)

    def book(starts: int, status: Status, number: int, **others: Any) -> int:
        return a_booking(
            session,
            mentor=mentor,
            student=student,
            starts=now + starts * MINUTE,
            status=status,
            topic=TOPICS[number % 3],
            **others,
        )

    book(-200, Status.ONGOING, 0, is_delayed=True)
    book(-130, Status.ONGOING, 1, is_delayed=True, arrived=True)
    book(-30, Status.ONGOING, 2)
    book(-15, Status.ONGOING, 1, lasts=timedelta(hours=23, minutes=59))
    upcoming = book(5, Status.SCHEDULED, 1)
    for number in range(3):
        booking = book(70 * number + 90, Status.SCHEDULED, number)
        apply_action(
            session,
            booking_id=booking,
            action=Action.CANCEL,
            viewer=mentor,
            now=now,
            cancellation=Cancellation(reason=("y" * 300, "Not well today. " * 18, None)[number]),
        )
        book(70 * number + 90, Status.SCHEDULED, number)
    for number in range(45):
        over = book(-1440 * (number + 1), Status.COMPLETED, number, is_delayed=number % 5 == 0)
    rate_session(session, booking_id=over, viewer=student, rating=4, comment=LONG_NAME)
    write_notes(session, booking_id=over, viewer=mentor, summary=TOPICS[2], private_notes=TOPICS[1])
    set_recording(
        session, booking_id=over, viewer=mentor, url="https://video.example.org/a", now=now
    )
    edit_profile(
        session,
        mentor_id=mentor.id,
        headline="Databases, and calm under deadline",
        topics="Databases, " + "W" * 40,
        bio="I can help with\n\n- **tests**\n- `code`",
    )
    # Two days before the weekly hours, so that the free slot below never meets one of theirs.
    weekday = list(Weekday)[(now + timedelta(days=4)).weekday()]
    hours = SaveRule(evenings(weekdays=[weekday], first_day=now.date(), now=now))
    rule = apply_change(session, mentor=mentor, change=hours, now=now).change
    holidays = SaveDaysOff(
        DaysOff(0, now.date() + timedelta(days=9), now.date() + timedelta(days=11), "Away")
    )
    apply_change(session, mentor=mentor, change=holidays, now=now)
    free = a_slot(session, mentor, starts=now + timedelta(days=2), capacity=3)
    session.add(
        WaitingListEntry(
            mentor_id=mentor.id,
            student_id=student.id,
            created_at=now,
            week=now.date() + timedelta(weeks=3),
        )
    )
    session.commit()
    create_token(session, viewer=mentor, name=LONG_NAME[:80], now=now)
    a_mail_set_aside(session)
    webhook = a_webhook(session, "https://hooks.example.org/" + "w" * 60)
    a_call_given_up(session, webhook, over)
    feed = create_feed(session, viewer=mentor, alarm=Alarm.ONE_HOUR, now=now)
    identity = identity_of(session)
    key, who = site.app.config["SECRET_KEY"], {"user_id": newcomer.id, "epoch": newcomer.epoch}
    return Crowd(
        mentor,
        student,
        admin,
        values={
            "session_id": (upcoming, over),
            "slot_id": (free,),
            "rule_id": (rule.id,),
            "mentor_id": (mentor.id,),
            "token": (make_token(secret_key=key, **who), "nonsense"),
            "confirmation": (make_token(secret_key=key, purpose=Purpose.CONFIRMATION, **who),),
            "feed_token": (feed,),
            "endpoint_id": (webhook,),
            "stop_token": (
                unsubscribe_token(newcomer.id, MailKind.STARTED, secret_key=key, identity=identity),
            ),
        },
    )


AS_A_MENTOR = re.compile(r"/(account|mentors|dashboard/(week|day))\b")
"""What looks for an admin as it does for a mentor."""


def pages_of(site: Site, crowd: Crowd, person: str) -> list[str]:
    """The address of every page for this person, and of one error.

    What is shown to everybody counts as shown to nobody in particular, and of an admin's pages
    those are left out that a mentor has as well. Raises KeyError where a
    route has an argument for which the crowd has no value.
    """
    viewer = crowd.people[person]
    stranger, client = site.app.test_client(), site.app.test_client()
    if viewer is not None:
        name, _, value = cookie_of(site.app, viewer).partition("=")
        client.set_cookie(name, value)
    found = ["/nowhere"]
    for rule in site.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        arguments = sorted(rule.arguments)
        for values in product(*(crowd.values[argument] for argument in arguments)):
            with site.app.test_request_context():
                path = url_for(rule.endpoint, **dict(zip(arguments, values, strict=True)))
            if person == "admin" and AS_A_MENTOR.match(path):
                continue
            if _shows(client, path) and (viewer is None or not _shows(stranger, path)):
                found.append(path)
    return found


def _shows(client: FlaskClient, path: str) -> bool:
    answer = client.get(path, headers={"Accept": "text/html"})
    return answer.status_code == 200 and answer.mimetype == "text/html"
