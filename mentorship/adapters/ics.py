"""Calendars as bytes (RFC 5545), and invitations (RFC 5546)."""

from collections.abc import Iterable
from enum import StrEnum

from icalendar import Alarm as VAlarm
from icalendar import Calendar
from icalendar import Event as VEvent
from icalendar.prop import vCalAddress

from mentorship.domain.calendars import Event

_PRODUCT = "-//Mentorship//Sessions//EN"
_FOLDED = 75
"""The longest line in octets; the library folds longer ones (RFC 5545, section 3.1)."""

_ASK_AGAIN = "PT15M"
"""How often calendar programs should refresh; most have their own interval."""


class Method(StrEnum):
    """What a calendar program should do with an invitation."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


def feed(name: str, events: Iterable[Event], *, description: str = "") -> bytes:
    """A calendar to subscribe to. All times are in UTC, so it needs no time zone definitions."""
    calendar = _calendar(events)
    calendar.add("X-WR-CALNAME", name)
    if description:
        calendar.add("X-WR-CALDESC", description)
    calendar.add("REFRESH-INTERVAL;VALUE=DURATION", _ASK_AGAIN)
    calendar.add("X-PUBLISHED-TTL", _ASK_AGAIN)
    return _bytes(calendar)


def invitation(event: Event, method: Method, *, organizer: str, reader: str, name: str) -> bytes:
    """An event for one reader; `organizer` and `reader` are mail addresses.

    The reader is the only attendee, so that nobody learns another person's address.
    """
    calendar = _calendar([event])
    calendar.add("METHOD", method.value)
    [entry] = calendar.walk("VEVENT")
    entry.add("ORGANIZER", vCalAddress(f"mailto:{organizer}"), parameters={"CN": "Mentorship"})
    entry.add(
        "ATTENDEE",
        vCalAddress(f"mailto:{reader}"),
        parameters={
            "CN": name.replace('"', "'"),
            "ROLE": "REQ-PARTICIPANT",
            "PARTSTAT": "ACCEPTED",
            "RSVP": "FALSE",
        },
    )
    return _bytes(calendar)


def _bytes(calendar: Calendar) -> bytes:
    """The same as `to_ical`, which spends most of its time looking for places to fold lines."""
    return b"".join(
        (line.encode() if line.isascii() and len(line) < _FOLDED else line.to_ical()) + b"\r\n"
        for line in calendar.content_lines()
        if line
    )


def _calendar(events: Iterable[Event]) -> Calendar:
    calendar = Calendar()
    calendar.add("PRODID", _PRODUCT)
    calendar.add("VERSION", "2.0")
    for event in events:
        calendar.add_component(_entry(event))
    return calendar


def _entry(event: Event) -> VEvent:
    entry = VEvent()
    entry.add("UID", event.uid)
    entry.add("DTSTAMP", event.changed_at)
    entry.add("LAST-MODIFIED", event.changed_at)
    entry.add("SEQUENCE", event.sequence)
    entry.add("DTSTART", event.start)
    entry.add("DTEND", event.end)
    entry.add("SUMMARY", event.summary)
    entry.add("DESCRIPTION", event.description)
    entry.add("URL", event.url)
    entry.add("STATUS", "CANCELLED" if event.is_cancelled else "CONFIRMED")
    if event.is_cancelled:  # A cancelled session no longer blocks time.
        entry.add("TRANSP", "TRANSPARENT")
    if event.alarm is not None:
        alarm = VAlarm()
        alarm.add("ACTION", "DISPLAY")
        alarm.add("DESCRIPTION", event.summary)
        alarm.add("TRIGGER", -event.alarm)
        entry.add_component(alarm)
    return entry
