"""The mail server of the tests refuses mail as a test says."""

import smtplib

from tests.support.sink import a_sink


def test_the_sink_refuses_as_it_is_told():
    with a_sink() as sink:
        sink.answer = lambda _who: "550 No"
        with smtplib.SMTP("127.0.0.1", sink.port) as client:
            client.ehlo()
            client.mail("a@example.org")
            assert client.rcpt("b@example.org")[0] == 550
