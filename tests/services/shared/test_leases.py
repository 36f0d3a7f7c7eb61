"""Several senders share the rows of one table: each row has one holder, until its lease ends."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from mentorship.database import begin_write
from mentorship.models import MailOutcome, OutboxMessage, table_of
from mentorship.services.shared.leases import Leases, one_line_ascii
from tests.support.builders import a_mail_set_aside, at

NOW = at("10:00")
END = NOW + timedelta(minutes=5)
LEASES = Leases(table_of(OutboxMessage))


@pytest.fixture
def mail(session):
    """A mail that waits to be sent since 09:00."""
    mail_id = a_mail_set_aside(session)
    begin_write(session)
    stored = session.get_one(OutboxMessage, mail_id)
    stored.outcome = stored.ended_at = stored.error = None
    session.commit()
    return mail_id


def take(session, mail, holder, *, now=NOW, until=END):
    return LEASES.take(session, [mail], holder, now=now, until=until)


def note(session, mail, holder, **columns):
    begin_write(session)
    done = LEASES.note(session.connection(), mail, holder, columns)
    session.commit()
    return done


def row(session, mail):
    columns = OutboxMessage.outcome, OutboxMessage.claimed_by, OutboxMessage.error
    found = session.execute(select(*columns).where(OutboxMessage.id == mail)).one()
    session.rollback()
    return found


def test_a_row_has_one_holder_until_its_lease_ends(session, mail):
    assert take(session, mail, "first") == [mail]
    assert take(session, mail, "second") == []
    assert take(session, mail, "second", now=END - timedelta(microseconds=1)) == []
    assert take(session, mail, "second", now=END) == [mail]


def test_only_the_holder_stores_a_result(session, mail):
    take(session, mail, "first")
    take(session, mail, "second", now=END, until=END + timedelta(minutes=5))

    sent = {"outcome": MailOutcome.SENT, "ended_at": END}

    assert not note(session, mail, "first", **sent)
    assert row(session, mail).outcome is None
    assert note(session, mail, "second", **sent)
    assert row(session, mail).outcome is MailOutcome.SENT
    assert row(session, mail).claimed_by is None


def test_a_row_with_an_outcome_is_taken_no_more(session, mail):
    take(session, mail, "first")
    note(session, mail, "first", outcome=MailOutcome.SENT, ended_at=NOW)

    assert take(session, mail, "second", now=END) == []


def test_rows_that_are_given_back_can_be_taken_at_once_and_keep_the_reason(session, mail):
    take(session, mail, "first")
    LEASES.give_back(session, "second", now=NOW, error="not mine")
    assert take(session, mail, "second") == []

    LEASES.give_back(session, "first", now=NOW, error="no connection")

    assert row(session, mail).error == "no connection"
    assert take(session, mail, "second") == [mail]


def test_a_row_is_due_from_its_time_on(session, mail):
    def due(now):
        return session.scalars(select(OutboxMessage.id).where(LEASES.is_due(now))).all()

    assert due(at("09:00")) == [mail]
    assert due(at("09:00") - timedelta(microseconds=1)) == []


@pytest.mark.parametrize(
    ("reason", "kept"),
    [
        ("550 No such\r\n person", "550 No such person"),
        ("Empf\u00e4nger\x00 fehlt", "Empf\\xe4nger\\x00 fehlt"),
        ("x" * 600, "x" * 500),
    ],
)
def test_a_reason_is_kept_as_one_short_line_of_ascii(reason, kept):
    assert one_line_ascii(reason) == kept
