"""Every page, mail and refusal, read with a catalog that puts ⟦ ⟧ around each text.

What then stands outside of them was never given to a catalog, so no language can have it.
"""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from html.parser import HTMLParser
from zoneinfo import available_timezones

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from sqlalchemy import select, update

from mentorship.adapters import translations
from mentorship.clock import utc_now
from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.mail import (
    CHOICES,
    FACTS_OF,
    AddressInUse,
    ConfirmAddress,
    HoldEnd,
    HoldEnded,
    MailKind,
    MentorApproved,
    NoAccount,
    PasswordChanged,
    SetPassword,
    ShiftedTime,
    SlotHeld,
    ZoneRulesChanged,
)
from mentorship.domain.shared.global_ids import Identity
from mentorship.domain.shared.locales import Language
from mentorship.models import OutboxMessage, User
from mentorship.queries.mail.queued import QueuedMail, Reader, queued_mail
from mentorship.services.mail import compose
from mentorship.services.mail.compose import compose_mail
from mentorship.services.mail.outbox import as_json
from mentorship.web.http import labels
from mentorship.web.http import locale as texts
from tests.architecture.test_translations import texts_of_the_source
from tests.browser.pages import LONG_NAME, TOPICS, a_crowd, pages_of
from tests.support.browser import a_site
from tests.support.mails import SETTINGS, as_read, part_of
from tests.support.processes import cookie_of
from tests.web.http.letters import letters_about_a_session

pytestmark = pytest.mark.real_clock  # The crowd on its pages serves the browser tests, too.

SHOWN = ("placeholder", "title", "aria-label", "alt", "data-late", "data-left", "data-lost",
         "data-back", "data-failed", "data-many")  # fmt: skip
NOT_WORDS = ("script", "style", "code")
GERMAN = Locale.parse("de")
SAME_IN_EVERY_LANGUAGE = {
    "Mentorship", "English", "Deutsch", "https", "Authorization", "Bearer", "UTC", "EST", "EDT",
    "AM", "PM", "Google", "Calendar", "Outlook",
}  # fmt: skip
# What people have written, which is shown as it is.
IDENTITY = Identity("00000000-0000-4000-8000-000000000000")

WRITTEN = (
    *TOPICS,
    LONG_NAME,
    "Sam <b>Student</b>",
    "Ada",
    "Nell",
    "Away",
    "Not well today.",
    "Databases, and calm under deadline",
    "Databases",
    "I can help with",
    "tests",
    "code",
    "550 No such person",
    "W" * 40,
    "y" * 300,
    LONG_NAME[:80].strip(),
    *LONG_NAME.split(),
    *(text.strip() for text in TOPICS),
)


class PageReader(HTMLParser):
    """What a person sees or hears of a page."""

    def __init__(self):
        super().__init__()
        self.texts, self._silent = [], 0

    def handle_starttag(self, tag, attrs):
        self._silent += tag in NOT_WORDS
        said = dict(attrs)
        self.texts += [said[name] or "" for name in SHOWN if name in said]
        if tag == "input" and said.get("type") in ("submit", "button"):
            self.texts.append(said.get("value") or "")

    def handle_endtag(self, tag):
        self._silent -= tag in NOT_WORDS

    def handle_data(self, data):
        if not self._silent:
            self.texts.append(data)


def _names_of_days_and_months():
    for kind in (GERMAN.days, GERMAN.months):
        for each in kind["format"].values():
            yield from (name.strip(".") for name in each.values())


NEUTRAL = (
    SAME_IN_EVERY_LANGUAGE
    | set(_names_of_days_and_months())
    | {part for name in available_timezones() for part in re.split(r"[/_+-]", name)}
)


def untranslated(texts, written=WRITTEN):
    """The words of these texts that no catalog was asked for."""
    found = set()
    for text in texts:
        left = text
        while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", " ", left)) != left:
            left = shorter
        left = re.sub(r"\S+@\S+|\S+://\S+", " ", left)
        for each in sorted(written, key=len, reverse=True):
            left = re.sub(rf"(?<!\w){re.escape(each)}(?!\w)", " ", left)
        found |= {word for word in re.findall(r"[^\W\d_]{2,}", left) if word not in NEUTRAL}
    return found


def of_page(html, written=WRITTEN):
    """The same for what a page shows."""
    reader = PageReader()
    reader.feed(html)
    return untranslated(reader.texts, written)


@pytest.fixture(scope="module")
def marks(tmp_path_factory):
    """German is every text with marks around it; made before the application is."""
    catalog = Catalog(locale="de")
    for text in texts_of_the_source():
        catalog.add(text, f"⟦{text}⟧" if isinstance(text, str) else [f"⟦{it}⟧" for it in text])
    folder = tmp_path_factory.mktemp("marked")
    file = folder / "de" / "LC_MESSAGES" / "messages.mo"
    file.parent.mkdir(parents=True)
    with file.open("wb") as opened:
        write_mo(opened, catalog)
    kept = (translations.catalog_of, compose._templates, labels._of_section, texts._found)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(translations, "FOLDER", folder)
        for each in kept:
            each.cache_clear()
        yield
    for each in kept:
        each.cache_clear()


@pytest.fixture
def site(marks, databases, tmp_path):
    """The product in the marked language, on a database of its own."""
    with databases.fresh("sqlite") as url, a_site(url, tmp_path) as site:
        yield site


@pytest.fixture(scope="module")
def full_site(marks, databases, tmp_path_factory):
    """One on which nothing is empty, and its crowd; no test changes anything there."""
    folder = tmp_path_factory.mktemp("site")
    with databases.fresh("sqlite") as url, a_site(url, folder) as site:
        yield site, a_crowd(site)


def test_the_check_sees_texts_that_are_not_marked():
    page = '<p>⟦Saved ⟦2⟧ times⟧ on Di., 24. Nov. 2026</p><input placeholder="Name" value="Sam">'
    assert of_page(page) == {"on", "Name"}
    assert of_page('<a title="Go">⟦Back⟧ Ada</a><script>const english = 1;</script>') == {"Go"}
    assert of_page("<title>⟦Mail⟧ · Mentorship</title><p>Europe/Berlin, EST</p>") == set()


ASKS = {"Accept-Language": "de", "Accept": "text/html"}


def client_of(site, viewer):
    """A browser in which this person is signed in."""
    client = site.app.test_client()
    if viewer is not None:
        name, _, value = cookie_of(site.app, viewer).partition("=")
        client.set_cookie(name, value)
    return client


@pytest.mark.parametrize("person", ["nobody", "student", "mentor", "admin"])
def test_no_page_has_a_text_that_no_catalog_was_asked_for(full_site, person):
    site, crowd = full_site
    paths = pages_of(site, crowd, person)
    client = client_of(site, crowd.people[person])

    found = {path: of_page(client.get(path, headers=ASKS).text) for path in paths}

    assert len(found) >= 7
    assert {path: words for path, words in found.items() if words} == {}


@pytest.mark.parametrize(
    ("person", "path", "fields"),
    [
        ("nobody",  "/login",                 {"email": "who@example.org", "password": "xxxxxxxx"}),
        ("nobody",  "/signup",                {}),
        ("nobody",  "/signup",                {"password": "short", "timezone": "UTC"}),
        ("nobody",  "/forgot",                {"email": "no"}),
        ("student", "/account",               {"name": ""}),
        ("student", "/account",               {"name": "Sam", "timezone": "Nowhere"}),
        ("student", "/account/password",      {"current": "wrong", "password": "xxxxxxxxx"}),
        ("student", "/account/tokens",        {"name": ""}),
        ("student", "/slots/{slot_id}/book",  {"topic": ""}),
        ("student", "/sessions/{session_id}/feedback", {"rating": "5"}),
        ("student", "/sessions/{session_id}/move",     {"slotId": "{slot_id}"}),
        ("student", "/api/sessions/{session_id}/start", {}),
        ("mentor",  "/availability/rules/new", {"opens": "18:00", "closes": "20:00"}),
        ("mentor",  "/availability/slots/new", {"day": "2020-01-01", "opens": "18:00",
                                                "closes": "20:00", "capacity": "1"}),
        ("mentor",  "/availability/days-off/new", {"firstDay": "2020-01-01"}),
        ("mentor",  "/availability/settings",  {"bufferBefore": "999", "bufferAfter": "0",
                                                "minimumNotice": "0", "horizonDays": "9"}),
        ("mentor",  "/profile",                {"headline": "x" * 500}),
        ("mentor",  "/sessions/{session_id}/room", {"url": "nonsense"}),
    ],
)  # fmt: skip
def test_no_refusal_has_a_text_that_no_catalog_was_asked_for(full_site, person, path, fields):
    site, crowd = full_site
    values = {name: each[0] for name, each in crowd.values.items()}
    fields = {name: value.format(**values) for name, value in fields.items()}

    answer = client_of(site, crowd.people[person]).post(
        path.format(**values), data=fields, headers=ASKS
    )

    assert 400 <= answer.status_code < 500
    typed = (*WRITTEN, *(value for value in fields.values() if value[:1].isalpha()))
    assert of_page(answer.text, typed) == set()


def test_no_mail_about_sessions_has_a_text_that_no_catalog_was_asked_for(site):
    session = site.session
    mentor, student = site.person("Ada", Role.MENTOR), site.person("Nell", Role.STUDENT)
    begin_write(session)
    session.execute(update(User).values(language="de"))
    session.commit()
    letters_about_a_session(session, mentor, student, now=utc_now())
    kinds, written = set(), (*WRITTEN, "Thesis", "Noor", "Bo", "Sam", "Stella")
    for mail in queued_mail(session, session.scalars(select(OutboxMessage.id)).all()):
        written_mail = compose_mail(mail, SETTINGS, IDENTITY).as_bytes()
        letter = message_from_bytes(written_mail, policy=policy.default)
        html = letter.get_body(("html",)).get_content()
        plain = letter.get_body(("plain",)).get_content()
        kinds.add(mail.kind)
        found = untranslated([letter["Subject"], plain], written) | of_page(html, written)
        assert found == set(), mail.kind
        assert '<html lang="de">' in html
    assert kinds == set(CHOICES)


START = datetime(2027, 3, 29, 15, 0, tzinfo=UTC)
LINK = "https://a.example"
SHIFTED = (
    ShiftedTime(START, START, None, ""),
    ShiftedTime(START, START, "Thesis", "Ada"),
    ShiftedTime(START, START, "", "Ada"),
)
FACTS = [
    ConfirmAddress(LINK, None, Language.DE, days=3),
    AddressInUse(LINK, "Ada", Language.DE),
    NoAccount(LINK, None, Language.DE),
    SetPassword(LINK, "Ada", Language.DE, hours=2),
    PasswordChanged(LINK, "Ada", Language.DE),
    MentorApproved(LINK, "Ada", Language.DE),
    SlotHeld("Ada", START, START),
    *(HoldEnded("Ada", START, START, reason) for reason in HoldEnd),
    *(ZoneRulesChanged("Europe/Berlin", True, SHIFTED, more) for more in (1, 2)),
]


def test_each_kind_of_mail_is_among_these():
    assert {facts.kind for facts in FACTS} | {MailKind.AS_WRITTEN} == set(FACTS_OF)


@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: facts.kind)
def test_no_mail_with_facts_has_a_text_that_no_catalog_was_asked_for(marks, facts):
    reader = Reader(1, "Ada", "a@example.org", timezone="Europe/Berlin", language=Language.DE)
    mail = QueuedMail(
        id=1,
        kind=facts.kind,
        created_at=START,
        not_after=None,
        attempts=0,
        reader=reader,
        session=None,
        facts=as_json(facts),
    )
    read = as_read(compose_mail(mail, SETTINGS, IDENTITY).as_bytes())

    written = (*WRITTEN, "Thesis", "Europe", "Berlin")
    found = untranslated([read["Subject"], part_of(read, "plain")], written)
    assert found | of_page(part_of(read, "html"), written) == set()
