"""Labels of roles, statuses, actions, lists and kinds of mail on pages. JSON has codes instead."""

from collections.abc import Mapping, Set
from datetime import datetime
from functools import cache

from flask import Flask

from mentorship import current
from mentorship.adapters import translations
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import Action, Status
from mentorship.domain.sessions.outcomes import (
    OUTCOME_TEXT,
    OutcomeState,
    OutcomeWord,
    outcome_of,
)
from mentorship.domain.sessions.receipts import headline
from mentorship.domain.sessions.undo import done_sentence
from mentorship.domain.shared.delivery_problems import EXPLANATIONS
from mentorship.domain.shared.locales import Language
from mentorship.domain.shared.messages import N_
from mentorship.domain.webhooks.events import KIND_TEXT, EventKind
from mentorship.queries.sessions.cards import Card
from mentorship.queries.sessions.dashboard import Section
from mentorship.web.http.formatting import translate
from mentorship.web.http.locale import language

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
_ACTIONS: Mapping[Action, str] = {
    Action.START: N_("Start"),
    Action.ARRIVE: N_("We have begun"),
    Action.COMPLETE: N_("Complete"),
    Action.CANCEL: N_("Cancel"),
}
_MAILS: Mapping[MailKind, str] = {
    MailKind.BOOKED: N_("Booked"),
    MailKind.MOVED: N_("Moved"),
    MailKind.LEFT_GROUP: N_("Moved out of a group, or into one"),
    MailKind.CANCELLED: N_("Cancelled"),
    MailKind.REMINDER_24H: N_("Reminder 24h"),
    MailKind.REMINDER_1H: N_("Reminder 1h"),
    MailKind.REMINDER_10M: N_("Reminder 10m"),
    MailKind.STARTED: N_("Started"),
    MailKind.DELAYED: N_("Delayed"),
    MailKind.COMPLETED: N_("Completed"),
    MailKind.LATE: N_("Late"),
    MailKind.OUTCOME_ASKED: N_("How did it go?"),
    MailKind.OUTCOME_DISPUTED: N_("Answers differ"),
    MailKind.OUTCOME_DECIDED: N_("Outcome decided"),
    MailKind.UNDONE: N_("Undone"),
    MailKind.CORRECTED: N_("Corrected"),
    MailKind.SLOT_HELD: N_("Waiting list"),
    MailKind.HOLD_ENDED: N_("Waiting list"),
    MailKind.ZONE_RULES: N_("Time zone"),
    MailKind.CONFIRM_ADDRESS: N_("Account"),
    MailKind.ADDRESS_IN_USE: N_("Account"),
    MailKind.NO_ACCOUNT: N_("Account"),
    MailKind.SET_PASSWORD: N_("Account"),
    MailKind.PASSWORD_CHANGED: N_("Account"),
    MailKind.MENTOR_APPROVED: N_("Account"),
    MailKind.AS_WRITTEN: N_("Mail from before the last upgrade"),
}
_EVENTS: Mapping[EventKind, str] = {
    EventKind.TRANSITION: N_("Status"),
    EventKind.BOOKED: N_("Booked"),
    EventKind.MOVED: N_("Moved"),
    EventKind.OUTCOME: N_("Outcome settled"),
    EventKind.CORRECTED: N_("Corrected"),
}
_SECTIONS: Mapping[Section, tuple[str, str]] = {
    Section.ATTENTION: (N_("Needs attention"), N_("No session is running late.")),
    Section.NOW: (N_("Now"), N_("No session is under way.")),
    Section.UPCOMING: (
        N_("Upcoming"),
        N_("No session is booked. A new one appears here by itself."),
    ),
    Section.OLDER: (N_("Delayed more than a week ago"), ""),
    Section.PAST: (N_("Past"), N_("Sessions that have ended or were cancelled are kept here.")),
}


def init_app(app: Flask) -> None:
    """Add the template filters."""
    app.add_template_filter(_role_words, "role_words")
    app.add_template_filter(lambda status: translate(_STATES[status]), "status_word")
    app.add_template_filter(lambda action: translate(_ACTIONS[action]), "action_word")
    app.add_template_filter(lambda kind: translate(_MAILS[kind]), "mail_word")
    app.add_template_filter(lambda word: translate(OUTCOME_TEXT[word]), "outcome_word")
    app.add_template_filter(lambda kind: translate(_EVENTS[kind]), "event_word")
    app.jinja_env.globals["event_kinds"] = KIND_TEXT
    app.jinja_env.globals["outcome_words"] = tuple(OutcomeWord)
    app.add_template_filter(
        lambda action, topic: translate(done_sentence(action, topic)), "done_sentence"
    )
    app.add_template_filter(lambda problem: translate(EXPLANATIONS[problem]), "problem_sentence")
    app.add_template_filter(lambda entry, zone: translate(headline(entry, zone)), "headline")
    app.add_template_filter(_how_it_went, "how_it_went")
    app.add_template_filter(lambda section: _of_section(section, language()), "section_words")


def _how_it_went(card: Card, now: datetime) -> tuple[str, str] | None:
    """The outcome of a completed session as it stands: a word for its look, and a text.

    None for a group as a whole, whose students have an outcome each, and while nothing is said.
    """
    if card.status is not Status.COMPLETED or len(card.seats) > 1:
        return None
    silence = current.settings().outcome_silence
    outcome = outcome_of(card.said, end_time=card.end_time, now=now, silence=silence)
    if outcome.state is OutcomeState.DISPUTED:
        return "disputed", translate(_MAILS[MailKind.OUTCOME_DISPUTED])
    if outcome.value is None:
        return None
    absent = {OutcomeWord.MENTOR_ABSENT: card.mentor, OutcomeWord.STUDENT_ABSENT: card.student}
    name = absent.get(outcome.value)
    words = N_("%(name)s did not come", name=name) if name else OUTCOME_TEXT[outcome.value]
    look = "held" if outcome.value is OutcomeWord.TOOK_PLACE else "missed"
    return look, translate(words)


def _role_words(roles: Set[Role]) -> str:
    """The names of the roles, separated by commas."""
    return ", ".join(translate(word) for role, word in _ROLES.items() if role in roles)


@cache  # Every changed poll needs all labels; the catalog takes 20 times as long.
def _of_section(section: Section, language: Language) -> tuple[str, str]:
    """The title of a list of sessions, and the text that an empty one shows."""
    title, empty = _SECTIONS[section]
    return translations.say(title, language), translations.say(empty, language)
