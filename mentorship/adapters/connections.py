"""What the errors of sockets, TLS and SMTP mean."""

import socket
import ssl
from smtplib import (
    SMTPAuthenticationError,
    SMTPNotSupportedError,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from mentorship.domain.shared.delivery_problems import Problem

_MEANING: tuple[tuple[tuple[type[Exception], ...], Problem], ...] = (
    ((socket.gaierror, UnicodeError), Problem.NAME_UNKNOWN),
    ((TimeoutError,), Problem.TIMEOUT),
    ((ssl.SSLError,), Problem.TLS),
    ((ConnectionRefusedError,), Problem.NOT_LISTENING),
    ((SMTPAuthenticationError, SMTPNotSupportedError), Problem.SIGN_IN),
    ((SMTPResponseException,), Problem.REFUSED),
    ((SMTPServerDisconnected, ConnectionError, EOFError), Problem.CONNECTION_LOST),
    ((OSError,), Problem.UNREACHABLE),
)
"""The first match counts, because many of these are OSErrors."""


def connection_problem(error: Exception) -> Problem | None:
    """The problem that an error of a connection stands for; None for any other error."""
    if isinstance(error, SMTPServerDisconnected) and isinstance(error.__context__, TimeoutError):
        return Problem.TIMEOUT  # smtplib says no more than "closed".
    return next((problem for kinds, problem in _MEANING if isinstance(error, kinds)), None)
