"""Mail about holds of a waiting list, in the reader's language, zone and hour cycle.

The address of the waiting lists is added when a mail is sent.
"""

from datetime import datetime
from html import escape

from mentorship.adapters.translations import say
from mentorship.domain.mail import MailKind
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.messages import N_
from mentorship.domain.shared.zones import zone_of
from mentorship.models import MentorTimeSlot, User
from mentorship.queries.booking.free_slots import Obstacle
from mentorship.services.mail.outbox import Mail


def mail_about_hold(
    student: User, mentor: User, slot: MentorTimeSlot, *, key: str, until: datetime
) -> Mail:
    """The slot is held until `until` (UTC), and not worth telling about after that."""
    at = zone_of(student.timezone)
    return _mail(
        student,
        N_("A time with %(mentor)s is held for you", mentor=mentor.name),
        N_(
            "A time with %(mentor)s has become free: %(start)s. It is held for you "
            "until %(until)s. Sign in and book it from your waiting lists:",
            mentor=mentor.name,
            start=slot.start_time.astimezone(at),
            until=until.astimezone(at),
        ),
        key=key,
        not_after=until,
    )


def mail_about_lost_hold(
    student: User,
    mentor: User,
    slot: MentorTimeSlot,
    obstacle: Obstacle | None,
    *,
    key: str,
    until: datetime,
) -> Mail:
    """The hold has ended at `until` (UTC), or before because of the obstacle."""
    at = zone_of(student.timezone)
    values = {"mentor": mentor.name, "start": slot.start_time.astimezone(at)}
    if obstacle is None:
        message = N_(
            "The time with %(mentor)s on %(start)s was held for you until %(until)s, and is now "
            "offered to the next person. You keep your place on the waiting list, and we will "
            "write again when another time becomes free. Your waiting lists:",
            until=until.astimezone(at),
            **values,
        )
    elif obstacle is Obstacle.BUSY:
        message = N_(
            "The time with %(mentor)s on %(start)s is no longer held for you, because you have "
            "another session at that time. You keep your place on the waiting list, and we will "
            "write again when another time becomes free. Your waiting lists:",
            **values,
        )
    elif obstacle is Obstacle.AT_LIMIT:
        message = N_(
            "The time with %(mentor)s on %(start)s is no longer held for you, because you already "
            "have as many sessions to come as you can book at a time. You keep your place on the "
            "waiting list, and we will write again when you can book and another time becomes "
            "free. Your waiting lists:",
            **values,
        )
    else:
        message = N_(
            "The time with %(mentor)s on %(start)s was held for you, but it can no longer be "
            "booked. You keep your place on the waiting list, and we will write again when "
            "another time becomes free. Your waiting lists:",
            **values,
        )
    subject = N_("A time with %(mentor)s is no longer held for you", mentor=mentor.name)
    return _mail(student, subject, message, key=key)


def _mail(
    student: User, subject: str, message: str, *, key: str, not_after: datetime | None = None
) -> Mail:
    language = Language(student.language) if student.language else None
    text = say(message, language, HourCycle(student.hour_cycle or HourCycle.H23))
    return Mail(
        to=student.email,
        subject=say(subject, language),
        text=text,
        html=f"<p>{escape(text)}</p>",
        kind=MailKind.WAITING_LIST,
        key=key,
        not_after=not_after,
    )
