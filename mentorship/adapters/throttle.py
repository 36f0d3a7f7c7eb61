"""Rate limits, counted in Redis where there is one and otherwise by each process on its own."""

from collections.abc import Callable
from typing import TypeVar

import structlog
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

ACCOUNT = RateLimitItemPerMinute(10, multiples=10, namespace="account")
ADDRESS = RateLimitItemPerMinute(100, multiples=10, namespace="address")
OVERALL = RateLimitItemPerMinute(2000, multiples=10, namespace="overall")
MAILBOX = RateLimitItemPerHour(5, namespace="mailbox")
TOKEN = RateLimitItemPerMinute(300, namespace="token")

log = structlog.get_logger(__name__)

_T = TypeVar("_T")


class Throttle:
    """Counts tries by a limit and a key; while Redis cannot be asked, this process counts alone."""

    def __init__(self, redis_url: str | None) -> None:
        self._alone = FixedWindowRateLimiter(storage_from_string("memory://"))
        self._shared = (
            FixedWindowRateLimiter(storage_from_string(redis_url, wrap_exceptions=True))
            if redis_url
            else self._alone
        )

    def hit(self, limit: RateLimitItem, key: str) -> bool:
        """Count one try; False where the limit was used up already."""
        return self._ask(lambda limiter: limiter.hit(limit, key))

    def is_used_up(self, limit: RateLimitItem, key: str) -> bool:
        """Whether the next try would be one too many."""
        return not self._ask(lambda limiter: limiter.test(limit, key))

    def clear(self, limit: RateLimitItem, key: str) -> None:
        """Forget the tries counted so far."""
        self._ask(lambda limiter: limiter.clear(limit, key))

    def seconds_left(self, limit: RateLimitItem, key: str, *, now: float) -> int:
        """Whole seconds from `now` (a Unix time) until the limit counts anew, at least 1."""
        stats = self._ask(lambda limiter: limiter.get_window_stats(limit, key))
        return max(1, round(stats.reset_time - now))

    def _ask(self, what: Callable[[FixedWindowRateLimiter], _T]) -> _T:
        try:
            return what(self._shared)
        except StorageError as error:
            log.warning("redis_unreachable", error=str(error))
            return what(self._alone)
