"""Text that people give is cleaned, and refused where it would break something further on."""

import pytest

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.services.shared.text_fields import (
    LONGEST_NAME,
    clean_email,
    clean_hour_cycle,
    clean_language,
    clean_name,
    clean_roles,
    clean_text,
    clean_timezone,
)


@pytest.mark.parametrize(
    "text", ["Kim", "Zo\u00eb", "\u738b\u5c0f\u660e", "\u05d3\u05d5\u05d3", "R2-D2", "\U0001f642"]
)
def test_text_of_any_script_stays_as_it_is_without_blanks_around_it(text):
    assert clean_text(f" {text}\n", what="The name", longest=20) == text


@pytest.mark.parametrize(
    "text",
    ["a\x00b", "a\nb", "a\rb", "a\x1bb", "a\ud800b", "a\u202eb", "a\u2066b", "a" + "\u0301" * 9],
)
def test_text_that_would_break_headers_databases_or_its_neighbours_is_refused(text):
    with pytest.raises(InvalidInput, match="contains a character that cannot be used"):
        clean_text(text, what="The name", longest=20)


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u200d", "\u00a0"])
def test_text_that_shows_nothing_counts_as_empty(text):
    assert clean_text(text, what="The topic", longest=20, required=False) == ""
    with pytest.raises(InvalidInput, match=r"^The topic is missing\.$"):
        clean_text(text, what="The topic", longest=20)


def test_a_name_may_be_exactly_as_long_as_allowed():
    assert clean_name("a" * LONGEST_NAME) == "a" * LONGEST_NAME
    with pytest.raises(InvalidInput, match="longer than 120 characters"):
        clean_name("a" * (LONGEST_NAME + 1))


def test_an_address_is_kept_in_lower_case():
    assert clean_email(" Kim.Lee@Example.ORG ") == "kim.lee@example.org"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mailto:kim@example.org", "contains more than an e-mail address"),
        ("Kim <kim@example.org>", "contains more than an e-mail address"),
        ("k\u00efm@example.org", "only the letters A to Z are allowed"),
        ("kim", "is not an e-mail address"),
        ("kim@", "is not an e-mail address"),
        ("", "is missing"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason(text, message):
    with pytest.raises(InvalidInput, match=message):
        clean_email(text)


def test_choices_are_read_by_their_names():
    assert clean_roles(" Mentor ") == {Role.MENTOR}
    assert clean_roles("student, MENTOR,student") == {Role.STUDENT, Role.MENTOR}
    assert clean_hour_cycle("h12") is HourCycle("h12")
    assert clean_language("de") is Language("de")
    assert clean_hour_cycle("") is clean_language("") is None


@pytest.mark.parametrize(
    ("clean", "text"),
    [
        (clean_roles, "teacher"),
        (clean_roles, "student,"),
        (clean_roles, "student;mentor"),
        (clean_hour_cycle, "h13"),
        (clean_language, "fr"),
        (clean_timezone, "Mars/Olympus"),
        (clean_timezone, "../etc/passwd"),
    ],
)
def test_another_choice_is_refused(clean, text):
    with pytest.raises(InvalidInput):
        clean(text)


@pytest.mark.parametrize(
    ("text", "zone"),
    [("", "UTC"), (" Europe/Berlin ", "Europe/Berlin"), ("Asia/Calcutta", "Asia/Kolkata")],
)
def test_a_zone_has_todays_name(text, zone):
    assert clean_timezone(text) == zone
