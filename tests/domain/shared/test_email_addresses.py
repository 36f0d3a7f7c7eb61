"""Which addresses are taken: those that our own mail can write and a real server takes."""

import smtplib
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mentorship.adapters.mail_message import mail_of
from mentorship.domain.shared.email_addresses import is_mailbox, normalized
from mentorship.domain.shared.errors import InvalidInput
from mentorship.services.shared.text_fields import clean_email
from tests.support.sink import a_sink

TAKEN = [
    "kim@example.org", "k@e.de", "kim.lee+list@mail.example.org", "o'neil@example.org",
    "kim@xn--bcher-kva.de", "kim-_=?^`{|}~!#$%&*/@example.org", f"{'a' * 64}@example.org",
    f"k@{'.'.join(['a' * 63] * 3)}.{'b' * 60}", "1@1.example", "kim@school.local",
]  # fmt: skip

REFUSED = [
    "", "@", "kim", "kim@", "@example.org", "a@b@c", "a b@example.org", "kim@example",
    "a..b@example.org", "trailing.@example.org", ".lead@example.org", "mailto:kim@example.org",
    '"a b"@example.org', '"kim"@example.org', "kim(at work)@example.org", "kim@(work)example.org",
    "kim@[192.0.2.1]", "kim@[IPv6:2001:db8::1]", "kim@192.0.2.1", "kim@1.2", "kim@localhost",
    "kim@bücher.de", "zoë@example.org", "kim@例え.jp", "kim@\uff11\uff12.org",
    "k\u0131m@example.org",
    f"{'a' * 65}@example.org", f"k@{'.'.join(['a' * 63] * 3)}.{'b' * 61}", f"k@{'a' * 64}.org",
    "kim@example.org\r\nBcc: everybody@example.org", "kim\x00@example.org", "kim\t@example.org",
    "kim\x7f@example.org", "kim\u200b@example.org", "kim\u00a0@example.org",
    "Kim <kim@example.org>", "<kim@example.org>", "kim@example.org, lee@example.org",
    "kim@example.org;lee@example.org", "kim@-example.org", "kim@example-.org", "kim@exa_mple.org",
    "kim@example..org", "kim@.example.org", "kim@example.org.", "kim\\@example.org",
    "kim:lee@example.org", "=?utf-8?q?kim?=@example.org", "lee+=?us-ascii*en?q?kim?=@example.org",
    "\ud800@example.org",
]  # fmt: skip


@pytest.mark.parametrize("address", TAKEN, ids=ascii)
def test_addresses_that_are_taken(address):
    assert is_mailbox(address)
    assert clean_email(f" {address.upper()} ") == address


@pytest.mark.parametrize("address", REFUSED, ids=ascii)
def test_addresses_that_are_refused_with_a_sentence(address):
    assert not is_mailbox(normalized(address))
    with pytest.raises(InvalidInput, match=r"\.$"):
        clean_email(address)


@pytest.mark.parametrize(
    "address", ["mailto:kim@example.org", "Kim <kim@example.org>", "<kim@example.org>"]
)
def test_who_gives_more_than_the_address_is_told_so(address):
    with pytest.raises(InvalidInput, match=r"Please enter only the address, like kim@example\.org"):
        clean_email(address)


@pytest.fixture(scope="module")
def sink():
    with a_sink() as server:
        yield server


_ODD = st.sampled_from(".\"'()<>[]:;,\\ \t@!#$%&*+-/=?^_`{|}~äß1aZ")
_LOCALS = st.one_of(
    st.text(_ODD, min_size=1, max_size=66), st.from_regex(r"[!-?A-~.]{1,8}", fullmatch=True)
)
_DOMAINS = st.one_of(
    st.just("example.org"),
    st.text(st.sampled_from("a1-._[]:ü"), min_size=1, max_size=12).map(lambda name: f"{name}.de"),
)


@settings(max_examples=400, deadline=None)
@given(local=_LOCALS, domain=_DOMAINS)
@example(local="a..b", domain="example.org")
@example(local="!#$%&'*+-/=?^_`{|}~", domain="example.org")
def test_whatever_is_taken_our_mail_can_write_and_a_server_takes(sink, local, domain):
    address = normalized(f"{local}@{domain}")
    if not is_mailbox(address):
        return
    ours = mail_of(
        {"From": "no-reply@example.org", "Subject": "x"},
        to=("Zoë, Kim", address),
        text="x",
        html="x",
    )
    theirs = EmailMessage(policy.SMTP)
    theirs["From"], theirs["To"] = "no-reply@example.org", address
    recipients = []
    sink.answer = lambda who: recipients.append(who) or "250 OK"
    with smtplib.SMTP("127.0.0.1", sink.port) as client:
        client.send_message(ours)
        client.send_message(theirs)
    assert recipients == [address] * 2
    for sent in (ours, theirs):
        read = message_from_bytes(sent.as_bytes(), policy=policy.default)
        assert [each.addr_spec for each in read["To"].addresses] == [address]


@pytest.mark.parametrize("address", REFUSED, ids=ascii)
def test_no_mail_is_written_to_an_address_that_is_refused(address):
    with pytest.raises(ValueError, match="is not an e-mail address"):
        mail_of({"Subject": "x"}, to=("", address), text="x", html="x")
