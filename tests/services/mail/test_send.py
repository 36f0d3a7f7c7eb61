"""Mail from the outbox reaches a real SMTP server once, whatever goes wrong."""

import ssl
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
import trustme
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from mentorship.adapters.mail_transport import TIMEOUT, FolderTransport, SmtpTransport, Unreachable
from mentorship.database import begin_each, begin_write
from mentorship.domain.mail import AsWritten, MailKind
from mentorship.domain.sessions.lifecycle import NOTIFY_AFTER, Action
from mentorship.models import Cause, MailChoice, MailOutcome, OutboxMessage
from mentorship.queries.shared.installation import identity_of
from mentorship.services.mail import send as mail_send
from mentorship.services.mail.outbox import Mail, as_json, enqueue, enqueue_booking_mail
from mentorship.services.mail.send import BATCH, retry_mail, send_due_mail
from mentorship.services.sessions.actions import apply_action
from mentorship.services.sessions.sweep import no_updates, update_session_statuses
from tests.support.builders import a_booking, at
from tests.support.mails import SETTINGS
from tests.support.sink import a_sink

NOON = at("12:00")


@pytest.fixture(scope="module")
def sink_server():
    with a_sink() as sink:
        yield sink


@pytest.fixture
def sink(sink_server):
    """The server, empty, taking everything."""
    sink_server.mails.clear()
    sink_server.connections = 0
    sink_server.answer, sink_server.sender_answer = lambda _recipient: "250 OK", "250 OK"
    return sink_server


@pytest.fixture
def send(session, sink):
    """`send(NOON)`: one batch at that time, to the sink where nothing else is said."""

    def run(now=NOON, *, post=None, **options):
        return send_due_mail(
            session, post or SmtpTransport(sink.url), SETTINGS, clock=lambda: now, **options
        )

    return run


def put(session, *keys, **changes):
    session.rollback()
    begin_write(session)
    for key in keys:
        mail = Mail(AsWritten(key, f"Hello {key}"), address=f"{key}@example.org", key=key)
        enqueue(session, replace(mail, **changes), now=NOON)
    session.commit()


def rows(session):
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def test_a_batch_goes_out_on_one_connection_in_the_order_in_which_it_came(session, send, sink):
    put(session, "one", "two", "three")

    done = send()

    assert (done.sent, sink.subjects(), sink.connections) == (3, ["one", "two", "three"], 1)
    assert send().total == 0
    assert len(sink.mails) == 3


def test_of_many_mails_a_sender_takes_one_batch(session, send):
    put(session, *map(str, range(2 * BATCH + 1)))

    assert [send().sent for _ in range(3)] == [BATCH, BATCH, 1]


def test_what_was_sent_forgets_its_words_and_keeps_its_time(session, send):
    put(session, "one")
    send()

    [row] = rows(session)
    assert (row.outcome, row.ended_at) == (MailOutcome.SENT, NOON)
    assert (row.facts, row.claimed_by) == (None, None)


def test_a_mail_has_text_html_an_address_and_an_id_of_this_installation(session, send, sink):
    put(session, "one")
    send()

    [mail] = sink.mails
    assert mail["To"] == "one@example.org"
    expected = identity_of(session).message_id(rows(session)[0].id, NOON)
    assert mail["Message-ID"] == expected
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_body(("plain",)).get_content().strip() == "Hello one"
    assert "<p>Hello one</p>" in mail.get_body(("html",)).get_content()


def test_a_mail_refused_for_good_is_set_aside_and_the_others_go(session, send, sink):
    put(session, "one", "two", "three")
    sink.answer = lambda who: "550 No such person" if who.startswith("two") else "250 OK"

    done = send()

    assert (done.sent, done.set_aside) == (2, 1)
    assert rows(session)[1].error == "550 No such person"
    assert send(NOON + timedelta(days=9)).total == 0


def test_what_was_set_aside_goes_when_an_admin_says_so(session, send, sink):
    put(session, "one")
    sink.answer = lambda _who: "550 No"
    send()
    sink.answer = lambda _who: "250 OK"
    mail_id = rows(session)[0].id
    session.rollback()

    assert retry_mail(session, mail_id, now=NOON)
    assert not retry_mail(session, mail_id, now=NOON)
    assert send().sent == 1
    assert sink.subjects() == ["one"]


def test_a_mail_put_off_is_tried_later_and_later_and_at_last_set_aside(session, send, sink):
    put(session, "one")
    sink.answer = lambda _who: "451 Busy"
    now, pauses = NOON, []
    for _ in range(mail_send.MOST_TRIES - 1):
        assert send(now).put_off == 1
        pauses.append((rows(session)[0].next_try_at - now) / timedelta(minutes=1))
        assert send(now + timedelta(seconds=59)).total == 0
        now = rows(session)[0].next_try_at
        session.rollback()

    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 240, 240, 240]
    assert send(now).set_aside == 1
    assert rows(session)[0].error == "451 Busy"


def test_a_server_that_is_down_costs_no_mail_a_try(session, send, sink):
    put(session, "one", "two")

    with pytest.raises(Unreachable):
        send(post=SmtpTransport("smtp://127.0.0.1:1"))

    assert [(row.attempts, row.claimed_by) for row in rows(session)] == [(0, None)] * 2
    session.rollback()
    assert send().sent == 2


def test_a_server_that_refuses_the_sender_sets_no_mail_aside(session, send, sink):
    put(session, "one", "two")
    sink.sender_answer = "550 You may not send"

    with pytest.raises(Unreachable, match="You may not send"):
        send()

    sink.sender_answer = "250 OK"
    assert send().sent == 2


def test_a_connection_that_breaks_costs_one_mail_a_try_and_the_rest_goes_at_once(
    session, send, sink
):
    put(session, "one", "two", "three")
    sink.answer = lambda who: "421 Bye" if who.startswith("one") else "250 OK"

    assert send().put_off == 1
    assert send().sent == 2
    assert [row.attempts for row in rows(session)] == [1, 0, 0]


POISON = [
    {"recipient": "a@example.org\r\nBcc: everybody@example.org"},
    {"recipient": "a@example.org, b@example.org"},
    {"recipient": ""},
    {"facts": as_json(AsWritten("One\0Bcc: everybody@example.org", "x"))},
    {"facts": None},
    {"facts": "{}"},
    {"facts": "no JSON"},
    {"recipient": "\u00e9\u00e9@example.org"},
]


@pytest.mark.parametrize("poison", POISON, ids=str)
def test_a_row_that_cannot_be_a_mail_is_set_aside_and_the_others_go(session, send, sink, poison):
    put(session, "one")
    begin_write(session)
    session.execute(
        insert(OutboxMessage).values(
            {
                "kind": MailKind.AS_WRITTEN,
                "recipient": "x@example.org",
                "facts": as_json(AsWritten("poison", "x")),
                "created_at": NOON,
                "next_try_at": NOON,
            }
            | poison
        )
    )
    session.commit()
    put(session, "three")

    done = send()

    assert (done.sent, done.set_aside, sink.subjects()) == (2, 1, ["one", "three"])
    assert all("everybody" not in str(mail) for mail in sink.mails)
    assert rows(session)[1].error


def test_what_one_sender_holds_another_takes_only_after_the_lease(session, send, sink):
    put(session, "one")
    holder = mail_send._take(session, "somebody", now=NOON, until=NOON + timedelta(minutes=5))

    assert len(holder) == 1
    assert send(NOON + timedelta(minutes=4, seconds=59)).total == 0
    assert send(NOON + timedelta(minutes=5)).sent == 1


def test_a_sender_that_was_overtaken_does_not_note_what_is_no_longer_its_own(session, send, sink):
    put(session, "one")
    [mail_id] = mail_send._take(session, "slow", now=NOON, until=NOON + timedelta(minutes=5))
    mail_send._take(session, "fast", now=at("12:05"), until=at("12:10"))
    ended = mail_send._ended(MailOutcome.DROPPED, NOON)
    noted = mail_send._LEASES.note(begin_each(session), mail_id, "slow", ended)
    session.rollback()

    assert not noted

    assert rows(session)[0].outcome is None


def test_a_slow_batch_ends_before_its_lease_does(session, sink):
    put(session, *map(str, range(40)))
    seconds = count(0, 10)

    def clock():
        return NOON + timedelta(seconds=next(seconds))

    done = send_due_mail(session, SmtpTransport(sink.url), SETTINGS, clock=clock)

    last_start = max(row.ended_at for row in rows(session) if row.ended_at)
    assert NOON + mail_send.LEASE - last_start >= timedelta(seconds=5 * TIMEOUT)
    assert 1 < done.sent < 40
    assert {row.claimed_by for row in rows(session)} == {None}


def test_who_cancels_while_a_batch_goes_out_slowly_is_not_reminded(session, cast, sink):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="13:00")
    put(session, "one")
    begin_write(session)
    enqueue_booking_mail(session, MailKind.REMINDER_1H, booking_id=booking, now=NOON)
    session.commit()
    times = iter([NOON, NOON, NOON, *[NOON + timedelta(seconds=5)] * 9])

    def clock():
        now = next(times)
        if now > NOON:
            with Session(session.get_bind()) as other:
                apply_action(
                    other, booking_id=booking, action=Action.CANCEL, viewer=cast.mentor, now=NOON
                )
        return now

    done = send_due_mail(session, SmtpTransport(sink.url), SETTINGS, clock=clock)

    assert (done.sent, done.dropped, sink.subjects()) == (1, 2, ["one"])


def test_a_mail_that_came_too_late_is_dropped(session, send, sink):
    put(session, "one", not_after=at("12:30"))

    assert send(at("12:30")).dropped == 1
    assert sink.mails == []


def test_without_a_server_each_mail_is_a_whole_file_and_a_repeat_takes_its_place(
    session, send, tmp_path
):
    post = FolderTransport(tmp_path / "instance" / "outbox")
    assert post.where == "files in the folder instance/outbox"
    put(session, "one", "two")
    send(post=post)
    session.rollback()
    begin_write(session)
    row = session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)).first()
    row.outcome, row.ended_at, row.facts = None, None, as_json(AsWritten("x", "x"))
    session.commit()
    send(post=post)

    files = list((tmp_path / "instance" / "outbox").iterdir())
    assert len(files) == 2
    assert all(file.suffix == ".eml" for file in files)


def test_a_folder_that_cannot_be_written_keeps_the_mail_in_the_outbox(session, send, tmp_path):
    (tmp_path / "outbox").write_text("a file")
    put(session, "one")

    with pytest.raises(Unreachable):
        send(post=FolderTransport(tmp_path / "outbox"))

    assert rows(session)[0].outcome is None


def test_both_people_hear_of_a_delay_and_only_the_other_of_a_start(session, cast, send, sink):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="11:00", topic="Late")
    booking = a_booking(session, mentor=cast.mentor, student=cast.student, starts="13:00")
    session.rollback()
    pressed = {"booking_id": booking, "action": Action.START, "viewer": cast.mentor}
    apply_action(session, **pressed, now=NOON - NOTIFY_AFTER)
    update_session_statuses(session, now=NOON, cause=Cause.WORKER, returning=no_updates)
    apply_action(session, **pressed, now=NOON)

    send()

    assert sorted((mail["To"], mail["Subject"]) for mail in sink.mails) == [
        ("Maya Mentor <maya.mentor@example.org>", "Delayed: Late, Tue 24 Nov 2026, 11:00 UTC"),
        ("Sam Student <sam.student@example.org>", "Delayed: Late, Tue 24 Nov 2026, 11:00 UTC"),
        ("Sam Student <sam.student@example.org>", "Started: A topic"),
    ]


def test_mail_that_the_reader_does_not_want_is_dropped(session, cast, send, sink):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="11:00")
    session.add(MailChoice(user_id=cast.student.id, kind=MailKind.DELAYED, is_wanted=False))
    session.commit()
    update_session_statuses(session, now=NOON, cause=Cause.WORKER, returning=no_updates)

    done = send()

    assert (done.sent, done.dropped) == (1, 1)
    assert sink.mails[0]["To"].startswith("Maya")


def test_an_import_of_the_past_tells_nobody(session, cast, send, sink):
    a_booking(session, mentor=cast.mentor, student=cast.student, starts=at("11:00", days=-8))
    update_session_statuses(session, now=NOON, cause=Cause.WORKER, returning=no_updates)

    assert (send().dropped, sink.mails) == (2, [])


def test_the_password_is_decoded_and_encrypted_connections_are_checked():
    with a_sink() as sink:
        url = f"smtp://sam%40example.org:p%40ss%20w%2Frd@127.0.0.1:{sink.port}"
        with SmtpTransport(url).open():
            pass
        assert sink.signed_in == [(b"sam@example.org", b"p@ss w/rd")]
        with pytest.raises(Unreachable), SmtpTransport(url.replace("ss", "xx")).open():
            pass


def test_a_password_is_not_sent_in_the_clear_to_another_machine(monkeypatch):
    with a_sink() as sink:
        monkeypatch.setattr("mentorship.adapters.mail_transport._THIS_MACHINE", frozenset())
        url = f"smtp://sam:p%40ss%20w%2Frd@127.0.0.1:{sink.port}"
        with pytest.raises(Unreachable, match="no TLS"), SmtpTransport(url).open():
            pass
        assert sink.signed_in == []


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_tls_is_used_where_it_is_offered_and_its_certificate_is_checked(
    scheme, monkeypatch, tmp_path
):

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with a_sink(tls=context, implicit=scheme == "smtps") as sink:
        post = SmtpTransport(f"{scheme}://127.0.0.1:{sink.port}")
        with pytest.raises(Unreachable), post.open():
            pass
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        with post.open():
            pass
        assert sink.was_encrypted
