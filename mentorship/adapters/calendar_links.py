"""Links that put an event into somebody's calendar on the web."""

from datetime import datetime
from urllib.parse import urlencode

from mentorship.domain.calendars import Event


def google(event: Event) -> str:
    """A filled form of Google Calendar."""
    fields = {
        "action": "TEMPLATE",
        "text": event.summary,
        "dates": f"{_basic(event.start)}/{_basic(event.end)}",
        "details": f"{event.description}\n{event.url}",
    }
    return f"https://calendar.google.com/calendar/render?{urlencode(fields)}"


def outlook(event: Event) -> str:
    """A filled form of Outlook on the web."""
    fields = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": event.summary,
        "startdt": f"{event.start:%Y-%m-%dT%H:%M:%SZ}",
        "enddt": f"{event.end:%Y-%m-%dT%H:%M:%SZ}",
        "body": f"{event.description}\n{event.url}",
    }
    return f"https://outlook.live.com/calendar/0/deeplink/compose?{urlencode(fields)}"


def _basic(instant: datetime) -> str:
    return f"{instant:%Y%m%dT%H%M%SZ}"
