"""Rate limits, counted in Redis where there is one and otherwise by each process on its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from threading import Lock
from time import monotonic
from typing import TypeVar

import structlog
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter
from pydantic import SecretStr

BROWSER = RateLimitItemPerMinute(10, multiples=10, namespace="browser")
"""Wrong passwords for an account in a browser that has signed in to it before."""
ACCOUNT_FROM_NETWORK = RateLimitItemPerMinute(10, multiples=10, namespace="account-network")
"""Wrong passwords for an account from one network, in other browsers."""
ACCOUNT = RateLimitItemPerHour(100, namespace="account")
"""Wrong passwords for an account in such browsers anywhere (NIST SP 800-63B, section 5.2.2)."""
NETWORK = RateLimitItemPerMinute(20, namespace="network")
"""Wrong passwords from one network. The window is short, as many people may share the network."""
NETWORK_WHEN_BUSY = RateLimitItemPerMinute(3, namespace="network-busy")
"""The same while OVERALL is used up."""
OVERALL = RateLimitItemPerMinute(2000, multiples=10, namespace="overall")
"""Wrong passwords from everywhere. Above it every network is slowed down, and none shut out."""
OWN_PASSWORD = RateLimitItemPerMinute(10, multiples=10, namespace="own-password")
"""Wrong answers of somebody signed in who is asked for the password again."""

MAILBOX = RateLimitItemPerHour(5, namespace="mailbox")
"""Mail of one purpose to one mailbox."""
MAIL_FROM_NETWORK = RateLimitItemPerMinute(100, multiples=10, namespace="mail-network")
MAIL_FROM_NETWORK_WHEN_BUSY = RateLimitItemPerMinute(1, namespace="mail-network-busy")
MAIL_OVERALL = RateLimitItemPerMinute(2000, multiples=10, namespace="mail-overall")

TOKEN = RateLimitItemPerMinute(300, namespace="token")

LONGEST_WAIT = 0.2
"""Seconds that a Redis that hangs may cost: half to connect, half for its answer."""

PAUSE = timedelta(seconds=10)
"""After a failure Redis is left alone for so long."""

log = structlog.get_logger(__name__)

_T = TypeVar("_T")


@dataclass(frozen=True)
class Counter:
    """What a limit counts for one key: an account, a network, a mailbox."""

    limit: RateLimitItem
    key: str


class Throttle:
    """Counts tries by a limit and a key; while Redis cannot be asked, this process counts alone.

    After a failure Redis is not asked for a while (`PAUSE`), and then by one request only, so
    that a Redis that hangs costs one request `LONGEST_WAIT` and the others nothing. `clock` are
    seconds that never go back. Keys are hashed, so that they are short and no address of a person
    is stored.
    """

    def __init__(self, redis_url: str | None, *, clock: Callable[[], float] = monotonic) -> None:
        self._alone = FixedWindowRateLimiter(storage_from_string("memory://"))
        self._shared = _in_redis(redis_url) if redis_url else None
        self._clock = clock
        self._lock = Lock()
        self._ask_again_at: float | None = None

    def used_up(self, counters: Sequence[Counter], *, now: float) -> Counter | None:
        """The first of these that has no room for one more try at `now` (a Unix time), if any."""
        for each in counters:
            if self.is_used_up(each.limit, each.key) and not self._is_from_the_future(each, now):
                return each
        return None

    def count(self, counters: Sequence[Counter], *, now: float) -> Counter | None:
        """Count one try in all of these, or in none where one is used up, which is returned."""
        full = self.used_up(counters, now=now)
        if full is None:
            # Where several come at once, the last of them can find one used up only here.
            counted = [(each, self.hit(each.limit, each.key)) for each in counters]
            full = next((each for each, has_room in counted if not has_room), None)
        return full

    def hit(self, limit: RateLimitItem, key: str) -> bool:
        """Count one try; False where the limit was used up already."""
        return self._ask(lambda limiter: limiter.hit(limit, _hash(key)))

    def is_used_up(self, limit: RateLimitItem, key: str) -> bool:
        """Whether the next try would be one too many."""
        return not self._ask(lambda limiter: limiter.test(limit, _hash(key)))

    def clear(self, limit: RateLimitItem, key: str) -> None:
        """Forget the tries counted so far."""
        self._ask(lambda limiter: limiter.clear(limit, _hash(key)))

    def seconds_left(self, limit: RateLimitItem, key: str, *, now: float) -> int:
        """Whole seconds from `now` (a Unix time) until the limit counts anew, at least 1."""
        stats = self._ask(lambda limiter: limiter.get_window_stats(limit, _hash(key)))
        return min(max(1, round(stats.reset_time - now)), limit.get_expiry())

    def counted(self, limit: RateLimitItem, key: str) -> int:
        """How many tries have been counted in this window."""
        stats = self._ask(lambda limiter: limiter.get_window_stats(limit, _hash(key)))
        return limit.amount - stats.remaining

    def _is_from_the_future(self, counter: Counter, now: float) -> bool:
        """Forget a window that was opened while this machine's clock was ahead of `now`."""
        stats = self._ask(lambda each: each.get_window_stats(counter.limit, _hash(counter.key)))
        is_wrong = stats.reset_time > now + counter.limit.get_expiry() + _TOLERANCE
        if is_wrong:
            self.clear(counter.limit, counter.key)
        return is_wrong

    def _ask(self, what: Callable[[FixedWindowRateLimiter], _T]) -> _T:
        if self._shared is None or not self._may_ask():
            return what(self._alone)
        try:
            answer = what(self._shared)
        except StorageError as error:
            log.warning("redis_unreachable", error=str(error))
            with self._lock:
                self._ask_again_at = self._clock() + PAUSE.total_seconds()
            return what(self._alone)
        self._ask_again_at = None
        return answer

    def _may_ask(self) -> bool:
        """Whether Redis is there, or this request is the one that tries it again."""
        with self._lock:
            if self._ask_again_at is None:
                return True
            now = self._clock()
            if now < self._ask_again_at:
                return False
            self._ask_again_at = now + PAUSE.total_seconds()
            return True


def throttle_for(redis_url: SecretStr | None) -> Throttle:
    """A throttle that counts in this Redis, or in this process alone where there is none."""
    return Throttle(redis_url.get_secret_value() if redis_url else None)


def _in_redis(url: str) -> FixedWindowRateLimiter:
    from redis.backoff import NoBackoff  # Not where there is none: it takes long.
    from redis.retry import Retry

    storage = storage_from_string(
        url,
        wrap_exceptions=True,
        socket_connect_timeout=LONGEST_WAIT / 2,
        socket_timeout=LONGEST_WAIT / 2,
        retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]  # It goes on to Redis as it is.
    )
    return FixedWindowRateLimiter(storage)


_TOLERANCE = 5
"""Seconds by which the clocks of this machine and of Redis may differ."""


def _hash(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
