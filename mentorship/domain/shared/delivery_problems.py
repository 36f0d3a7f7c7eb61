"""Why mail or a webhook call did not arrive, in words for an admin."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from mentorship.domain.shared.messages import N_


class Problem(StrEnum):
    """What went wrong; stored together with the technical details, which are for the log."""

    NAME_UNKNOWN = "name-unknown"
    NOT_LISTENING = "not-listening"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    TLS = "tls"
    CONNECTION_LOST = "connection-lost"
    NO_ENCRYPTION = "no-encryption"
    SIGN_IN = "sign-in"
    SENDER = "sender"
    RECIPIENT = "recipient"
    TOO_BIG = "too-big"
    TRY_LATER = "try-later"
    REFUSED = "refused"
    ADDRESS = "address"
    UNWRITABLE = "unwritable"
    FOLDER = "folder"
    NOT_PUBLIC = "not-public"
    NOT_SECURE = "not-secure"
    NOT_HTTP = "not-http"
    UNEXPECTED = "unexpected"


EXPLANATIONS: Mapping[Problem, str] = MappingProxyType(
    {
        Problem.NAME_UNKNOWN: N_("The name of the server cannot be found."),
        Problem.NOT_LISTENING: N_(
            "The server refuses the connection: nothing answers at this address and port."
        ),
        Problem.UNREACHABLE: N_("The server cannot be reached over the network."),
        Problem.TIMEOUT: N_("The server did not answer in time."),
        Problem.TLS: N_(
            "The encrypted connection to the server failed. Its certificate may be wrong or "
            "expired, or the port speaks no TLS."
        ),
        Problem.CONNECTION_LOST: N_("The server ended the connection before it had answered."),
        Problem.NO_ENCRYPTION: N_(
            "The server offers no encryption, so the password was not sent to it."
        ),
        Problem.SIGN_IN: N_("The server does not accept the user name and password in SMTP_URL."),
        Problem.SENDER: N_(
            "The server does not accept the address that mail comes from. Please check MAIL_FROM."
        ),
        Problem.RECIPIENT: N_("The server does not accept the recipient's address."),
        Problem.TOO_BIG: N_("The server does not accept the mail because it is too big."),
        Problem.TRY_LATER: N_("The server does not accept the mail at the moment."),
        Problem.REFUSED: N_("The server does not accept the mail."),
        Problem.ADDRESS: N_(
            "This is not an address that mail can be sent to. The person needs another one."
        ),
        Problem.UNWRITABLE: N_(
            "The mail could not be written, perhaps because its address is wrong. "
            "The log of the worker says more."
        ),
        Problem.FOLDER: N_("The folder for mail cannot be written to."),
        Problem.NOT_PUBLIC: N_("The address is not on the public internet, so it is not called."),
        Problem.NOT_SECURE: N_("Only https is called, at the ports 443 and 8443."),
        Problem.NOT_HTTP: N_("The answer could not be understood: it is not HTTP."),
        Problem.UNEXPECTED: N_("The call failed unexpectedly. The log of the worker says more."),
    }
)

QUOTED = frozenset(
    {
        Problem.SIGN_IN,
        Problem.SENDER,
        Problem.RECIPIENT,
        Problem.TOO_BIG,
        Problem.TRY_LATER,
        Problem.REFUSED,
    }
)
"""The problems whose technical details quote the server."""


@dataclass(frozen=True)
class Failure:
    """Why something did not arrive; `said` is what the server said about it, or empty."""

    problem: Problem
    said: str

    @classmethod
    def of(cls, problem: Problem | None, error: str | None) -> Self:
        """The failure in a stored row; old rows have technical details alone."""
        words = error or ""
        if problem is None:
            problem = Problem.REFUSED if words[:3].isdecimal() else Problem.UNWRITABLE
        return cls(problem, words if problem in QUOTED else "")
