"""The outbox takes each mail once, in the transaction of its caller."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from mentorship.config import PROJECT
from mentorship.database import begin_write
from mentorship.domain.mail import (
    FACTS_OF,
    REMINDERS,
    TRUE_WHILE,
    AsWritten,
    ConfirmAddress,
    HoldEnd,
    HoldEnded,
    MailKind,
    ShiftedTime,
    SlotHeld,
    ZoneRulesChanged,
)
from mentorship.domain.shared.locales import Language
from mentorship.models import OutboxMessage
from mentorship.services.mail.outbox import Mail, as_json, enqueue, facts_from
from tests.support.builders import at

MAIL = Mail(AsWritten("Welcome", "Hello"), address="sam@example.org", key="welcome-1")
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
    assert (mail.recipient, mail.kind, mail.next_try_at) == (
        MAIL.address,
        MailKind.AS_WRITTEN,
        NOON,
    )


def test_of_two_mails_with_one_key_the_first_stays(session):
    for subject in ("Welcome", "Welcome again"):
        begin_write(session)
        enqueue(session, replace(MAIL, facts=AsWritten(subject, "Hello")), now=NOON)
        session.commit()

    assert [facts_from(mail.kind, mail.facts) for mail in stored(session)] == [MAIL.facts]


FACTS = [
    ConfirmAddress("https://m.example.org/confirm/x", None, Language.DE, days=3),
    SlotHeld(mentor="Maya", start=at("10:00"), until=at("09:30")),
    HoldEnded(mentor="Maya", start=at("10:00"), until=at("09:30"), reason=HoldEnd.STUDENT_BUSY),
    ZoneRulesChanged(
        "Europe/Berlin",
        are_slots_moved=True,
        more=2,
        shifted=(ShiftedTime(at("10:00"), at("11:00"), None, ""),),
    ),
]


@pytest.mark.parametrize("facts", FACTS, ids=lambda facts: facts.kind)
def test_facts_come_back_as_they_were_stored(facts):
    assert facts_from(facts.kind, as_json(facts)) == facts


@pytest.mark.parametrize("stored", [None, "", "{}", '{"mentor": 1}', "no JSON"])
def test_facts_of_another_kind_are_refused(stored):
    with pytest.raises(ValueError, match=r"forgotten|validation error"):
        facts_from(MailKind.SLOT_HELD, stored)


def test_every_kind_of_mail_has_facts_and_a_template():
    """A kind is either about a session, whose facts are read when it is sent, or brings its own."""
    assert set(MailKind) == set(FACTS_OF) | set(TRUE_WHILE)
    assert not set(FACTS_OF) & set(TRUE_WHILE)
    for kind in MailKind:
        name = "reminder" if kind in REMINDERS else kind.value
        template = (PROJECT / "templates" / "mail" / f"{name}.txt").read_text(encoding="utf-8")
        assert "{% set subject =" in template
        assert "{% set action =" in template
