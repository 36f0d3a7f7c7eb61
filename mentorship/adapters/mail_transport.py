"""How mail is sent: by SMTP, or as files in a folder."""

import os
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from email.message import Message
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from mentorship.adapters.connections import connection_problem
from mentorship.domain.shared.delivery_problems import Problem
from mentorship.domain.shared.messages import N_

TIMEOUT = 30.0
"""Seconds to wait for an answer from an SMTP server."""

LONGEST_SEND = 5 * TIMEOUT
"""Seconds for one mail: the answers to MAIL, RCPT and DATA, the text, and the answer to that."""

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


class Undelivered(Exception):
    """A mail was not accepted. `problem` says why; the message has the technical details."""

    def __init__(self, problem: Problem, words: str) -> None:
        super().__init__(words)
        self.problem = problem


class Refused(Undelivered):
    """The server will never accept this mail."""


class NotNow(Undelivered):
    """The server does not accept this mail now, but may later."""


class Lost(NotNow):
    """The connection broke during this mail, and nobody knows whether the server accepted it."""


class Unreachable(Undelivered):
    """No mail can be sent at the moment."""


class MailConnection(Protocol):
    """A connection that sends one mail at a time."""

    def send(self, message: Message) -> None:
        """Return once the mail is accepted. Raises Refused, NotNow, Unreachable."""


class MailTransport(Protocol):
    """A way to send mail."""

    @property
    def where(self) -> str:
        """Where mail goes, like "the SMTP server mail.example.org:25"."""

    @property
    def leaves_the_machine(self) -> bool:
        """Whether mail goes to another program that delivers it."""

    def open(self) -> AbstractContextManager[MailConnection]:
        """A connection for many mails. Raises Unreachable."""


class SmtpTransport:
    """Hands mail to an SMTP server: smtp:// with STARTTLS where it is offered, or smtps://.

    User and password in the URL are percent-decoded, and never sent in the clear to another
    machine.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._is_tls = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._port = parts.port or (465 if self._is_tls else 25)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")

    @property
    def where(self) -> str:
        """The server, without the password."""
        return N_("the SMTP server %(server)s", server=f"{self._host}:{self._port}")

    @property
    def leaves_the_machine(self) -> bool:
        """It does."""
        return True

    @contextmanager
    def open(self) -> Iterator[MailConnection]:
        """One connection, signed in."""
        try:
            server = self._connect()
        except Undelivered:
            raise
        except (OSError, smtplib.SMTPException, ValueError) as error:
            # smtplib raises ValueError for a password with letters that it cannot send.
            problem = connection_problem(error) or Problem.SIGN_IN
            words = _said(error) if isinstance(error, smtplib.SMTPResponseException) else str(error)
            raise Unreachable(problem, words) from error
        try:
            yield _SmtpConnection(server)
        finally:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()

    def _connect(self) -> smtplib.SMTP:
        if self._is_tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=TIMEOUT, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT)
        try:
            server.ehlo()
            is_private = self._is_tls or self._host in _THIS_MACHINE
            if not self._is_tls and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
                is_private = True
            if self._user:
                if not is_private:
                    raise Unreachable(Problem.NO_ENCRYPTION, "the server offers no TLS")
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server


class _SmtpConnection:
    def __init__(self, server: smtplib.SMTP) -> None:
        self._server = server

    def send(self, message: Message) -> None:
        try:
            self._server.send_message(message)
        except smtplib.SMTPSenderRefused as error:
            if _is_too_big(error.smtp_code, error.smtp_error):  # SIZE came with MAIL FROM.
                raise Refused(Problem.TOO_BIG, _said(error)) from error
            # The server refuses the sender, so it would refuse the next mail as well.
            raise Unreachable(Problem.SENDER, _said(error)) from error
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            refused = smtplib.SMTPResponseException(code, text)
            raise _refusal(refused, Problem.RECIPIENT) from error
        except smtplib.SMTPResponseException as error:
            raise _refusal(error, Problem.REFUSED) from error
        except smtplib.SMTPNotSupportedError as error:
            raise Refused(Problem.ADDRESS, str(error)) from error
        except OSError as error:  # All other errors of smtplib, and time-outs, are OSErrors.
            problem = connection_problem(error) or Problem.CONNECTION_LOST
            raise Lost(problem, str(error)) from error


def _refusal(error: smtplib.SMTPResponseException, problem: Problem) -> Undelivered:
    """The error for a reply code: Refused for a permanent one (5xx), else NotNow."""
    if error.smtp_code == 421:  # RFC 5321, 3.8: the server closes the connection.
        return Lost(Problem.TRY_LATER, _said(error))
    if error.smtp_code < 500:
        return NotNow(Problem.TRY_LATER, _said(error))
    is_too_big = _is_too_big(error.smtp_code, error.smtp_error)
    return Refused(Problem.TOO_BIG if is_too_big else problem, _said(error))


def _is_too_big(code: int, text: bytes | str) -> bool:
    """Whether the server refuses the mail for its size (RFC 1870, 6.1; RFC 3463, X.3.4)."""
    words = text if isinstance(text, bytes) else text.encode()
    return (code == 552 and not words.startswith(b"5.2.2")) or words.startswith(b"5.3.4")


def _said(error: smtplib.SMTPResponseException) -> str:
    text = error.smtp_error
    return f"{error.smtp_code} {text.decode(errors='replace') if isinstance(text, bytes) else text}"


class FolderTransport:
    """Writes each mail as a file, named by its Message-ID, so that a repeat overwrites it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def where(self) -> str:
        """The folder, named as in the documentation."""
        return N_(
            "files in the folder %(folder)s",
            folder=f"{self._folder.parent.name}/{self._folder.name}",
        )

    @property
    def leaves_the_machine(self) -> bool:
        """False: the mail stays in the folder."""
        return False

    @contextmanager
    def open(self) -> Iterator[MailConnection]:
        """A connection to the folder, which is created if it is missing."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise Unreachable(Problem.FOLDER, str(error)) from error
        yield self

    def send(self, message: Message) -> None:
        """Write the whole file, or nothing."""
        name = re.sub(r"[^A-Za-z0-9.@-]", "_", message["Message-ID"].strip("<>"))
        draft = self._folder / f".{name}.{os.getpid()}"
        try:
            draft.touch(mode=0o600)
            draft.write_bytes(message.as_bytes())
            draft.replace(self._folder / f"{name}.eml")
        except OSError as error:
            raise Unreachable(Problem.FOLDER, str(error)) from error


def mail_transport_for(smtp_url: SecretStr | None, folder: Path) -> MailTransport:
    """SMTP if there is a URL, otherwise the folder."""
    return SmtpTransport(smtp_url.get_secret_value()) if smtp_url else FolderTransport(folder)
