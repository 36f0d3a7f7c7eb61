"""Composes queued mail in the reader's language, zone and hour cycle.

Each kind has one template in `templates/mail/`. It sets `subject`, `action` (what the link is
called) and, where there is more to say below the link, `footer`; the rest is the paragraphs.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.message import Message
from email.utils import format_datetime, formataddr
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from mentorship.adapters.mail_message import mail_of
from mentorship.adapters.translations import catalog_of, day, hours, moment, say
from mentorship.domain.calendars import GroupNames
from mentorship.domain.mail import (
    CHANGES_CALENDARS,
    CHOICES,
    REMINDERS,
    STALE_AFTER,
    TRUE_WHILE,
    AccountFacts,
    AsWritten,
    MailFacts,
    MailKind,
    is_wanted,
)
from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.sessions.outcomes import OUTCOME_TEXT, Statement
from mentorship.domain.shared.global_ids import Identity
from mentorship.domain.shared.locales import Language
from mentorship.domain.shared.messages import N_
from mentorship.domain.shared.time_format import clock, zone
from mentorship.domain.shared.zones import UTC_NAME
from mentorship.queries.mail.queued import QueuedMail, Reader, SessionFacts
from mentorship.services.calendars.entries import invitation_of
from mentorship.services.mail.outbox import facts_from
from mentorship.services.mail.unsubscribe import unsubscribe_token

_ABOUT_OUTCOME = frozenset(
    {MailKind.OUTCOME_ASKED, MailKind.OUTCOME_DISPUTED, MailKind.OUTCOME_DECIDED}
)

_LONGEST_SUBJECT = 300


@dataclass(frozen=True)
class MailSettings:
    """The settings that all mail shares; `templates` is the folder with `mail/`.

    `outcome_silence` is the time after which one side's answer settles an outcome.
    """

    base_url: str
    sender: str
    secret_key: str
    templates: Path
    outcome_silence: timedelta = timedelta(hours=72)
    group_names: GroupNames = GroupNames.MENTOR


@dataclass(frozen=True)
class _Text:
    """The content of a mail, before it becomes text and HTML."""

    subject: str
    paragraphs: tuple["_Paragraph", ...]
    action: str
    footer: str


@dataclass(frozen=True)
class _Paragraph:
    """Either a text or a list of `items`."""

    text: str
    items: tuple[str, ...] = ()

    @classmethod
    def of(cls, source: str) -> "_Paragraph":
        lines = source.strip().split("\n")
        if all(line.startswith("- ") for line in lines):
            return cls("", tuple(_single_line(line[2:]) for line in lines))
        return cls(_single_line(source))


def reason_to_drop(mail: QueuedMail, *, now: datetime) -> str | None:
    """Why this mail is not to be sent at `now` (UTC), or None."""
    if mail.not_after and mail.not_after <= now:
        return "It came too late to be of use."
    session = mail.session
    if session is None:
        return None
    if not is_wanted(mail.kind, mail.reader.choice):
        return "The reader does not want mail of this kind."
    change = session.change
    if change and change.due_at and change.applied_at - change.due_at > STALE_AFTER:
        return "It is about something long past."
    if session.status not in TRUE_WHILE[mail.kind] or _is_about_another_time(mail, session):
        return "The session was moved, started, completed or cancelled meanwhile."
    if not _is_outcome_still_so(mail, session):
        return "The outcome of the session was answered, changed or decided meanwhile."
    return None


def _is_outcome_still_so(mail: QueuedMail, session: SessionFacts) -> bool:
    """Whether mail about an outcome is still true; always true for other mail."""
    said = session.statements
    if mail.kind is MailKind.OUTCOME_ASKED and session.is_for_meeting:
        return bool(session.students)
    if mail.kind is MailKind.OUTCOME_ASKED:
        own = said.mentor if mail.reader.id == session.mentor_id else said.student
        return own is None and said.decision is None
    if mail.kind is MailKind.OUTCOME_DISPUTED:
        words = {each.word for each in (said.mentor, said.student) if each is not None}
        return len(words) > 1 and said.decision is None
    return said.decision is not None or mail.kind is not MailKind.OUTCOME_DECIDED


def _is_about_another_time(mail: QueuedMail, session: SessionFacts) -> bool:
    """Whether the session was moved after the mail was queued, which another mail reports."""
    if session.move is not None:
        has_left = mail.kind is MailKind.LEFT_GROUP
        return session.move.is_taken_back if has_left else session.move.is_overtaken
    reminder = REMINDERS.get(mail.kind)
    # `not_after` was computed from the start at the time when the row was written.
    return bool(reminder and session.start_time - reminder.lead + reminder.lasts != mail.not_after)


def compose_mail(mail: QueuedMail, settings: MailSettings, identity: Identity) -> Message:
    """The composed mail. Its Message-ID and date never change, so that a repeat can be recognised.

    1. Read the facts: the session as it is now, or the stored facts.
    2. Render the template of its kind in the reader's language.
    3. Put the result into the layout that all mail shares, as text and as HTML.

    Raises ValueError and similar errors if the facts do not match the kind, or a header or an
    address cannot be written.
    """
    facts = mail.session or facts_from(mail.kind, mail.facts)
    reader = mail.reader
    if isinstance(facts, AccountFacts):
        reader = replace(reader, language=facts.language or Language.EN)
    templates = _templates(settings.templates, reader.language)
    text = _render(templates, mail.kind, facts, reader)
    stop = _unsubscribe_link(mail, settings, identity)
    frame = {
        "mail": text,
        "language": reader.language,
        "link": _link(mail.kind, facts, reader, settings.base_url),
        "kind": say(CHOICES[mail.kind], reader.language) if stop else None,
        "preferences": f"{settings.base_url}/account/mail",
        "stop": stop,
    }
    invitation = None
    if mail.session and mail.kind in CHANGES_CALENDARS:
        invitation = invitation_of(
            mail,
            mail.session,
            identity=identity,
            base_url=settings.base_url,
            organizer=settings.sender,
            names=settings.group_names,
        )
    return mail_of(
        _headers(mail, text.subject, stop, settings, identity),
        to=(reader.name, reader.email),
        text=templates.get_template("mail/_frame.txt").render(frame),
        html=templates.get_template("mail/_frame.html").render(frame),
        invitation=invitation,
    )


def _headers(
    mail: QueuedMail, subject: str, stop: str | None, settings: MailSettings, identity: Identity
) -> dict[str, str]:
    headers = {
        "From": formataddr(("Mentorship", settings.sender)),
        "Message-ID": identity.message_id(mail.id, mail.created_at),
        "Date": format_datetime(mail.created_at),
        "Auto-Submitted": "auto-generated",  # RFC 3834: automatic replies are not wanted.
        "Subject": subject,
    }
    if stop:
        headers["List-Unsubscribe"] = f"<{stop}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058.
    return headers


def _unsubscribe_link(mail: QueuedMail, settings: MailSettings, identity: Identity) -> str | None:
    """The link that stops this kind of mail, if people can choose it."""
    if mail.reader.id is None or mail.kind not in CHOICES:
        return None
    token = unsubscribe_token(
        mail.reader.id, mail.kind, secret_key=settings.secret_key, identity=identity
    )
    return f"{settings.base_url}/unsubscribe/{token}"


def _link(
    kind: MailKind, facts: SessionFacts | MailFacts, reader: Reader, base_url: str
) -> str | None:
    """Where the mail leads."""
    if isinstance(facts, SessionFacts):
        asks_for_feedback = kind is MailKind.COMPLETED and reader.id != facts.mentor_id
        place = "#feedback" if asks_for_feedback else "#outcome" if kind in _ABOUT_OUTCOME else ""
        return f"{base_url}/sessions/{facts.booking_id}{place}"
    if isinstance(facts, AccountFacts):
        return facts.link
    if isinstance(facts, AsWritten):
        return facts.link or (f"{base_url}/{facts.path}" if facts.path else None)
    return f"{base_url}/{facts.page}"


@cache
def _templates(folder: Path, language: Language) -> Environment:
    """The templates of mail in a language. The pages' environment would need a request."""
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(),
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(catalog_of(language), newstyle=True)  # type: ignore[attr-defined]  # The extension adds it.
    return environment


def _render(
    templates: Environment, kind: MailKind, facts: SessionFacts | MailFacts, reader: Reader
) -> _Text:
    """The subject, paragraphs, link label and footer, used for both text and HTML."""
    name = "reminder" if kind in REMINDERS else kind.value
    rendered = templates.get_template(f"mail/{name}.txt").make_module(_context(facts, reader))
    parts = (part for part in str(rendered).split("\n\n") if part.strip())
    settings = vars(rendered)  # The values that the template sets.
    return _Text(
        subject=_single_line(settings["subject"])[:_LONGEST_SUBJECT],
        paragraphs=tuple(_Paragraph.of(part) for part in parts),
        action=settings["action"],
        footer=settings.get("footer", ""),
    )


def _context(facts: SessionFacts | MailFacts, reader: Reader) -> dict[str, object]:
    """The context of a template: the facts as `mail`, and functions that format times."""
    timezone, language, cycle = reader.timezone, reader.language, reader.hour_cycle

    def at(instant: datetime) -> str:
        time = (
            f"{clock(instant, timezone, cycle)} ({zone(instant, timezone, language)}, {timezone})"
        )
        return f"{day(instant, timezone, language)}, {time}"

    def slot(start: datetime, end: datetime) -> str:
        times = hours(start, end, timezone, language, cycle)
        name = zone(end, timezone, language)
        return f"{day(start, timezone, language)}, {times} ({name}, {timezone})"

    def moment_in(instant: datetime, place: str) -> str:
        return moment(instant, place, language, cycle)

    def wall_clock(instant: datetime) -> str:
        return f"{day(instant, UTC_NAME, language)}, {clock(instant, UTC_NAME, cycle)}"

    context: dict[str, object] = {
        "mail": facts,
        "reader": reader,
        "at": at,
        "slot": slot,
        "moment_in": moment_in,
        "moment": partial(moment_in, place=timezone),
        "wall_clock": wall_clock,
    }
    if isinstance(facts, SessionFacts):
        is_mentor = reader.id == facts.mentor_id
        said = facts.statements
        own, others = (said.mentor, said.student) if is_mentor else (said.student, said.mentor)

        def outcome(statement: Statement | None) -> str:
            return say(OUTCOME_TEXT[statement.word], language) if statement else ""

        is_group = len(facts.students) > 1
        untitled = N_("Group session") if is_group else N_("Mentoring session")
        context |= {
            "topic": facts.topic or say(untitled, language),
            "is_group": is_group,
            "stays": _stays(facts) if is_mentor else "",
            "other": facts.student if is_mentor else facts.mentor,
            "is_mentor": is_mentor,
            "is_own_doing": bool(facts.change and facts.change.actor_id == reader.id),
            "own_answer": outcome(own),
            "others_answer": outcome(others),
            "decision": outcome(said.decision),
            "what_happened": say(facts.change.message, language) if facts.change else "",
        }
    return context


def _stays(facts: SessionFacts) -> str:
    """The students with whom a meeting goes on after a change that was about one of them."""
    meeting = facts.meeting if facts.is_one_entry else None
    goes_on = meeting is not None and meeting.status is not Status.CANCELLED
    return ", ".join(meeting.students) if meeting and goes_on else ""


def _single_line(text: str) -> str:
    """Every kind of line break becomes a space, as a header needs it."""
    return " ".join(text.split())
