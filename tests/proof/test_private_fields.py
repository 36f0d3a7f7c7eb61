"""Run 24: six people walk through everything, and nobody reads what is somebody else's.

Each private field of each person holds a mark of its own. Every page, feed, mail, file and JSON
that one of the six gets is searched for the marks that this person may not read.
"""

from email import message_from_bytes, policy
from itertools import product

import pytest
from flask import url_for
from sqlalchemy import insert, select

from mentorship.database import begin_write
from mentorship.domain.accounts import viewers
from mentorship.domain.mail import MailKind
from mentorship.domain.sessions.lifecycle import Party
from mentorship.models import OutboxMessage
from mentorship.queries.mail.queued import queued_mail
from mentorship.queries.shared.installation import identity_of
from mentorship.services.mail.compose import compose_mail
from tests.proof.conftest import sizes
from tests.support.builders import at
from tests.support.clocks import standing_at
from tests.support.mails import SETTINGS
from tests.support.private_fields import six_people
from tests.support.private_marks import MARK, NOT_PRIVATE, columns_of_text

POLL = "/api/admin/update-session-status"

NOBODYS = {"token", "confirmation", "stop_token", "filename"}
"""Arguments of addresses that show nothing of anybody."""

WITH_QUESTIONS = (
    "/api/sessions?q=zq",
    "/api/sessions?outcome=DISPUTED",
    "/mentors?q=zq",
    "/api/mentors?q=zq",
    "/people?q=zq",
    "/outcomes?view=unanswered",
    "/dashboard?past=2",
    *(
        f"{path}?from=2026-11-01&to=2026-12-31&by={by}"
        for path in ("/reports", "/api/reports/summary", "/reports/summary.csv")
        for by in ("student", "mentor", "topic")
    ),
    *(
        f"{path}?from=2026-11-01&to=2026-12-31"
        for path in ("/reports/sessions", "/reports/sessions.csv", "/reports/statement")
    ),
)

NEVER_SHOWN = {
    "api_tokens.token_hash", "idempotency_keys.answer", "idempotency_keys.body_hash",
    "idempotency_keys.key", "imports.file_name", "outbox_messages.claimed_by",
    "outbox_messages.facts", "outbox_messages.key", "recording_calls.signature",
    "sweep_failures.error", "users.password_hash", "webhook_calls.claimed_by",
    "webhook_calls.error", "webhook_endpoints.salt",
}  # fmt: skip
"""Fields that no page shows to anybody; of all others somebody must have read a mark."""


@pytest.fixture(autouse=True)
def noon():
    """The server's clock stands at noon of the tests' day."""
    with standing_at(at("12:00")):
        yield


@pytest.fixture
def secrets(app, session):
    return six_people(app, session)


def addresses(app, secrets):
    """The address of every page, feed and file, with all values of its arguments."""
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.arguments & NOBODYS:
            continue
        names = sorted(rule.arguments)
        for chosen in product(*(secrets.values[name] for name in names)):
            with app.test_request_context():
                yield url_for(rule.endpoint, **dict(zip(names, chosen, strict=True)))
    yield from WITH_QUESTIONS


def is_feed_of_another(path, secrets, name):
    """Whether this is the private address of somebody else's feed, which only they have."""
    return any(token in path for owner, token in secrets.feeds.items() if owner != name)


def answers(app, secrets, client_for, name):
    """Everything that this person gets: where, and its content with headers."""
    client = client_for(secrets.people[name])
    for path in addresses(app, secrets):
        if not is_feed_of_another(path, secrets, name):
            yield path, client.get(path)
    poll = {"data": {"seen": "0.0.0"}, "headers": {"HX-Request": "true"}}
    yield f"poll {POLL}", client.post(POLL, **poll)
    for booking, participants in secrets.sessions.items():
        if name not in participants and name != "ada":
            for rule in app.url_map.iter_rules():
                if "POST" in rule.methods and rule.arguments == {"session_id"}:
                    with app.test_request_context():
                        path = url_for(rule.endpoint, session_id=booking)
                    yield f"POST {path}", client.post(path)


def text_of(answer):
    """Body and headers; lines of a calendar are whole again."""
    return answer.text.replace("\r\n ", "") + str(answer.headers)


def mails(session):
    """Each mail that waits: who gets it, what it is, and the text of all its parts."""
    session.rollback()
    about_sessions = OutboxMessage.booking_id.is_not(None)
    ids = session.scalars(select(OutboxMessage.id).where(about_sessions)).all()
    queued = queued_mail(session, ids)
    identity = identity_of(session)
    session.rollback()
    for mail in queued:
        read = message_from_bytes(
            compose_mail(mail, SETTINGS, identity).as_bytes(), policy=policy.default
        )
        parts = [str(part.get_content()) for part in read.walk() if not part.is_multipart()]
        yield mail, str(read.items()) + "".join(parts).replace("\r\n ", "").replace("\n ", "")


def walk(app, session, secrets, client_for, people):
    """The leaks, the fields of which somebody read a mark, and how many answers were read."""
    leaks, seen, count = {}, set(), 0

    def look(name, where, text):
        nonlocal count
        count += 1
        seen.update(secrets.marks.field_of[mark] for mark in MARK.findall(text))
        found = secrets.marks.leaks(name, text)
        if found:
            leaks[name, where] = found

    for name in people:
        for where, answer in answers(app, secrets, client_for, name):
            assert answer.status_code < 500, where
            look(name, where, text_of(answer))
    names = {viewer.id: name for name, viewer in secrets.people.items()}
    for mail, text in mails(session):
        if names[mail.reader.id] in people:
            look(names[mail.reader.id], f"mail {mail.kind} about {mail.session.booking_id}", text)
    return leaks, seen, count


@pytest.mark.parametrize(
    "people",
    sizes(short=("ann", "dora", "eli"), long=("ann", "ben", "cleo", "dora", "eli", "ada")),
)
def test_nobody_reads_a_private_field_of_somebody_else(
    app, session, secrets, client_for, figure, people
):
    leaks, seen, count = walk(app, session, secrets, client_for, people)

    marks = secrets.marks.field_of
    figure(
        f"{len(people)} people read {count} pages, files and mails, searched for "
        f"{len(marks)} marks in {len(set(marks.values()))} fields: {len(leaks)} leaks"
    )
    assert leaks == {}
    if "ada" in people:
        assert set(secrets.marks.field_of.values()) - seen == NEVER_SHOWN


def test_every_column_of_text_has_a_mark_or_a_reason(secrets):
    """A new column is private until somebody has said otherwise."""
    marked = set(secrets.marks.field_of.values()) | {
        "users.folded_name",
        "session_bookings.folded_topic",
    }

    assert columns_of_text() - marked == set(NOT_PRIVATE)
    assert marked - columns_of_text() == set()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_checker_catches_strangers_who_count_as_participants(
    app, session, secrets, client_for, monkeypatch
):
    right = viewers.party_of

    def naive(roles, person_id, **people):
        return right(roles, person_id, **people) or Party.STUDENT

    monkeypatch.setattr(viewers, "party_of", naive)
    leaks, _seen, _count = walk(app, session, secrets, client_for, ("ben",))

    fields = {each.partition(" of ")[0] for found in leaks.values() for each in found}
    assert {"session_bookings.notes", "status_changes.reason", "session_feedback.comment"} <= fields


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_checker_catches_a_mail_to_the_wrong_person(app, session, secrets, client_for):
    booking, participants = next(iter(secrets.sessions.items()))
    assert "ben" not in participants
    begin_write(session)
    session.execute(
        insert(OutboxMessage).values(
            kind=MailKind.BOOKED,
            booking_id=booking,
            reader_id=secrets.people["ben"].id,
            created_at=at("11:59"),
            next_try_at=at("11:59"),
        )
    )
    session.commit()

    found = {
        mail.reader.id: secrets.marks.leaks("ben", text)
        for mail, text in mails(session)
        if mail.reader.id == secrets.people["ben"].id and mail.session.booking_id == booking
    }
    assert any("session_bookings.topic" in each for each in found[secrets.people["ben"].id])
