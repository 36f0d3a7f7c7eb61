"""Every figure of a report is what plain Python counts from a dump of the tables."""

from datetime import UTC, date, datetime, timedelta

import pytest
from pydantic.alias_generators import to_camel
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from mentorship.domain.reports.figures import FIGURES, By
from mentorship.domain.reports.ranges import DateRange
from mentorship.queries.reports.facts import ReportSpec, Scope
from mentorship.queries.reports.summary import summary
from tests.support.recount import Asked, dump_tables, recount
from tests.support.report_scene import MENTORS, ZONES, fill_with_a_mixed_past

SILENCE = timedelta(hours=72)
NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
RANGES = [
    (date(2026, 10, 20), date(2026, 11, 5)),  # Clocks change in Berlin and in New York.
    (date(2026, 10, 25), date(2026, 10, 25)),
    (date(2026, 11, 1), date(2026, 11, 1)),
    (date(2026, 10, 4), date(2026, 10, 27)),
    (date(2020, 1, 1), date(2020, 1, 31)),  # Nothing at all.
]


@pytest.fixture
def reader(database_url):
    """An engine on a database with sessions in every state."""
    engine = create_engine(database_url)
    first = datetime(2026, 10, 20, tzinfo=UTC)
    fill_with_a_mixed_past(engine, first=first, sessions=500, now=NOW, seed=8)
    yield engine
    engine.dispose()


def figures_of(engine, asked, *, now=NOW):
    """The product's figures, by key and by the names of the JSON."""
    spec = ReportSpec(
        DateRange(asked.first, asked.last, asked.zone),
        By(asked.by),
        Scope(asked.mentor_id),
        now,
        SILENCE,
    )
    with Session(engine) as session:
        rows = summary(session, spec)
    return {
        row.key: {to_camel(figure.name): getattr(row.tally, figure.name) for figure in FIGURES}
        for row in rows
    }


def differences(ours, counted):
    """Where the two disagree: row, figure, what the product says, what was counted."""
    return [
        (key, name, ours.get(key, {}).get(name), counted.get(key, {}).get(name))
        for key in sorted(ours.keys() | counted.keys())
        for name in sorted(ours.get(key, {}).keys() | counted.get(key, {}).keys())
        if (key in ours) is not (key in counted) or ours[key].get(name) != counted[key].get(name)
    ]


@pytest.mark.parametrize("by", list(By))
def test_every_figure_is_what_plain_python_counts(reader, by):
    dump = dump_tables(reader)
    for zone in ZONES:
        for first, last in RANGES:
            for mentor_id in (None, MENTORS[0]):
                asked = Asked(first, last, zone, by.value, NOW, mentor_id=mentor_id)

                assert differences(figures_of(reader, asked), recount(dump, asked)) == [], asked
