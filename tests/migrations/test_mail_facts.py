"""Mail that waits while its table changes is still sent, whichever way the database goes."""

import flask_migrate
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.mail import SetPassword, SlotHeld
from mentorship.extensions import db
from mentorship.models import Role, User
from mentorship.services.mail.outbox import Mail, enqueue
from tests.support.builders import at, some_users
from tests.support.mails import composed_mail


def waiting_mail():
    """The mail that waits, composed, by the address that it goes to."""
    with Session(db.engine) as session:
        return {mail.recipient: mail for mail in composed_mail(session)}


def test_mail_that_waits_at_the_upgrade_is_still_sent(empty_app):
    flask_migrate.upgrade(revision="0022")
    link = "https://m.example.org/confirm/abc"
    mails = [
        ("account", "nell@example.org", "Confirm", f"Hello,\n\nconfirm <this>:\n\n{link}\n"),
        ("waiting-list", "sam@example.org", "A time is held", "A time at 14:00."),
        ("zone-rules", "kim@example.org", "New rules", "Hello,\n\n- one\n- two"),
    ]
    with db.engine.begin() as connection:
        for kind, recipient, subject, words in mails:
            connection.execute(
                text(
                    "INSERT INTO outbox_messages (kind, recipient, subject, body_text, body_html, "
                    "created_at, next_try_at) VALUES (:kind, :to, :subject, :words, 'x', "
                    "'2026-11-24 09:00:00', '2026-11-24 09:00:00')"
                ),
                {"kind": kind, "to": recipient, "subject": subject, "words": words},
            )
        connection.execute(
            text(
                "INSERT INTO outbox_messages (kind, recipient, subject, outcome, ended_at, "
                "created_at, next_try_at) VALUES ('account', 'ann@example.org', 'x', 'sent', "
                "'2026-11-24 09:00:00', '2026-11-24 09:00:00', '2026-11-24 09:00:00')"
            )
        )
    flask_migrate.upgrade()

    found = waiting_mail()
    assert {to: mail.subject for to, mail in found.items()} == {
        to: subject for _kind, to, subject, _words in mails
    }
    account, hold, zone = (found[f"{name}@example.org"] for name in ("nell", "sam", "kim"))
    assert "confirm <this>:" in account.text
    assert f'href="{link}"' in account.html
    assert account.text.count(link) == account.html.count(link) == 1
    assert "https://mentors.example.org/waiting-list" in hold.text
    assert "https://mentors.example.org/dashboard" in zone.text
    assert "<li>two</li>" in zone.html

    flask_migrate.downgrade(revision="0022")
    with db.engine.connect() as connection:
        kept = connection.execute(
            text(
                "SELECT kind, recipient, subject, body_text, body_html FROM outbox_messages "
                "WHERE outcome IS NULL ORDER BY id"
            )
        ).all()
    assert [row[:3] for row in kept] == [mail[:3] for mail in mails]
    assert link in kept[0].body_text
    assert link in kept[0].body_html
    flask_migrate.upgrade()
    assert f'href="{link}"' in waiting_mail()["nell@example.org"].html


def test_mail_with_facts_is_not_lost_on_the_way_back(empty_app):
    flask_migrate.upgrade()
    link = "https://m.example.org/reset/abc"
    facts = {
        "nell@example.org": SetPassword(link, "Nell", None, hours=2),
        "sam@example.org": SlotHeld(mentor="Maya", start=at("10:00"), until=at("09:30")),
    }
    with Session(db.engine) as session:
        begin_write(session)
        [person] = some_users(session, [("Sam", Role.STUDENT)])
        for to, each in facts.items():
            whom = {"address": to} if to.startswith("nell") else {"reader_id": person.id}
            enqueue(session, Mail(each, key=to, **whom), now=at("09:00"))
        session.commit()
        email = session.scalar(select(User.email))

    flask_migrate.downgrade(revision="0022")
    with db.engine.connect() as connection:
        kept = connection.execute(
            text("SELECT kind, recipient, subject, body_text FROM outbox_messages ORDER BY id")
        ).all()
    assert [(row.kind, row.recipient) for row in kept] == [
        ("account", "nell@example.org"),
        ("waiting-list", email),
    ]
    assert link in kept[0].body_text
    flask_migrate.upgrade()
    assert {mail.subject for mail in waiting_mail().values()} == {
        "Set password",
        "A time is held for you",
    }


def test_the_ids_of_mail_go_on_both_ways(empty_app):
    def a_mail(*, is_gone):
        columns = "kind, recipient, created_at, next_try_at"
        values = "'account', 'a@example.org', '2026-11-24 09:00:00', '2026-11-24 09:00:00'"
        with db.engine.begin() as connection:
            mail_id = connection.scalar(
                text(f"INSERT INTO outbox_messages ({columns}) VALUES ({values}) RETURNING id")
            )
            if is_gone:
                connection.execute(text("DELETE FROM outbox_messages"))
        return mail_id

    flask_migrate.upgrade(revision="0022")
    given = [a_mail(is_gone=False), a_mail(is_gone=True)]
    flask_migrate.upgrade(revision="0023")
    given.append(a_mail(is_gone=True))
    flask_migrate.downgrade(revision="0022")
    given.append(a_mail(is_gone=True))
    assert given == sorted(set(given))
