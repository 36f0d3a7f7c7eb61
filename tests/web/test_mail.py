"""The pages about mail: choices, one click to stop a kind, the outbox for admins."""

import html

import pytest
from itsdangerous import URLSafeSerializer
from sqlalchemy import select, update

from mentorship.adapters import translations
from mentorship.adapters.mail_transport import SmtpTransport
from mentorship.current import parts_of
from mentorship.domain.mail import CHOICES, MailKind
from mentorship.domain.shared.delivery_problems import EXPLANATIONS, QUOTED, Problem
from mentorship.domain.shared.global_ids import Identity
from mentorship.domain.shared.locales import Language
from mentorship.models import Installation, MailChoice, OutboxMessage, User
from mentorship.queries.mail.outbox import mail_preferences
from mentorship.queries.shared.installation import identity_of
from mentorship.services.mail.reminders import enqueue_reminders
from mentorship.services.mail.unsubscribe import unsubscribe_token
from tests.support.builders import a_mail_set_aside, at


@pytest.fixture
def address(app, session, cast):
    """Where the student stops mail about starts."""
    return address_in(app, identity_of(session), cast.student)


def address_in(app, identity, person):
    """The same in an installation with this identity and the key of this one."""
    key = app.config["SECRET_KEY"]
    token = unsubscribe_token(person.id, MailKind.STARTED, secret_key=key, identity=identity)
    return f"/unsubscribe/{token}"


def chosen(session, viewer):
    session.rollback()
    return mail_preferences(session, viewer.id)


def test_without_a_choice_all_comes_but_the_late_reminder(session, cast):
    assert [kind for kind, is_wanted in chosen(session, cast.student).items() if not is_wanted] == [
        MailKind.REMINDER_10M
    ]


def test_what_is_ticked_comes_and_nothing_else(session, cast, client_for):
    client = client_for(cast.student)
    response = client.post("/account/mail", data={"delayed": "on", "reminder-10m": "on"})

    assert (response.status_code, response.headers["Location"]) == (303, "/account/mail")
    assert {kind for kind, is_wanted in chosen(session, cast.student).items() if is_wanted} == {
        MailKind.DELAYED,
        MailKind.REMINDER_10M,
    }
    page = client.get("/account/mail").text
    assert page.count(" checked") == 2
    assert "Your choices are saved." in page
    assert chosen(session, cast.mentor)[MailKind.BOOKED]


def test_a_kind_that_does_not_exist_is_refused_and_nothing_is_written(session, cast, client_for):
    for name in ("account", "no-such-kind"):
        assert client_for(cast.student).post("/account/mail", data={name: "on"}).status_code == 400
    session.rollback()
    assert session.scalars(select(MailChoice)).all() == []


def test_one_click_stops_a_kind_without_signing_in_and_a_look_stops_nothing(
    session, cast, client_for, address
):
    client = client_for(None)
    assert client.get(address).status_code == 200
    assert chosen(session, cast.student)[MailKind.STARTED]

    for _ in range(2):
        response = client.post(address, data={"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200
    wants = chosen(session, cast.student)
    assert [kind for kind in CHOICES if not wants[kind]] == [
        MailKind.REMINDER_10M,
        MailKind.STARTED,
    ]


def test_the_page_knows_that_a_kind_is_off_and_turns_it_on_again(
    session, cast, client_for, address
):
    client = client_for(None)
    assert "Stop these e-mails?" in client.get(address).text
    client.post(address, data={"List-Unsubscribe": "One-Click"})

    again = client.get(address).text
    assert (
        "Stopped" in again,
        "Turn these e-mails on again" in again,
        "Stop these e-mails" in again,
    ) == (
        True,
        True,
        False,
    )
    assert "Mail turned on again" in client.post(address, data={"mail": "on"}).text
    assert chosen(session, cast.student)[MailKind.STARTED]
    assert "Stop these e-mails?" in client.get(address).text


def test_a_forged_token_stops_nothing(session, cast, client_for, address):
    for forged in (address + "x", address.replace(".", ".x"), "/unsubscribe/nothing"):
        for method in ("GET", "POST"):
            assert client_for(None).open(forged, method=method).status_code == 400
    session.rollback()
    assert session.scalars(select(MailChoice)).all() == []


def test_a_token_of_another_database_with_the_same_key_stops_nothing(
    app, session, cast, client_for
):
    elsewhere = address_in(app, Identity("e5c0e1f4-0000-4000-8000-000000000000"), cast.student)
    for method in ("GET", "POST"):
        assert client_for(None).open(elsewhere, method=method).status_code == 400
    assert chosen(session, cast.student)[MailKind.STARTED]


def test_a_token_without_the_installation_works_for_people_of_the_time_before_it_was_named(
    app, session, cast, client_for
):
    key = app.config["SECRET_KEY"]
    old = URLSafeSerializer(key, salt="unsubscribe").dumps([cast.student.id, "started"])
    assert client_for(None).post(f"/unsubscribe/{old}").status_code == 400
    session.execute(update(Installation).values(last_old_person=cast.student.id))
    session.commit()

    assert client_for(None).post(f"/unsubscribe/{old}").status_code == 200
    assert not chosen(session, cast.student)[MailKind.STARTED]


def test_an_admin_sees_what_was_set_aside_and_why_and_can_try_again(
    session, cast, client_for, clock
):
    mail_id = a_mail_set_aside(session, recipient="<gone>@example.org")
    client = client_for(cast.admin)

    page = client.get("/mail").text
    assert "&lt;gone&gt;@example.org" in page
    assert "The server does not accept the mail. The server said: 550 No such person" in page
    assert "files in the folder instance/outbox" in page

    assert client.post(f"/mail/{mail_id}/again").status_code == 303
    assert client.post(f"/mail/{mail_id}/again").status_code == 404
    session.rollback()
    session.expire_all()
    mail = session.get_one(OutboxMessage, mail_id)
    assert (mail.outcome, mail.attempts, mail.next_try_at) == (None, 0, at("09:50"))
    page = client.get("/mail").text
    assert "1 e-mail is waiting, the oldest since Tue 24 Nov 2026, 09:00 UTC." in page
    assert "No mail was set aside" in page


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("problem", Problem)
def test_every_problem_is_told_in_words_and_none_by_the_name_of_a_class(
    session, cast, client_for, clock, problem, language
):
    mail_id = a_mail_set_aside(session)
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == mail_id)
        .values(problem=problem, error="HeaderParseError: expected atext but found ''")
    )
    session.execute(update(User).values(language=language))
    session.commit()

    page = html.unescape(client_for(cast.admin).get("/mail").text)

    assert translations.say(EXPLANATIONS[problem], Language(language)) in page
    assert ("HeaderParseError" in page) is (problem in QUOTED)


def test_what_was_set_aside_before_there_were_problems_is_told_in_words(
    session, cast, client_for, clock
):
    mail_id = a_mail_set_aside(session)
    session.execute(
        update(OutboxMessage)
        .where(OutboxMessage.id == mail_id)
        .values(error="HeaderParseError: expected atext but found ''")
    )
    session.commit()

    page = client_for(cast.admin).get("/mail").text
    assert "The mail could not be written, perhaps because its address is wrong." in page
    assert "HeaderParseError" not in page


def test_an_admin_reads_why_the_mail_that_waits_could_not_be_sent(session, cast, client_for, clock):
    mail_id = a_mail_set_aside(session)
    values = {
        "outcome": None,
        "ended_at": None,
        "problem": Problem.NOT_LISTENING,
        "error": "[Errno 111] Connection refused",
    }
    session.execute(update(OutboxMessage).where(OutboxMessage.id == mail_id).values(values))
    session.commit()

    page = client_for(cast.admin).get("/mail").text
    assert (
        "The last attempt to send mail failed. The server refuses the connection: nothing answers"
        in page
    )
    assert "Errno" not in page


@pytest.mark.parametrize("page", ["0", "x", "-1", "9" * 30])
def test_a_page_that_is_no_number_is_refused(cast, client_for, page):
    assert client_for(cast.admin).get(f"/mail?page={page}").status_code == 400


def test_a_page_past_the_last_is_the_last(cast, client_for):
    assert "Page" not in client_for(cast.admin).get("/mail?page=99").text


def the_mail_page(client):
    return " ".join(html.unescape(client.get("/mail").text).split())


def test_the_page_says_that_mail_in_files_reaches_nobody(app, cast, client_for, clock):
    assert "No mail reaches anybody: SMTP_URL is not set" in the_mail_page(client_for(cast.admin))

    parts_of(app).mail_transport = SmtpTransport("smtp://mail.example.org")
    page = the_mail_page(client_for(cast.admin))
    assert "SMTP_URL" not in page
    assert "the SMTP server mail.example.org:25" in page


def test_the_page_says_that_no_worker_runs(session, cast, client_for, clock):
    client = client_for(cast.admin)
    assert "No worker has run yet." in the_mail_page(client)

    enqueue_reminders(session, now=at("09:49"))
    assert "No worker" not in the_mail_page(client)

    clock.move_to(at("09:52"))
    page = the_mail_page(client)
    assert "No worker seems to be running." in page
    assert "The last sign of one was on Tue 24 Nov 2026, 09:49 UTC." in page
