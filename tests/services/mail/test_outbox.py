"""The outbox takes each mail once, in the transaction of its caller."""

from sqlalchemy import select

from mentorship.database import begin_write
from mentorship.domain.mail import MailKind
from mentorship.models import OutboxMessage
from mentorship.services.mail.outbox import Mail, enqueue
from tests.support.builders import at

MAIL = Mail(
    to="sam@example.org",
    subject="Welcome",
    text="Hello",
    html="<p>Hello</p>",
    kind=MailKind.ACCOUNT,
    key="welcome-1",
)
NOON = at("12:00")


def stored(session):
    session.rollback()
    return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def test_a_mail_is_there_once_its_transaction_commits_and_not_before(session):
    begin_write(session)
    enqueue(session, MAIL, now=NOON)
    session.rollback()
    assert stored(session) == []

    session.rollback()
    begin_write(session)
    enqueue(session, MAIL, now=NOON)
    session.commit()
    [mail] = stored(session)
    assert (mail.recipient, mail.kind, mail.next_try_at) == (MAIL.to, MailKind.ACCOUNT, NOON)


def test_of_two_mails_with_one_key_the_first_stays(session):
    for subject in ("Welcome", "Welcome again"):
        begin_write(session)
        enqueue(session, Mail(**vars(MAIL) | {"subject": subject}), now=NOON)
        session.commit()

    assert [mail.subject for mail in stored(session)] == ["Welcome"]


def test_a_subject_becomes_one_line_whatever_breaks_it(session):
    begin_write(session)
    subject = "Hello\r\nBcc: everybody@example.org\u2028and\x0bmore"
    enqueue(session, Mail(**vars(MAIL) | {"subject": subject}), now=NOON)
    session.commit()

    assert stored(session)[0].subject == "Hello Bcc: everybody@example.org and more"
