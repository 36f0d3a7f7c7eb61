"""A real SMTP server on the loopback that keeps its mail, or refuses it as a test says."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


@dataclass
class Sink:
    """The mails in order; `answer` gives the server's reply to a recipient."""

    mails: list[EmailMessage] = field(default_factory=list)
    answer: Callable[[str], str] = lambda _recipient: "250 OK"
    sender_answer: str = "250 OK"
    connections: int = 0
    was_encrypted: bool = False
    port: int = 0
    signed_in: list[tuple[bytes, bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """For SMTP_URL."""
        return f"smtp://127.0.0.1:{self.port}"

    def subjects(self) -> list[str]:
        """The subjects of the mails."""
        return [mail["Subject"] for mail in self.mails]

    async def handle_EHLO(
        self, server: Any, session: Any, _envelope: Any, hostname: str, answers: list[str]
    ) -> list[str]:
        """Counts connections; an EHLO that follows STARTTLS is on the same one."""
        session.host_name = hostname
        if session.ssl is None:
            self.connections += 1
        self.was_encrypted = server.transport.get_extra_info("sslcontext") is not None
        return answers

    async def handle_MAIL(
        self, _server: Any, _session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        """Answers to the sender."""
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.sender_answer

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Answers to the recipient."""
        envelope.rcpt_tos.append(address)
        return self.answer(address)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Takes the mail."""
        self.mails.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"


class _Controller(Controller):
    """Listens on a free port, and knows its number."""

    def _trigger_server(self) -> None:
        listening: Any = self.server
        self.port = listening.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def a_sink(
    *, tls: ssl.SSLContext | None = None, implicit: bool = False, **options: Any
) -> Iterator[Sink]:
    """The server, stopped afterwards. `tls` is for STARTTLS, or for the whole if `implicit`."""
    sink = Sink()

    def check(
        _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any
    ) -> AuthResult:
        sink.signed_in.append((data.login, data.password))
        return AuthResult(success=data.password == b"p@ss w/rd", handled=False)

    contexts: dict[str, Any] = {"ssl_context" if implicit else "tls_context": tls}
    controller = _Controller(
        sink,
        hostname="127.0.0.1",
        port=0,
        authenticator=check,
        auth_require_tls=False,
        **contexts,
        **options,
    )
    controller.start()
    sink.port = controller.port
    try:
        yield sink
    finally:
        controller.stop()
