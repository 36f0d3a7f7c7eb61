"""Rate limits, counted in Redis if it is configured, otherwise separately in each process."""

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
"""Wrong passwords for an account in other browsers anywhere (NIST SP 800-63B, section 5.2.2)."""
NETWORK = RateLimitItemPerMinute(20, namespace="network")
"""Wrong passwords from one network. The window is short: many people may share a network."""
NETWORK_WHEN_BUSY = RateLimitItemPerMinute(3, namespace="network-busy")
"""The same while OVERALL is exceeded."""
OVERALL = RateLimitItemPerMinute(2000, multiples=10, namespace="overall")
"""Wrong passwords from everywhere. Above it all networks are slowed down, but none is blocked."""
OWN_PASSWORD = RateLimitItemPerMinute(10, multiples=10, namespace="own-password")
"""Wrong passwords of a signed-in person who is asked for it again."""

MAILBOX = RateLimitItemPerHour(5, namespace="mailbox")
"""Mail of one purpose to one mailbox."""
MAIL_FROM_NETWORK = RateLimitItemPerMinute(100, multiples=10, namespace="mail-network")
MAIL_FROM_NETWORK_WHEN_BUSY = RateLimitItemPerMinute(1, namespace="mail-network-busy")
MAIL_OVERALL = RateLimitItemPerMinute(2000, multiples=10, namespace="mail-overall")

TOKEN = RateLimitItemPerMinute(300, namespace="token")

LONGEST_WAIT = 0.2
"""Seconds that a hanging Redis may cost: half to connect, half for its answer."""

PAUSE = timedelta(seconds=10)
"""How long Redis is not used after a failure."""

log = structlog.get_logger(__name__)

_T = TypeVar("_T")


@dataclass(frozen=True)
class Counter:
    """A limit and the key it is counted for, such as an account, a network or a mailbox."""

    limit: RateLimitItem
    key: str


class Throttle:
    """Counts attempts by limit and key; while Redis is not available, this process counts alone.

    After a failure Redis is not used for a while (`PAUSE`), and then by one request only, so that
    a hanging Redis costs one request `LONGEST_WAIT` and the others nothing. `clock` returns
    monotonic seconds. Keys are hashed, so that they are short and contain no personal address.
    """

    def __init__(self, redis_url: str | None, *, clock: Callable[[], float] = monotonic) -> None:
        self._alone = FixedWindowRateLimiter(storage_from_string("memory://"))
        self._shared = _in_redis(redis_url) if redis_url else None
        self._clock = clock
        self._lock = Lock()
        self._ask_again_at: float | None = None

    def used_up(self, counters: Sequence[Counter], *, now: float) -> Counter | None:
        """The first counter that is used up at `now` (a Unix time), or None."""
        for each in counters:
            if self.is_used_up(each.limit, each.key) and not self._is_from_the_future(each, now):
                return each
        return None

    def count(self, counters: Sequence[Counter], *, now: float) -> Counter | None:
        """Count one attempt in all counters; if one is used up, count nothing and return it."""
        full = self.used_up(counters, now=now)
        if full is None:
            # Of several concurrent requests, the last may find a limit used up only here.
            counted = [(each, self.hit(each.limit, each.key)) for each in counters]
            full = next((each for each, has_room in counted if not has_room), None)
        return full

    def hit(self, limit: RateLimitItem, key: str) -> bool:
        """Count one attempt; returns False if the limit was used up already."""
        return self._ask(lambda limiter: limiter.hit(limit, _hash(key)))

    def is_used_up(self, limit: RateLimitItem, key: str) -> bool:
        """Whether the next attempt would exceed the limit."""
        return not self._ask(lambda limiter: limiter.test(limit, _hash(key)))

    def clear(self, limit: RateLimitItem, key: str) -> None:
        """Reset the count."""
        self._ask(lambda limiter: limiter.clear(limit, _hash(key)))

    def seconds_left(self, limit: RateLimitItem, key: str, *, now: float) -> int:
        """Whole seconds from `now` (a Unix time) until the window ends, at least 1."""
        stats = self._ask(lambda limiter: limiter.get_window_stats(limit, _hash(key)))
        return min(max(1, round(stats.reset_time - now)), limit.get_expiry())

    def counted(self, limit: RateLimitItem, key: str) -> int:
        """How many attempts have been counted in this window."""
        stats = self._ask(lambda limiter: limiter.get_window_stats(limit, _hash(key)))
        return limit.amount - stats.remaining

    def _is_from_the_future(self, counter: Counter, now: float) -> bool:
        """Reset a window that was opened while this machine's clock was ahead of `now`."""
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
        """Whether Redis is available, or this is the request that tries it again."""
        with self._lock:
            if self._ask_again_at is None:
                return True
            now = self._clock()
            if now < self._ask_again_at:
                return False
            self._ask_again_at = now + PAUSE.total_seconds()
            return True


def throttle_for(redis_url: SecretStr | None) -> Throttle:
    """A throttle that counts in this Redis, or in this process if there is none."""
    return Throttle(redis_url.get_secret_value() if redis_url else None)


def _in_redis(url: str) -> FixedWindowRateLimiter:
    from redis.backoff import NoBackoff  # Imported only if it is used: this is slow.
    from redis.retry import Retry

    storage = storage_from_string(
        url,
        wrap_exceptions=True,
        socket_connect_timeout=LONGEST_WAIT / 2,
        socket_timeout=LONGEST_WAIT / 2,
        retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]  # It is passed on to Redis unchanged.
    )
    return FixedWindowRateLimiter(storage)


_TOLERANCE = 5
"""Seconds by which the clocks of this machine and of Redis may differ."""


def _hash(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]
