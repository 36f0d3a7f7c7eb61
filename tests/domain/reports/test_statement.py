"""The check code of a statement: it proves person, range and figures, and nobody can make it."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from mentorship.domain.reports.ranges import DateRange
from mentorship.domain.reports.statement import (
    Statement,
    StatementLine,
    Verdict,
    check_code,
    sums_of,
    verdict_on,
)
from mentorship.domain.sessions.lifecycle import Party
from mentorship.domain.sessions.outcomes import OutcomeWord

START = datetime(2026, 11, 24, 9, tzinfo=UTC)
LINE = StatementLine(
    7,
    Party.MENTOR,
    START,
    START + timedelta(hours=1),
    "Writing",
    "Sam",
    OutcomeWord.TOOK_PLACE,
    60,
    55,
)
NOVEMBER = DateRange(date(2026, 11, 1), date(2026, 11, 30), "Europe/Berlin")
STATEMENT = Statement(3, "Maya", NOVEMBER, (LINE,))
KEY = "a-key-of-the-installation"
CODE = check_code(STATEMENT, KEY)


def with_line(**changes):
    return replace(STATEMENT, lines=(replace(LINE, **changes),))


def test_the_code_of_unchanged_figures_is_the_same_however_it_is_typed():
    for typed in (CODE, CODE.lower(), CODE.replace("-", ""), f" {CODE} "):
        assert verdict_on(typed, STATEMENT, KEY) is Verdict.SAME
    renamed = replace(with_line(topic="Editing", other="Samira"), person="Maya M.")
    assert verdict_on(CODE, renamed, KEY) is Verdict.SAME


@pytest.mark.parametrize(
    "changed",
    [
        with_line(minutes_delivered=56),
        with_line(minutes_delivered=None),
        with_line(minutes_booked=61),
        with_line(outcome=None),
        with_line(start=START + timedelta(microseconds=1)),
        with_line(end=START + timedelta(hours=2)),
        with_line(part=Party.STUDENT),
        with_line(session_id=8),
        replace(STATEMENT, lines=()),
        replace(STATEMENT, lines=(LINE, LINE)),
    ],
)
def test_other_figures_have_another_code_and_are_told_from_a_forged_one(changed):
    assert verdict_on(CODE, changed, KEY) is Verdict.CHANGED


@pytest.mark.parametrize(
    "other",
    [
        replace(STATEMENT, person_id=4),
        replace(STATEMENT, dates=replace(NOVEMBER, last=date(2026, 12, 1))),
        replace(STATEMENT, dates=replace(NOVEMBER, timezone="UTC")),
    ],
)
def test_a_code_is_worth_nothing_for_another_person_or_range(other):
    assert verdict_on(CODE, other, KEY) is Verdict.UNKNOWN


@pytest.mark.parametrize("code", ["", "A", "AAAA-" * 6, "\u00c4" * 24, CODE[:-1] + "1", CODE * 2])
def test_what_is_no_code_of_these_figures_is_never_the_same(code):
    assert verdict_on(code, STATEMENT, KEY) is not Verdict.SAME


def test_a_code_is_worth_nothing_elsewhere():
    assert verdict_on(CODE, STATEMENT, "another-key") is Verdict.UNKNOWN


def test_sums_leave_unknown_minutes_unknown():
    unknown = replace(LINE, minutes_delivered=None)

    assert sums_of([unknown]).delivered is None
    assert sums_of([LINE, unknown]).delivered == 55
    assert (sums_of([LINE, unknown]).booked, sums_of([LINE, unknown]).sessions) == (120, 2)
