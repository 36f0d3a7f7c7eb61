"""What roles, states and kinds of mail are called on pages. In JSON they keep their identifiers."""

from collections.abc import Mapping

from flask import Flask

from mentorship.domain.lifecycle import Status
from mentorship.domain.mail import MailKind
from mentorship.domain.people import Role
from mentorship.domain.sentences import N_
from mentorship.web.formats import say

_ROLES: Mapping[Role, str] = {
    Role.STUDENT: N_("student"),
    Role.MENTOR: N_("mentor"),
    Role.ADMIN: N_("admin"),
}
_STATES: Mapping[Status, str] = {
    Status.SCHEDULED: N_("Scheduled"),
    Status.ONGOING: N_("Ongoing"),
    Status.COMPLETED: N_("Completed"),
    Status.CANCELLED: N_("Cancelled"),
}
_MAILS: Mapping[MailKind, str] = {
    MailKind.BOOKED: N_("Booked"),
    MailKind.MOVED: N_("Moved"),
    MailKind.CANCELLED: N_("Cancelled"),
    MailKind.REMINDER_24H: N_("Reminder 24h"),
    MailKind.REMINDER_1H: N_("Reminder 1h"),
    MailKind.REMINDER_10M: N_("Reminder 10m"),
    MailKind.STARTED: N_("Started"),
    MailKind.DELAYED: N_("Delayed"),
    MailKind.COMPLETED: N_("Completed"),
    MailKind.WAITING_LIST: N_("Waiting list"),
    MailKind.ACCOUNT: N_("Account"),
}


def init_app(app: Flask) -> None:
    """Give templates the filters."""
    app.add_template_filter(lambda role: say(_ROLES[role]), "role_word")
    app.add_template_filter(lambda status: say(_STATES[status]), "status_word")
    app.add_template_filter(lambda kind: say(_MAILS[kind]), "mail_word")
