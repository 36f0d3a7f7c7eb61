"""Sessions outside its range cost a report nothing: it reads the indexes on the start."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session

from mentorship.domain.reports.figures import By
from mentorship.domain.reports.ranges import DateRange
from mentorship.queries.reports.facts import ReportSpec, Scope
from mentorship.queries.reports.pictures import beginnings, load_by_hour
from mentorship.queries.reports.summary import summary
from tests.support.report_scene import fill_with_a_mixed_past

LAST = datetime(2026, 11, 3, 12, tzinfo=UTC)
DAYS = DateRange(date(2026, 11, 2), date(2026, 11, 3), "Europe/Berlin")


@pytest.fixture
def years(database_url):
    """An engine on three months of sessions, of which the last two days are asked for."""
    engine = create_engine(database_url)
    fill_with_a_mixed_past(
        engine, first=LAST - timedelta(days=98), sessions=3_000, now=LAST, seed=3
    )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    yield engine
    engine.dispose()


def plans_of(engine, read):
    """The plan of each statement by which `read` reads sessions or slots, as one text."""
    sent = []

    def note(_connection, _cursor, sql, values, *_rest):
        sent.append((sql, values))

    event.listen(engine, "before_cursor_execute", note)
    with Session(engine) as session:
        read(session)
    event.remove(engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    with engine.connect() as connection:
        return [
            "\n".join(
                str(row[-1]).strip()
                for row in connection.exec_driver_sql(f"{explain} {sql}", values)
            )
            for sql, values in sent
            if "session_bookings" in sql or "mentor_time_slots" in sql
        ]


def whole_scans(plan):
    """The lines that read sessions or slots from end to end."""
    tables = ("session_bookings", "mentor_time_slots")
    return [
        line
        for line in plan.splitlines()
        if any(f"Seq Scan on {table}" in line or line == f"SCAN {table}" for table in tables)
    ]


@pytest.mark.parametrize("by", list(By))
def test_a_report_reads_the_days_of_its_range_and_no_others(years, by):
    spec = ReportSpec(DAYS, by, Scope(), LAST, timedelta(hours=72))

    sessions, cancelled, *offered = plans_of(years, lambda session: summary(session, spec))

    assert "ix_session_bookings_start" in sessions
    assert "ix_session_bookings_cancelled_start" in cancelled
    assert "ix_status_changes_cancellations" in cancelled
    assert len(offered) == (by not in (By.STUDENT, By.TOPIC))
    assert all("ix_mentor_time_slots_offered" in plan for plan in offered)
    for plan in (sessions, cancelled, *offered):
        assert whole_scans(plan) == []


@pytest.mark.parametrize("read", [beginnings, load_by_hour])
def test_the_pictures_read_the_days_of_their_range_and_no_others(years, read):
    spec = ReportSpec(DAYS, By.TOTAL, Scope(), LAST, timedelta(hours=72))

    [plan] = plans_of(years, lambda session: read(session, spec))

    assert "ix_session_bookings_start" in plan
    assert whole_scans(plan) == []
