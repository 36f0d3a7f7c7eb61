"""Rate limits, counted in Redis where there is one and otherwise by each process on its own."""

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

ACCOUNT = RateLimitItemPerMinute(10, multiples=10, namespace="account")
ADDRESS = RateLimitItemPerMinute(100, multiples=10, namespace="address")
OVERALL = RateLimitItemPerMinute(2000, multiples=10, namespace="overall")
MAILBOX = RateLimitItemPerHour(5, namespace="mailbox")
TOKEN = RateLimitItemPerMinute(300, namespace="token")


class Throttle:
    """Counts tries by a limit and a key."""

    def __init__(self, redis_url: str | None) -> None:
        self._limiter = FixedWindowRateLimiter(storage_from_string(redis_url or "memory://"))

    def hit(self, limit: RateLimitItem, key: str) -> bool:
        """Count one try; False where the limit was used up already."""
        return self._limiter.hit(limit, key)

    def is_used_up(self, limit: RateLimitItem, key: str) -> bool:
        """Whether the next try would be one too many."""
        return not self._limiter.test(limit, key)

    def clear(self, limit: RateLimitItem, key: str) -> None:
        """Forget the tries counted so far."""
        self._limiter.clear(limit, key)

    def seconds_left(self, limit: RateLimitItem, key: str, *, now: float) -> int:
        """Whole seconds from `now` (a Unix time) until the limit counts anew, at least 1."""
        reset = self._limiter.get_window_stats(limit, key).reset_time
        return max(1, round(reset - now))
