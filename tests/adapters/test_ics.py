"""Calendars are read by two parsers that know nothing of us, whatever stands in them."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import icalendar
import pytest
import vobject
from hypothesis import given
from hypothesis import strategies as st

from mentorship.adapters import calendar_links, ics
from mentorship.domain.calendars import Event

START = datetime(2027, 3, 28, 15, tzinfo=UTC)
LETTERS = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Cn"))
"""What a name or a topic may hold: no control characters and no lone surrogates."""

ODD = "äßé;,\\\":'\N{COMBINING DIAERESIS}漢😀\N{ZERO WIDTH JOINER}"
WORDS = st.text(LETTERS | st.sampled_from(ODD), max_size=200)


def an_event(**changes):
    columns = {
        "uid": "session-7@mentors.example.org",
        "sequence": 3,
        "summary": "Databases",
        "description": "With Sam.",
        "url": "https://mentors.example.org/sessions/7",
        "start": START,
        "end": START + timedelta(hours=1),
        "changed_at": START,
        "is_cancelled": False,
    }
    return Event(**columns | changes)


def invitation(event, method=ics.Method.REQUEST, name="Maya Okafor"):
    return ics.invitation(
        event, method, organizer="no-reply@example.org", reader="maya@example.org", name=name
    )


def read(content):
    """The only event, as each of the two parsers has it."""
    [entry] = icalendar.Calendar.from_ical(content).walk("VEVENT")
    return entry, vobject.readOne(content.decode()).vevent


@given(summary=WORDS, description=WORDS, name=WORDS)
def test_any_words_come_back_whole_from_lines_that_are_folded_between_letters(
    summary, description, name
):
    content = invitation(an_event(summary=summary, description=description), name=name)

    for line in content.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()  # A letter cut in two would raise.
    first, second = read(content)
    assert (str(first["SUMMARY"]), str(first["DESCRIPTION"])) == (summary, description)
    assert (second.summary.value, second.description.value) == (summary, description)
    assert first["ATTENDEE"] == second.attendee.value == "mailto:maya@example.org"


def test_line_breaks_and_separators_in_words_start_no_line_of_their_own():
    words = 'A; b, c\\n "d"\nATTENDEE:mailto:eve@example.org\r\nEND:VEVENT'
    content = invitation(an_event(summary=words, description=words), name='Eve";X="1')

    for start in (rb"END:VEVENT", rb"ATTENDEE"):
        assert len(re.findall(rb"(?m)^" + start, content)) == 1
    first, second = read(content)
    plain = words.replace("\r\n", "\n")
    assert str(first["SUMMARY"]).replace("\r\n", "\n") == plain == second.summary.value
    assert "X" not in first["ATTENDEE"].params


@pytest.mark.parametrize(
    ("method", "is_cancelled", "status"),
    [(ics.Method.REQUEST, False, "CONFIRMED"), (ics.Method.CANCEL, True, "CANCELLED")],
)
def test_an_invitation_says_what_it_asks_for_and_for_which_time(method, is_cancelled, status):
    content = invitation(an_event(is_cancelled=is_cancelled), method)

    assert icalendar.Calendar.from_ical(content)["METHOD"] == method
    first, second = read(content)
    assert first["STATUS"] == second.status.value == status
    assert (first.decoded("DTSTART"), first.decoded("DTEND")) == (START, START + timedelta(hours=1))
    assert (second.dtstart.value, second.dtend.value) == (START, START + timedelta(hours=1))
    assert (first["UID"], first["SEQUENCE"]) == ("session-7@mentors.example.org", 3)
    assert first["ORGANIZER"] == "mailto:no-reply@example.org"


@pytest.mark.parametrize("lead", [timedelta(0), timedelta(minutes=10), timedelta(days=1)])
def test_an_alarm_rings_so_long_before(lead):
    first, second = read(ics.feed("Mentorship", [an_event(alarm=lead)]))

    assert first.walk("VALARM")[0].decoded("TRIGGER") == -lead
    assert second.valarm.trigger.value == -lead


def test_links_fill_the_forms_of_calendars_on_the_web():
    event = an_event(summary="C & C++ = ü?", description="With Sam #1")
    google, outlook = (
        parse_qs(urlsplit(link(event)).query)
        for link in (calendar_links.google, calendar_links.outlook)
    )

    assert google["text"] == outlook["subject"] == ["C & C++ = ü?"]
    assert google["dates"] == ["20270328T150000Z/20270328T160000Z"]
    assert (outlook["startdt"], outlook["enddt"]) == (
        ["2027-03-28T15:00:00Z"],
        ["2027-03-28T16:00:00Z"],
    )
    assert "With Sam #1" in google["details"][0]
