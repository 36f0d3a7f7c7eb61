"""Each way in which mail fails is noted as a problem that an admin can read."""

import socket
import ssl

import pytest
import trustme
from sqlalchemy import select

from mentorship.adapters import mail_transport
from mentorship.adapters.mail_transport import FolderTransport, SmtpTransport, Unreachable
from mentorship.config import PROJECT
from mentorship.database import begin_write
from mentorship.domain.mail import AsWritten
from mentorship.domain.shared.delivery_problems import Problem
from mentorship.models import MailOutcome, OutboxMessage
from mentorship.services.mail.compose import MailSettings
from mentorship.services.mail.outbox import Mail, enqueue
from mentorship.services.mail.send import send_due_mail
from tests.support.builders import at
from tests.support.sink import a_sink

NOON = at("12:00")
HOUSE = MailSettings(
    "https://mentors.example.org", "no-reply@example.org", "s" * 32, PROJECT / "templates"
)


@pytest.fixture
def send(session):
    """`send(way)`: the one mail that waits, by this way; returns its row afterwards."""

    def run(way, *, to="kim@example.org", text="Hello"):
        begin_write(session)
        mail = Mail(AsWritten("x", text), address=to, key="x")
        enqueue(session, mail, now=NOON)
        session.commit()
        try:
            send_due_mail(session, way, HOUSE, clock=lambda: NOON)
        except Unreachable:
            session.rollback()
            row = session.scalars(select(OutboxMessage)).one()
            assert (row.outcome, row.attempts, row.claimed_by) == (None, 0, None)
        session.rollback()
        return session.scalars(select(OutboxMessage)).one()

    return run


ANSWERS = [
    # what the server says to the recipient, the problem, how it ended
    ("550 No such person",              Problem.RECIPIENT, MailOutcome.SET_ASIDE),
    ("552 5.2.2 Mailbox full",          Problem.RECIPIENT, MailOutcome.SET_ASIDE),
    ("552 5.3.4 Too big",               Problem.TOO_BIG,   MailOutcome.SET_ASIDE),
    ("450 Greylisted",                  Problem.TRY_LATER, None),
    ("421 Bye",                         Problem.TRY_LATER, None),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "problem", "outcome"), ANSWERS)
def test_what_a_server_says_to_a_recipient(send, answer, problem, outcome):
    with a_sink() as sink:
        sink.answer = lambda _who: answer
        row = send(SmtpTransport(sink.url))

    assert (row.problem, row.error, row.outcome) == (problem, answer, outcome)


def test_a_mail_that_is_too_big_is_set_aside_and_holds_no_other_one_up(send):
    with a_sink(data_size_limit=2_000) as sink:
        row = send(SmtpTransport(sink.url), text="x" * 3_000)

    assert (row.problem, row.outcome) == (Problem.TOO_BIG, MailOutcome.SET_ASIDE)


def test_a_sender_that_is_refused(send):
    with a_sink() as sink:
        sink.sender_answer = "550 Not you"
        assert send(SmtpTransport(sink.url)).problem is Problem.SENDER


def test_nobody_listens(send):
    assert send(SmtpTransport("smtp://127.0.0.1:1")).problem is Problem.NOT_LISTENING


def test_a_name_that_is_not_there(send):
    assert send(SmtpTransport("smtp://mail.invalid")).problem is Problem.NAME_UNKNOWN


def test_a_server_that_says_nothing(send, monkeypatch):
    monkeypatch.setattr(mail_transport, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"smtp://127.0.0.1:{listener.getsockname()[1]}"
        assert send(SmtpTransport(url)).problem is Problem.TIMEOUT


def test_a_wrong_password(send):
    with a_sink() as sink:
        row = send(SmtpTransport(f"smtp://sam:wrong@127.0.0.1:{sink.port}"))
    assert row.problem is Problem.SIGN_IN
    assert "wrong" not in row.error


def test_a_password_where_there_is_no_encryption(send, monkeypatch):
    monkeypatch.setattr("mentorship.adapters.mail_transport._THIS_MACHINE", frozenset())
    with a_sink() as sink:
        row = send(SmtpTransport(f"smtp://sam:wrong@127.0.0.1:{sink.port}"))
    assert row.problem is Problem.NO_ENCRYPTION


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_certificate_that_nobody_vouches_for(send, scheme):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with a_sink(tls=context, implicit=scheme == "smtps") as sink:
        assert send(SmtpTransport(f"{scheme}://127.0.0.1:{sink.port}")).problem is Problem.TLS


def test_a_port_that_speaks_no_tls(send):
    with a_sink() as sink:
        assert send(SmtpTransport(f"smtps://127.0.0.1:{sink.port}")).problem is Problem.TLS


def test_a_folder_that_cannot_be_written(send, tmp_path):
    (tmp_path / "outbox").write_text("a file")
    assert send(FolderTransport(tmp_path / "outbox")).problem is Problem.FOLDER


@pytest.mark.parametrize(
    "address",
    ["a..b@example.org", "mailto:kim@example.org", "zoë@example.org", "kim@localhost"],
)
def test_an_address_that_came_into_the_database_before_there_was_a_rule(send, address):
    with a_sink() as sink:
        row = send(SmtpTransport(sink.url), to=address)

    assert (row.problem, row.outcome) == (Problem.ADDRESS, MailOutcome.SET_ASIDE)
    assert sink.mails == []


def test_a_problem_is_forgotten_once_the_mail_is_sent(send, session):
    assert send(SmtpTransport("smtp://127.0.0.1:1")).problem
    session.rollback()
    with a_sink() as sink:
        send_due_mail(session, SmtpTransport(sink.url), HOUSE, clock=lambda: NOON)
    session.expire_all()
    row = session.scalars(select(OutboxMessage)).one()
    assert (row.outcome, row.problem, row.error) == (MailOutcome.SENT, None, None)
