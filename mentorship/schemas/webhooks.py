"""The JSON that other systems are sent about a transition."""

import json

from mentorship.domain.sessions.updates import Update
from mentorship.schemas.base import utc_text
from mentorship.schemas.sessions import UpdateAnswer


def webhook_body(update: Update) -> bytes:
    """As Standard Webhooks 1.0 advises: what kind of event, when it was, and what; in English."""
    content = {
        "type": "session.status_changed",
        "timestamp": utc_text(update.timestamp),
        "data": UpdateAnswer.from_record(update).json_ready(),
    }
    return json.dumps(content, separators=(",", ":")).encode()
