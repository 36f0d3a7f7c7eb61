"""Rate limits of the changes of one person, through pages and tokens together.

Nobody reaches them by hand. They limit what a program that acts for one person can do to others:
send mail, create and withdraw slots, store rows.
"""

from flask import Flask, request
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute

from mentorship import current
from mentorship.adapters.rate_limiter import Counter
from mentorship.clock import utc_now
from mentorship.domain.shared.errors import TooManyChanges
from mentorship.domain.shared.messages import N_
from mentorship.web.http.authentication import current_viewer

CHANGES = RateLimitItemPerMinute(120, namespace="changes")
BOOKINGS = RateLimitItemPerHour(60, namespace="bookings")
"""For students, whose bookings, moves and waiting list entries may send mail to a mentor."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_UNCOUNTED = frozenset({"admin_api.update_session_status", "sign_in.create", "sign_in.logout"})
"""Dashboards poll by POST, signing in has its own limits, and signing out must always work."""

_BOOKING = frozenset(
    {
        "booking.create_from_form",
        "booking.create",
        "session.confirm",
        "session.reschedule",
        "waiting_list.join",
    }
)


def init_app(app: Flask) -> None:
    """Count each changing request of a signed-in person before its view runs."""
    app.before_request(_count)


def _count() -> None:
    """Raises TooManyChanges, and NotAuthenticated for an invalid token."""
    endpoint = request.endpoint
    if endpoint is None or endpoint in _UNCOUNTED or request.method in _SAFE_METHODS:
        return
    viewer = current_viewer()
    if viewer is None:
        return
    limits: list[RateLimitItem] = [CHANGES]
    if endpoint in _BOOKING and viewer.is_student:
        limits.append(BOOKINGS)
    throttle = current.throttle()
    now = utc_now().timestamp()
    full = throttle.count([Counter(limit, str(viewer.id)) for limit in limits], now=now)
    if full is None:
        return
    seconds = throttle.seconds_left(full.limit, full.key, now=now)
    raise TooManyChanges(
        N_(
            "You have made too many changes in a short time. Nothing was changed now; "
            "please wait %(minutes)s min and try again.",
            minutes=-(-seconds // 60),
        ),
        retry_after=seconds,
    )
