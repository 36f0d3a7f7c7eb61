"""Who gets what from each route. Add a row for a new route, and a value for a new argument.

A row is the route as Flask writes it, after HTMX where that asks, and the status for each of seven
people. What a refused person asked for must leave the database as it was, byte for byte.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Flask

from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.domain.calendars import Alarm
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.models import WaitingListEntry
from mentorship.queries.shared.installation import identity_of
from mentorship.services.accounts.api_tokens import create_token
from mentorship.services.accounts.signed_links import Purpose, make_token
from mentorship.services.calendars.feeds import create_feed
from mentorship.services.mail.unsubscribe import unsubscribe_token
from mentorship.services.sessions.actions import apply_action
from tests.support.builders import (
    Cast,
    a_booking,
    a_call_given_up,
    a_mail_set_aside,
    a_profile,
    a_slot,
    a_user,
    a_webhook,
    at,
)
from tests.support.hours import some_hours

TABLE = """
                                            nobody stranger student mentor other admin both
GET  /                                         302      302     302    302   302   302  302
GET  /dashboard                                302      200     200    200   200   200  200
GET  /dashboard/week                           302      200     200    200   200   200  200
GET  /dashboard/day                            302      200     200    200   200   200  200
GET  /.well-known/security.txt                 200      200     200    200   200   200  200
GET  /.well-known/change-password              302      302     302    302   302   302  302
GET  /login                                    200      302     302    302   302   302  302
POST /login                                    401      401     401    401   401   401  401
POST /logout                                   303      303     303    303   303   303  303
GET  /reset/<token>                            200      200     200    200   200   200  200
POST /reset/<token>                            400      400     400    400   400   400  400
GET  /signup                                   200      200     200    200   200   200  200
POST /signup                                   400      400     400    400   400   400  400
GET  /forgot                                   200      200     200    200   200   200  200
POST /forgot                                   400      400     400    400   400   400  400
GET  /confirm/<confirmation>                   200      200     200    200   200   200  200
POST /confirm/<confirmation>                   401      401     401    401   401   401  401
GET  /account                                  302      200     200    200   200   200  200
POST /account                                  401      400     400    400   400   400  400
POST /account/password                         401      400     400    400   400   400  400
POST /account/sign-out-everywhere              401      303     303    303   303   303  303
POST /account/tokens                           401      400     400    400   400   400  400
POST /account/tokens/<id:token_id>/revoke      401      404     303    404   404   404  404
GET  /outcomes                                 302      403     403    403   403   200  403
POST /outcomes                                 401      403     403    403   403   303  403
GET  /people                                   302      403     403    403   403   200  403
POST /people/<id:person_id>/approve            401      403     403    403   403   303  403
GET  /api/tokens                               401      200     200    200   200   200  200
POST /api/tokens                               401      400     400    400   400   400  400
DELETE /api/tokens/<id:token_id>               401      404     200    404   404   404  404
GET  /account/mail                             302      200     200    200   200   200  200
POST /account/mail                             401      303     303    303   303   303  303
GET  /calendar/<feed_token>.ics                200      200     200    200   200   200  200
GET  /account/calendar                         302      200     200    200   200   200  200
POST /account/calendar                         401      200     200    200   200   200  200
POST /account/calendar/alarm                   401      400     400    400   400   400  400
POST /account/calendar/end                     401      303     303    303   303   303  303
GET  /unsubscribe/<stop_token>                 200      200     200    200   200   200  200
POST /unsubscribe/<stop_token>                 200      200     200    200   200   200  200
GET  /mail                                     302      403     403    403   403   200  403
POST /mail/<id:mail_id>/again                  401      403     403    403   403   303  403
GET  /webhooks                                 302      403     403    403   403   200  403
POST /webhooks                                 401      403     403    403   403   400  403
GET  /webhooks/<id:endpoint_id>                302      403     403    403   403   200  403
POST /webhooks/<id:endpoint_id>                401      403     403    403   403   303  403
POST /webhooks/<id:endpoint_id>/kinds          401      403     403    403   403   400  403
POST /webhooks/<id:endpoint_id>/on             401      403     403    403   403   303  403
POST /webhooks/<id:endpoint_id>/off            401      403     403    403   403   303  403
POST /webhooks/<id:endpoint_id>/key            401      403     403    403   403   303  403
POST /webhooks/<id:endpoint_id>/remove         401      403     403    403   403   303  403
POST /webhooks/<id:endpoint_id>/calls/<id:call_id>/again 401 403 403   403   403   303  403
GET  /availability                             302      403     403    200   200   403  200
GET  /availability/rules/new                   302      403     403    200   200   403  200
POST /availability/rules/new                   401      403     403    400   400   403  400
GET  /availability/rules/<id:rule_id>          302      403     403    200   404   403  404
POST /availability/rules/<id:rule_id>          401      403     403    400   404   403  404
GET  /availability/rules/<id:rule_id>/remove   302      403     403    200   404   403  404
POST /availability/rules/<id:rule_id>/remove   401      403     403    303   404   403  404
GET  /availability/days-off/new                302      403     403    200   200   403  200
POST /availability/days-off/new                401      403     403    400   400   403  400
POST /availability/days-off/<id:days_off_id>/remove 401 403     403    303   404   403  404
GET  /availability/slots/new                   302      403     403    200   200   403  200
POST /availability/slots/new                   401      403     403    400   400   403  400
GET  /availability/slots/<id:slot_id>/remove   302      403     403    200   404   403  404
POST /availability/slots/<id:slot_id>/remove   401      403     403    303   404   403  404
GET  /availability/settings                    302      403     403    200   200   403  200
POST /availability/settings                    401      403     403    400   400   403  400
GET  /api/availability                         401      403     403    200   200   403  200
GET  /api/availability/slots                   401      403     403    200   200   403  200
POST /api/availability/rules/preview           401      403     403    400   400   403  400
POST /api/availability/rules/<id:rule_id>/preview 401   403     403    400   400   403  400
POST /api/availability/rules                   401      403     403    400   400   403  400
PUT  /api/availability/rules/<id:rule_id>      401      403     403    400   400   403  400
DELETE /api/availability/rules/<id:rule_id>    401      403     403    200   404   403  404
POST /api/availability/days-off                401      403     403    400   400   403  400
PUT  /api/availability/days-off/<id:days_off_id> 401    403     403    400   400   403  400
DELETE /api/availability/days-off/<id:days_off_id> 401  403     403    200   404   403  404
POST /api/availability/slots                   401      403     403    400   400   403  400
PUT  /api/availability/slots/<id:slot_id>      401      403     403    400   400   403  400
DELETE /api/availability/slots/<id:slot_id>    401      403     403    200   404   403  404
PUT  /api/availability/settings                401      403     403    400   400   403  400
GET  /mentors                                  302      200     200    200   200   200  200
GET  /mentors/<id:mentor_id>                   302      200     200    200   200   200  200
GET  /api/mentors                              401      200     200    200   200   200  200
GET  /api/mentors/<id:mentor_id>/slots         401      200     200    200   200   200  200
GET  /reports                                  302      403     403    200   200   200  200
GET  /reports/sessions                         302      403     403    200   200   200  200
GET  /reports/statement                        302      403     403    200   200   200  200
GET  /statement/check                          200      200     200    200   200   200  200
GET  /reports/summary.csv                      302      403     403    200   200   200  200
GET  /reports/sessions.csv                     302      403     403    200   200   200  200
GET  /api/reports/summary                      401      403     403    200   200   200  200
GET  /profile                                  302      403     403    200   200   403  200
POST /profile                                  401      403     403    303   303   403  303
GET  /api/openapi.json                         200      200     200    200   200   200  200
GET  /api/admin/update-session-status          200      200     200    200   200   200  200
POST /api/admin/update-session-status          200      200     200    200   200   200  200
HTMX POST /api/admin/update-session-status     401      204     200    200   204   200  204
GET  /api/cron/complete-sessions               401      401     401    401   401   401  401
POST /api/cron/complete-sessions               401      401     401    401   401   401  401
POST /api/sessions/<id:session_id>/start       401      404     403    200   404   200  404
POST /api/sessions/<id:session_id>/arrive      401      404     403    200   404   200  404
POST /api/sessions/<id:session_id>/complete    401      404     200    200   404   200  404
POST /api/sessions/<id:session_id>/cancel      401      404     200    200   404   200  404
POST /api/sessions/<id:session_id>/outcome     401      404     200    200   404   200  404
POST /api/sessions/<id:session_id>/undo        401      404     409    200   404   409  404
POST /api/sessions/<id:session_id>/correct     401      404     403    403   404   200  404
POST /api/sessions/<id:session_id>/late        401      404     200    200   404   403  404
POST /api/sessions/<id:session_id>/reschedule  401      404     200    200   404   200  404
POST /api/sessions/<id:session_id>/recording   401      401     401    401   401   401  401
POST /sessions/<id:session_id>/room            401      404     403    303   404   403  404
POST /sessions/<id:session_id>/recording       401      404     403    303   404   303  404
POST /sessions/<id:session_id>/feedback        401      404     303    403   404   403  404
POST /sessions/<id:session_id>/notes           401      404     403    303   404   403  404
GET  /api/sessions                              401      200     200    200   200   200  200
GET  /api/sessions/<id:session_id>             401      404     200    200   404   200  404
GET  /sessions/<id:session_id>                 302      404     200    200   404   200  404
GET  /sessions/<id:session_id>.ics             302      404     200    200   404   200  404
GET  /sessions/<id:session_id>/join            302      404     303    303   404   303  404
GET  /sessions/<id:session_id>/move            302      404     200    200   404   200  404
POST /sessions/<id:session_id>/move            401      404     303    303   404   303  404
POST /api/bookings                             401      200     200    403   403   403  200
GET  /slots/<id:slot_id>/book                  302      200     200    403   403   403  200
POST /slots/<id:slot_id>/book                  401      303     303    403   403   403  303
GET  /waiting-list                             302      200     200    403   403   403  200
GET  /api/waiting-list                         401      200     200    403   403   403  200
POST /api/mentors/<id:mentor_id>/waiting-list  401      200     200    403   403   403  200
POST /api/waiting-list/<id:entry_id>/leave     401      404     200    404   404   404  404
"""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    is_htmx: bool
    method: str
    rule: str
    statuses: dict[str, int]

    def __str__(self) -> str:
        return f"{'HTMX ' if self.is_htmx else ''}{self.method} {self.rule}"


def rows() -> list[Row]:
    """The table."""
    people, *lines = (line.split() for line in TABLE.strip().splitlines())
    read = []
    for line in lines:
        *asked, method, rule = line[: -len(people)]
        statuses = dict(zip(people, map(int, line[-len(people) :]), strict=True))
        read.append(Row(asked == ["HTMX"], method, rule, statuses))
    return read


@dataclass(frozen=True)
class Scene:
    """Everybody, and one thing of each kind that belongs to the student and her mentor."""

    people: dict[str, Viewer | None]
    values: dict[str, Any]
    fields: dict[str, dict[str, Any]]

    def path(self, row: Row) -> str:
        """The row's address with real values; an action's own come before the general ones."""
        path = row.rule
        action = path.rpartition("/")[2]
        for argument, value in self.values.items():
            for start in ("<id:", "<"):
                chosen = value.get(action, value[""]) if isinstance(value, dict) else value
                path = path.replace(f"{start}{argument}>", str(chosen))
        return path


def a_scene(app: Flask, session: Any, cast: Cast) -> Scene:
    """At 09:50: one session for each action that applies to it now, and one that is due."""

    def a_session(starts: str, **state: Any) -> int:
        return a_booking(session, mentor=cast.mentor, student=cast.student, starts=starts, **state)

    scheduled = a_session("16:00")
    over = a_session("05:00", status=Status.COMPLETED)
    a_profile(session, cast.mentor)
    group = a_slot(session, cast.mentor, starts="18:00", capacity=3)
    elsewhere = a_slot(session, cast.mentor, starts="20:00")
    place = {"mentor_id": cast.mentor.id, "student_id": cast.student.id, "created_at": at("09:00")}
    webhook = a_webhook(session, "https://hooks.example.org/a")
    waiting = WaitingListEntry(**place, week=date(2026, 12, 14))
    session.add(waiting)
    session.commit()
    started = a_session("15:00")
    pressed = {"booking_id": started, "action": Action.START, "viewer": cast.mentor}
    apply_action(session, **pressed, now=at("09:49"))
    a_session("09:45")  # Due, so that whoever gets through to a sweep leaves a trace.
    token = make_token(
        secret_key=app.config["SECRET_KEY"], user_id=cast.student.id, epoch=cast.student.epoch
    )
    return Scene(
        people={
            "nobody": None,
            "stranger": cast.stranger,
            "student": cast.student,
            "mentor": cast.mentor,
            "other": cast.other_mentor,
            "admin": cast.admin,
            "both": a_user(session, "Bea Both", Role.STUDENT, Role.MENTOR),
        },
        values={
            "token": token,
            "confirmation": make_token(
                secret_key=app.config["SECRET_KEY"],
                user_id=cast.student.id,
                epoch=cast.student.epoch,
                purpose=Purpose.CONFIRMATION,
            ),
            "feed_token": create_feed(
                session, viewer=cast.student, alarm=Alarm.NONE, now=at("09:00")
            ),
            "token_id": create_token(
                session, viewer=cast.student, name="A program", now=at("09:00")
            ).id,
            "person_id": cast.mentor.id,
            "stop_token": unsubscribe_token(
                cast.student.id,
                MailKind.STARTED,
                secret_key=app.config["SECRET_KEY"],
                identity=identity_of(session),
            ),
            "mail_id": a_mail_set_aside(session),
            "endpoint_id": webhook,
            "call_id": a_call_given_up(session, webhook, over),
            **some_hours(session, cast.mentor, weeks_later=3),
            "session_id": {
                "": scheduled,
                "arrive": a_session("07:00", status=Status.ONGOING, is_delayed=True),
                "undo": started,
                "complete": a_session("09:30", status=Status.ONGOING),
                "outcome": a_session("06:00", status=Status.COMPLETED, is_delayed=True),
                "late": a_session("11:30"),
                **dict.fromkeys(("recording", "feedback", "notes", "correct"), over),
            },
            "slot_id": group,
            "mentor_id": cast.mentor.id,
            "entry_id": waiting.id,
        },
        fields={
            "/outcomes": {"sessions": over, "outcome": "TOOK_PLACE", "reason": "Seen."},
            "/api/bookings": {"slotId": group, "topic": "Testing"},
            "/slots/<id:slot_id>/book": {"topic": "Testing"},
            "/api/sessions/<id:session_id>/outcome": {"outcome": "TOOK_PLACE", "reason": "Seen."},
            "/api/sessions/<id:session_id>/late": {"minutes": 10},
            "/api/sessions/<id:session_id>/reschedule": {"slotId": elsewhere},
            "/api/sessions/<id:session_id>/correct": {
                "status": "ONGOING",
                "isDelayed": True,
                "reason": "A mistake.",
            },
            "/sessions/<id:session_id>/move": {"slotId": elsewhere},
            "/sessions/<id:session_id>/room": {"url": "https://meet.example.org/a"},
            "/sessions/<id:session_id>/recording": {"url": "https://video.example.org/a"},
            "/sessions/<id:session_id>/feedback": {"rating": "5"},
            "/sessions/<id:session_id>/notes": {"summary": "Well done."},
            "/api/mentors/<id:mentor_id>/waiting-list": {"week": "2026-12-07"},
        },
    )
