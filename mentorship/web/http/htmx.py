"""HTMX headers in requests and answers."""

import json
from collections.abc import Mapping

from flask import request


def is_htmx() -> bool:
    """Whether HTMX sent the request."""
    return request.headers.get("HX-Request") == "true"


def wants_page() -> bool:
    """Whether a browser sent a plain form and will show the answer as a page."""
    is_form = request.method == "POST" and not is_htmx()
    return is_form and "text/html" in request.headers.get("Accept", "")


def trigger(events: Mapping[str, object]) -> dict[str, str]:
    """The header that triggers browser events after the swap; the JSON is one line of ASCII."""
    return {"HX-Trigger": json.dumps(events)}


POLL_NOW = trigger({"poll-now": {"target": "#sessions"}})
"""Makes the lists poll at once. Only polls swap the lists, so changes are announced once."""
