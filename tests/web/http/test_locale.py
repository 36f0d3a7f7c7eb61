"""Who reads what in which language: pages, refusals, dates and mail."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from mentorship.adapters.translations import date_words, day, say
from mentorship.domain.booking.cutoff import Cutoff
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.messages import N_, joined, ngettext
from mentorship.models import User
from mentorship.web.http.locale import language_of
from tests.support.builders import a_cast
from tests.support.mails import composed_mail

GERMAN = {"Accept-Language": "de-DE,de;q=0.9,en;q=0.5"}


@pytest.mark.parametrize(
    ("accept_language", "language"),
    [
        ("de",                        Language.DE),
        ("de-AT,en;q=0.9",            Language.DE),
        ("en-US,en;q=0.9,de;q=0.8",   Language.EN),
        ("en;q=0.5, de-DE;q=0.9",     Language.DE),
        ("fr-FR,fr;q=0.9,de;q=0.8",   Language.DE),
        ("de;q=0, fr",                Language.EN),
        ("fr",                        Language.EN),
        ("",                          Language.EN),
        ("*",                         Language.EN),
        ("/etc/passwd, ../../de",     Language.EN),
        ("de" * 5000,                 Language.EN),
    ],
)  # fmt: skip
def test_the_first_language_that_there_are_texts_in_is_taken(accept_language, language):
    assert language_of(accept_language) is language


@pytest.mark.parametrize(
    ("language", "words"),
    [(Language.EN, "Wed 31 Mar 2027"), (Language.DE, "Mi., 31. März 2027")],
)
def test_days_are_written_as_the_language_does(language, words):
    assert date_words(date(2027, 3, 31), language) == words
    late = datetime(2027, 3, 30, 22, 30, tzinfo=UTC)
    assert day(late, "Europe/Berlin", language) == words


def test_a_sentence_is_english_by_itself_and_is_said_in_another_language_with_its_values():
    count = ngettext("%(n)s session cancelled.", "%(n)s sessions cancelled.", 2)
    refused = N_("This session is under way, so it cannot %(be_done)s.", be_done=N_("be cancelled"))
    message = joined(N_("Saved:"), count, refused)

    assert message == (
        "Saved: 2 sessions cancelled. This session is under way, so it cannot be cancelled."
    )
    assert say(message, Language.DE) == (
        "Gespeichert: 2 Sitzungen abgesagt. "
        "Diese Sitzung läuft gerade, deshalb kann sie nicht abgesagt werden."
    )
    assert say(message, None) == message
    assert say("", Language.DE) == ""


def test_times_in_a_sentence_are_written_as_the_reader_does():
    starts = datetime(2026, 11, 24, 13, 5, tzinfo=UTC)
    message = Cutoff(timedelta(hours=1)).message(starts, "Europe/Berlin")

    assert "that was Tue 24 Nov 2026, 13:05 CET." in message
    assert "Di., 24. Nov. 2026, 13:05 MEZ." in say(message, Language.DE)
    assert "Tue 24 Nov 2026, 1:05\xa0PM CET." in say(message, Language.EN, HourCycle.H12)


def test_pages_follow_the_browser_until_a_language_is_chosen(client_for, session):
    client = client_for(a_cast(session).student)
    page = client.get("/dashboard", headers=GERMAN)
    assert '<html lang="de" dir="ltr">' in page.text
    assert "Deine Sitzungen" in page.text
    assert "Accept-Language" in page.headers["Vary"]

    fields = {"name": "Sam", "timezone": "UTC", "hour_cycle": "", "language": "en"}
    client.post("/account", data=fields, headers=GERMAN)
    page = client.get("/account", headers=GERMAN)
    assert '<html lang="en" dir="ltr">' in page.text
    assert "Your account has been updated." in page.text

    client.post("/account", data=fields | {"language": "de"})
    assert "Dein Konto ist aktualisiert." in client.get("/account").text
    assert client.post("/account", data=fields | {"language": "xx"}).status_code == 400


def test_programs_are_refused_in_their_language_and_identifiers_stay(client_for, session):
    client = client_for(a_cast(session).student)

    refused = client.post("/api/sessions/999/start", headers=GERMAN)
    assert refused.json["error"] == "Diese Sitzung gibt es nicht."
    assert client.post("/api/sessions/999/start").json["error"] == "There is no such session."
    nobody = client_for(None).post("/api/bookings", json={}, headers=GERMAN)
    assert nobody.json["error"] == "Bitte melde dich zuerst an."


def test_who_signs_up_gets_mail_in_the_language_of_that_day(client_for, session):
    client = client_for(None)
    fields = {
        "name": "Uwe",
        "email": "uwe@example.org",
        "password": "herbstlaub-im-hof",
        "role": "student",
        "timezone": "Europe/Berlin",
    }
    page = client.post("/signup", data=fields, headers=GERMAN)

    assert "Sieh in dein Postfach" in page.text
    [mail] = composed_mail(session)
    assert mail.subject == "Bestätige deine E-Mail-Adresse"
    assert mail.text.startswith("Hallo,")
    assert session.scalar(select(User.language)) == "de"

    session.execute(update(User).values(language="en"))
    session.commit()
    client.post("/signup", data=fields, headers=GERMAN)
    assert session.scalar(select(User.language)) == "de"
