"""Calling webhooks over HTTP: only public addresses, no redirects, and a short timeout."""

import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import ip_address
from threading import Event, Timer
from urllib.parse import urlsplit

from mentorship.adapters.connections import connection_problem
from mentorship.domain.shared.delivery_problems import Problem
from mentorship.domain.webhooks.ip_addresses import is_public, is_secure_webhook

TIMEOUT = 10.0
"""Seconds for the whole call after the name is resolved, even if the answer arrives slowly."""


class NoAnswer(Exception):
    """The call failed or was not made. `problem` says why; the message has the technical reason."""

    def __init__(self, problem: Problem, words: str) -> None:
        super().__init__(words)
        self.problem = problem


class WebhookClient:
    """Calls webhooks.

    `loopback` also allows the addresses of this machine, for development. `is_production` refuses
    addresses without TLS and ports other than 443 and 8443.
    """

    def __init__(
        self, *, loopback: bool = False, is_production: bool = False, timeout: float = TIMEOUT
    ) -> None:
        self._loopback = loopback
        self._is_production = is_production
        self._timeout = timeout

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send JSON by POST; returns the HTTP status of the answer. Raises NoAnswer.

        The name is resolved once, and the call goes to the address that was checked. So a name
        that resolves to another address a moment later cannot redirect the call.
        """
        if self._is_production and not is_secure_webhook(url):
            raise NoAnswer(Problem.NOT_SECURE, "Only https is called, at the ports 443 and 8443.")
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_tls = parts.scheme == "https"
        port = parts.port or (443 if is_tls else 80)
        address = self._allowed_address(host, port)
        connection = _PinnedTls(host, port) if is_tls else _Pinned(host, port)
        connection.address, connection.timeout = address, self._timeout
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        # The timeout of the socket is for each read; this timer is for the whole call.
        is_late = Event()

        def cut_off() -> None:
            is_late.set()
            connection.cut()

        cut = Timer(self._timeout, cut_off)
        cut.daemon = True
        cut.start()
        try:
            connection.request("POST", path, body, {**_HEADERS, **headers})
            return connection.getresponse().status
        except (OSError, HTTPException, ValueError) as error:
            problem = connection_problem(error) or Problem.NOT_HTTP
            # A call that the timer ended looks like one with an incomplete answer.
            if is_late.is_set():
                problem = Problem.TIMEOUT
            raise NoAnswer(problem, f"{type(error).__name__}: {error}") from error
        finally:
            cut.cancel()
            connection.close()

    def _allowed_address(self, host: str, port: int) -> str:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            words = f"The name {host} cannot be resolved: {error}"
            raise NoAnswer(Problem.NAME_UNKNOWN, words) from error
        addresses = [str(place[4][0]) for place in found]
        for address in addresses:
            if is_public(address) or (self._loopback and ip_address(address).is_loopback):
                return address
        raise NoAnswer(Problem.NOT_PUBLIC, f"{host} is not at a public address.")


_HEADERS = {"Content-Type": "application/json", "User-Agent": "Mentorship"}


class _Pinned(HTTPConnection):
    """A connection to `host` at a fixed address."""

    address = ""

    def connect(self) -> None:
        self.sock = socket.create_connection((self.address, self.port), self.timeout)

    def cut(self) -> None:
        """End the call from another thread, even while it waits."""
        if self.sock is not None:
            with suppress(OSError):
                # The TLS socket's own `shutdown` would change state that the other thread uses.
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


class _PinnedTls(_Pinned, HTTPSConnection):
    """The same over TLS; the certificate is checked against the host name."""

    def connect(self) -> None:
        super().connect()
        context = ssl.create_default_context()
        tls = context.wrap_socket(
            self.sock, server_hostname=self.host, do_handshake_on_connect=False
        )
        self.sock = tls
        tls.do_handshake()
