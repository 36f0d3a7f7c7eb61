"""Mail as it is received: what goes in comes out again, whatever letters it has."""

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest

from mentorship.adapters.mail_message import Invitation, mail_of

JOINED = "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER}"
LONG = "Über die Grenzen der Ökonometrie: ein Gespräch mit 数学者 und Ærøskøbing " * 4


def received(**given):
    """The mail after its way through a server."""
    values = {"to": ("Sam", "sam@example.org"), "text": "Hello", "html": "<p>Hello</p>"} | given
    subject = values.pop("subject", "Welcome")
    sent = mail_of({"From": "a@example.org", "Subject": subject}, **values)
    content = sent.as_bytes()
    return content, message_from_bytes(content, policy=policy.default)


@pytest.mark.parametrize(
    "words",
    [
        "Welcome",
        "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{PERSONAL COMPUTER}",
        "W" * 200,
        "word " * 40 + "end",
        LONG.strip(),
    ],
)
def test_subject_and_bodies_come_back_as_they_were_in_lines_that_every_server_takes(words):
    html = f"<p>{words}</p>"
    content, mail = received(subject=words, text=f"{words}\n", html=f"{html}\n")

    assert mail["Subject"] == words
    assert mail.get_body(("plain",)).get_content().splitlines() == [words]
    assert mail.get_body(("html",)).get_content().splitlines() == [html]
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert b"\n" not in content.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    "name", ["", "Sam", 'Sam "the" O\'Brien, Jr.', "Zoë Ångström", "数学者 " * 9 + "x"]
)
def test_the_reader_comes_back_as_they_were(name):
    content, _ = received(to=(name, "sam@example.org"))
    written, address = parseaddr(message_from_bytes(content)["To"].replace("\r\n", ""))
    assert (str(make_header(decode_header(written))), address) == (name, "sam@example.org")
    assert all(len(word) <= 75 for word in written.split())  # RFC 2047, section 2.


def test_an_invitation_is_a_part_with_buttons_and_a_file():
    calendar = "BEGIN:VCALENDAR\r\nSUMMARY:Zoë\r\nEND:VCALENDAR\r\n"
    mail = received(invitation=Invitation("REQUEST", calendar.encode()))[1]

    [part] = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    assert part["Content-Type"].params["method"] == "REQUEST"
    assert part.get_content() == calendar
    [file] = mail.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("session.ics", calendar.encode())
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]


@pytest.mark.parametrize(
    "given",
    [
        {"subject": "Hello\nBcc: all@example.org"},
        {"subject": "Hellö\r\nBcc: all@example.org"},
        {"to": ("Sam\nBcc: all@example.org", "sam@example.org")},
        {"to": ("Säm\nBcc: all@example.org", "sam@example.org")},
        {"to": ("Sam", "sam@example.org\nBcc: all@example.org")},
        {"to": ("Sam", "sam")},
        {"to": ("Sam", "zoë@example.org")},
    ],
)
def test_nothing_writes_a_header_of_its_own(given):
    with pytest.raises(ValueError, match=r"."):
        received(**given)
