"""What HTMX says in a request and hears in an answer."""

import json
from collections.abc import Mapping

from flask import request


def is_htmx() -> bool:
    """Whether an element of one of our pages asks."""
    return request.headers.get("HX-Request") == "true"


def wants_page() -> bool:
    """Whether a browser sent a plain form and will show what comes back."""
    is_form = request.method == "POST" and not is_htmx()
    return is_form and "text/html" in request.headers.get("Accept", "")


def trigger(events: Mapping[str, object]) -> dict[str, str]:
    """The header that fires browser events after the swap; ASCII on one line, as headers must."""
    return {"HX-Trigger": json.dumps(events)}


POLL_NOW = trigger({"poll-now": {"target": "#sessions"}})
"""Makes the lists ask at once. Only the poll swaps them, so each change is told in one place."""
