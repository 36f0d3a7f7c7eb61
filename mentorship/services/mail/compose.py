"""From a row of the outbox to the mail itself, in the reader's zone and hour cycle."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import Message
from email.utils import format_datetime, formataddr
from functools import cache, partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape
from sqlalchemy import Row

from mentorship.adapters.mail_message import mail_of
from mentorship.adapters.translations import catalog_of, day, hours, say
from mentorship.domain.mail import CHOICES, OLD_NEWS, REMINDERS, TOLD_WHILE, MailKind, is_wanted
from mentorship.domain.shared.global_ids import Identity
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.messages import N_
from mentorship.domain.shared.time_format import clock, zone
from mentorship.services.calendars.entries import invitation_of
from mentorship.services.mail.outbox import single_line
from mentorship.services.mail.unsubscribe import unsubscribe_token

Facts = Row[*tuple[Any, ...]]

_INVITING = frozenset({MailKind.BOOKED, MailKind.MOVED, MailKind.CANCELLED})
"""Mail that puts a session into the reader's calendar, or takes it out."""


_PLACES = {MailKind.WAITING_LIST: "waiting-list", MailKind.ZONE_RULES: "dashboard"}
"""Where mail with words of its own leads."""


@dataclass(frozen=True)
class MailSettings:
    """What all mail has in common; `templates` is a folder that has the words, in `mail/`."""

    base_url: str
    sender: str
    secret_key: str
    templates: Path


def reason_to_drop(mail: Facts, *, now: datetime) -> str | None:
    """Why this mail is not to be sent at `now` (UTC), or None."""
    if mail.not_after and mail.not_after <= now:
        return "It came too late to be of use."
    if mail.booking_id is None:
        return None
    if not is_wanted(mail.kind, mail.choice):
        return "The reader does not want mail of this kind."
    if mail.due_at and mail.applied_at - mail.due_at > OLD_NEWS:
        return "It is about something long past."
    if mail.status not in TOLD_WHILE[mail.kind] or _is_of_another_time(mail):
        return "The session was moved, started, completed or cancelled meanwhile."
    return None


def _is_of_another_time(mail: Facts) -> bool:
    """Whether the session was moved, or moved on, after the mail was put into the outbox."""
    if mail.kind is MailKind.MOVED:
        return bool(mail.new_start != mail.start_time)
    reminder = REMINDERS.get(mail.kind)
    # The row was written for the start that `not_after` is counted from.
    return bool(reminder and mail.start_time - reminder.lead + reminder.lasts != mail.not_after)


def compose_mail(mail: Facts, house: MailSettings, identity: Identity) -> Message:
    """The mail. Its Message-ID and date never change, so that a repeat can be recognised.

    Raises ValueError and the like where a header or an address cannot be written.
    """
    headers = {
        "From": formataddr(("Mentorship", house.sender)),
        "Message-ID": identity.message_id(mail.id, mail.created_at),
        "Date": format_datetime(mail.created_at),
        "Auto-Submitted": "auto-generated",  # RFC 3834: no machine answers this.
    }
    if mail.booking_id is None:
        headers["Subject"] = mail.subject
        text, html = mail.body_text, mail.body_html
        if mail.kind in _PLACES:  # Written where nobody knows the address.
            address = f"{house.base_url}/{_PLACES[mail.kind]}"
            text = f"{text}\n\n{address}\n"
            html = f'{html}\n<p><a href="{address}">{address}</a></p>'
        return mail_of(headers, to=("", mail.recipient), text=text, html=html)
    token = unsubscribe_token(
        mail.reader_id, mail.kind, secret_key=house.secret_key, identity=identity
    )
    stop = f"{house.base_url}/unsubscribe/{token}"
    headers["List-Unsubscribe"] = f"<{stop}>"
    headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058.
    language = Language(mail.language) if mail.language else Language.EN
    templates = _templates(house.templates, language)
    subject, *paragraphs = _words(mail, language, templates)
    headers["Subject"] = single_line(subject)
    is_over_for_student = mail.kind is MailKind.COMPLETED and mail.reader_id != mail.mentor_id
    place = "#feedback" if is_over_for_student else ""
    around = {
        "paragraphs": paragraphs,
        "address": f"{house.base_url}/sessions/{mail.booking_id}{place}",
        "why": say(CHOICES[mail.kind], language),
        "language": language,
        "choices": f"{house.base_url}/account/mail",
        "stop": stop,
    }
    invitation = None
    if mail.kind in _INVITING:  # The session as it stands when the mail is written.
        invitation = invitation_of(
            mail, identity=identity, base_url=house.base_url, organizer=house.sender
        )
    return mail_of(
        headers,
        to=(mail.reader, mail.email),
        text=templates.get_template("mail/_letter.txt").render(around),
        html=templates.get_template("mail/_letter.html").render(around),
        invitation=invitation,
    )


@cache
def _templates(folder: Path, language: Language) -> Environment:
    """The words of mail in a language. No request is near, so it is not the pages' environment."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(),
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(catalog_of(language), newstyle=True)  # type: ignore[attr-defined]  # The extension adds it.
    return environment


def _words(mail: Facts, language: Language, templates: Environment) -> list[str]:
    """The subject and the paragraphs: the words stand once, text and HTML are made of them."""
    is_mentor = mail.reader_id == mail.mentor_id
    template = templates.get_template(f"mail/{mail.kind.value.partition('-')[0]}.txt")
    text = template.render(
        mail=mail,
        topic=mail.topic or say(N_("Mentoring session"), language),
        other=mail.student if is_mentor else mail.mentor,
        is_mentor=is_mentor,
        is_own_doing=mail.actor_id == mail.reader_id,
        **_time_words(mail, language),
    )
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n") if paragraph.strip()]


def _time_words(mail: Facts, language: Language) -> dict[str, Callable[..., str]]:
    cycle = HourCycle(mail.hour_cycle or HourCycle.H23)
    time_of = partial(clock, timezone=mail.timezone, cycle=cycle)

    def at(instant: datetime) -> str:
        zone_name = f"{zone(instant, mail.timezone)}, {mail.timezone}"
        return f"{day(instant, mail.timezone, language)}, {time_of(instant)} ({zone_name})"

    def slot(start: datetime, end: datetime) -> str:
        zone_name = f"{zone(end, mail.timezone)}, {mail.timezone}"
        times = hours(start, end, mail.timezone, language, cycle)
        return f"{day(start, mail.timezone, language)}, {times} ({zone_name})"

    def short(instant: datetime) -> str:
        return f"{day(instant, mail.timezone, language)}, {time_of(instant)}"

    return {"at": at, "slot": slot, "short": short}
