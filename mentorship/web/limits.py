"""How often one may try what costs us: a password, a mail, a token."""

from flask import Flask, current_app, request
from limits import RateLimitItem

from mentorship.adapters.throttle import ACCOUNT, ADDRESS, MAILBOX, OVERALL, TOKEN, Throttle
from mentorship.clock import utc_now
from mentorship.config import Settings
from mentorship.domain.errors import TooManyTries
from mentorship.domain.sentences import N_

_SIGN_IN = N_("Too many tries to sign in. Please wait %(minutes)s min and try again.")
_TOKEN = N_("Too many tries with this token. Please wait %(minutes)s min and try again.")
_MAIL = N_("Too many tries. Please wait %(minutes)s min and try again.")


def init_app(app: Flask, settings: Settings) -> None:
    """Make the throttle of this process."""
    redis = settings.redis_url
    app.extensions["throttle"] = Throttle(redis.get_secret_value() if redis else None)


def count_password(email: str) -> None:
    """Count a try before the costly check. Raises TooManyTries.

    Those of one address count only where they failed: `note_failure`.
    """
    throttle, address = _throttle(), _address()
    if throttle.is_used_up(ADDRESS, address):
        _refuse(_SIGN_IN, ADDRESS, address)
    _count(_SIGN_IN, OVERALL, "")
    _count(_SIGN_IN, ACCOUNT, email)


def note_failure() -> None:
    """A password from this address was wrong."""
    _throttle().hit(ADDRESS, _address())


def note_success(email: str) -> None:
    """Somebody proved that the account is theirs."""
    _throttle().clear(ACCOUNT, email)


def count_mail(email: str) -> None:
    """Count a mail that somebody asks for, whether it will be sent or not. Raises TooManyTries."""
    _count(_MAIL, ADDRESS, _address())
    _count(_MAIL, OVERALL, "")
    _count(_MAIL, MAILBOX, email)


def has_room_for_mail(email: str) -> bool:
    """Count a mail that nobody asked for; False where this mailbox has had enough."""
    return _throttle().hit(MAILBOX, email)


def count_token(token_id: int) -> None:
    """Count a request by a token. Raises TooManyTries."""
    _count(_TOKEN, TOKEN, str(token_id))


def _count(what: str, limit: RateLimitItem, key: str) -> None:
    if not _throttle().hit(limit, key):
        _refuse(what, limit, key)


def _refuse(what: str, limit: RateLimitItem, key: str) -> None:
    seconds = _throttle().seconds_left(limit, key, now=utc_now().timestamp())
    raise TooManyTries(N_(what, minutes=-(-seconds // 60)), retry_after=seconds)


def _throttle() -> Throttle:
    throttle: Throttle = current_app.extensions["throttle"]
    return throttle


def _address() -> str:
    return request.remote_addr or ""
