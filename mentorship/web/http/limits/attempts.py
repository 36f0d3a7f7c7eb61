"""Rate limits of sign-ins, mail and tokens.

All limits of an attempt are checked before any is counted, so that an attempt which one limit
refuses does not count towards the others. Passwords and mail have separate limits.
"""

import hmac
from collections.abc import Sequence
from typing import Literal

import structlog
from flask import request
from limits import RateLimitItemPerHour

from mentorship import current
from mentorship.adapters.rate_limiter import (
    ACCOUNT,
    ACCOUNT_FROM_NETWORK,
    BROWSER,
    MAIL_FROM_NETWORK,
    MAIL_FROM_NETWORK_WHEN_BUSY,
    MAIL_OVERALL,
    MAILBOX,
    NETWORK,
    NETWORK_WHEN_BUSY,
    OVERALL,
    OWN_PASSWORD,
    TOKEN,
    Counter,
)
from mentorship.clock import utc_now
from mentorship.domain.shared.errors import RateLimited
from mentorship.domain.shared.messages import N_
from mentorship.domain.webhooks.ip_addresses import mailbox_of, network_of, truncated
from mentorship.web.http.limits.known_browsers import known_browser

MailPurpose = Literal["sign-up", "reset"]

_SIGN_IN = N_("Too many sign-in attempts. Please wait %(minutes)s min and try again.")
_TOKEN = N_("Too many requests with this token. Please wait %(minutes)s min and try again.")
_MAIL = N_("Too many attempts. Please wait %(minutes)s min and try again.")

_FAILURES = RateLimitItemPerHour(1_000_000_000, namespace="failures")
"""Counts failures for the log; never refuses anything."""

log = structlog.get_logger(__name__)


def count_password(email: str) -> None:
    """Count an attempt before the expensive check. Raises RateLimited.

    A browser that has signed in to this account before has a limit of its own, which nobody else
    can use up (OWASP: device cookies). The limit of a network counts only failed attempts.
    """
    browser = known_browser(email)
    if browser:
        _count(_SIGN_IN, [Counter(BROWSER, f"{browser} {email}")], email=email)
        return
    throttle, network, now = current.throttle(), _network(), utc_now().timestamp()
    is_busy = throttle.used_up([Counter(OVERALL, "")], now=now) is not None
    of_network = Counter(NETWORK_WHEN_BUSY if is_busy else NETWORK, network)
    full = throttle.used_up([of_network], now=now)
    if full:
        _refuse(_SIGN_IN, full, email=email)
    _count(_SIGN_IN, _of_account(email), email=email)


def note_failure(email: str) -> None:
    """Count a wrong password for this account."""
    if not known_browser(email):
        throttle, network = current.throttle(), _network()
        throttle.hit(NETWORK, network)
        throttle.hit(NETWORK_WHEN_BUSY, network)
        throttle.hit(OVERALL, "")
    _log_failure(email)


def note_success(email: str) -> None:
    """Reset the limits of an account whose owner has signed in."""
    browser = known_browser(email)
    if browser:
        current.throttle().clear(BROWSER, f"{browser} {email}")
    for each in _of_account(email):
        current.throttle().clear(each.limit, each.key)


def count_own_password(viewer_id: int) -> None:
    """Count an attempt of a signed-in person to confirm the password. Raises RateLimited."""
    _count(_SIGN_IN, [Counter(OWN_PASSWORD, str(viewer_id))])


def note_own_password(viewer_id: int) -> None:
    """Reset the limit after the right password."""
    current.throttle().clear(OWN_PASSWORD, str(viewer_id))


def check_mail(email: str, purpose: MailPurpose) -> None:
    """Raises RateLimited if `count_mail` would; counts nothing."""
    full = current.throttle().used_up(_of_mail(email, purpose), now=utc_now().timestamp())
    if full:
        _refuse(_MAIL, full)


def count_mail(email: str, purpose: MailPurpose) -> None:
    """Count a request for mail, whether or not a mail is sent. Raises RateLimited."""
    _count(_MAIL, _of_mail(email, purpose))
    current.throttle().hit(MAIL_FROM_NETWORK_WHEN_BUSY, _network())
    current.throttle().hit(MAIL_OVERALL, "")


def has_room_for_mail(email: str) -> bool:
    """Count a confirmation mail to this mailbox; returns False if it has had too many."""
    return current.throttle().hit(MAILBOX, f"sign-up {mailbox_of(email)}")


def count_token(token_id: int) -> None:
    """Count a request with this token. Raises RateLimited."""
    _count(_TOKEN, [Counter(TOKEN, str(token_id))])


def _of_account(email: str) -> list[Counter]:
    return [Counter(ACCOUNT_FROM_NETWORK, f"{email} {_network()}"), Counter(ACCOUNT, email)]


def _of_mail(email: str, purpose: MailPurpose) -> list[Counter]:
    now = utc_now().timestamp()
    is_busy = current.throttle().used_up([Counter(MAIL_OVERALL, "")], now=now) is not None
    limit = MAIL_FROM_NETWORK_WHEN_BUSY if is_busy else MAIL_FROM_NETWORK
    return [Counter(limit, _network()), Counter(MAILBOX, f"{purpose} {mailbox_of(email)}")]


def _count(what: str, counters: Sequence[Counter], *, email: str = "") -> None:
    full = current.throttle().count(counters, now=utc_now().timestamp())
    if full:
        _refuse(what, full, email=email)


def _refuse(what: str, full: Counter, *, email: str = "") -> None:
    seconds = current.throttle().seconds_left(full.limit, full.key, now=utc_now().timestamp())
    if email:
        _log_failure(email, limit=full.limit.namespace)
    raise RateLimited(N_(what, minutes=-(-seconds // 60)), retry_after=seconds)


def _log_failure(email: str, *, limit: str | None = None) -> None:
    """Log the 1st, 10th, 100th... failure from a network, and the 10th, 100th... for an account.

    Everybody mistypes a password at times, so an account starts at ten. The log has a pseudonym of
    the account, and the network without its last part.
    """
    network = _network()
    account = hmac.digest(current.secret_key().encode(), b"log." + _bytes(email), "sha256")
    seen = {
        "network": (_seen(f"network {network}"), 1),
        "account": (_seen(f"account {email}"), 10),
    }
    for by, (count, first) in seen.items():
        if count >= first and str(count).strip("0") == "1":
            log.warning(
                "sign_ins_failed",
                by=by,
                count=count,
                minutes=60,
                limit=limit,
                network=truncated(network),
                account=account.hex()[:12],
            )


def _seen(key: str) -> int:
    current.throttle().hit(_FAILURES, key)
    return current.throttle().counted(_FAILURES, key)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _network() -> str:
    return network_of(request.remote_addr or "")
