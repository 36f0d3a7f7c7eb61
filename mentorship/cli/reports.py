"""The command that reports."""

import json
from collections.abc import Iterable

import click
from pydantic.alias_generators import to_camel

from mentorship import current
from mentorship.cli.database import with_database
from mentorship.clock import utc_now
from mentorship.domain.reports.figures import FIGURES, By, Row
from mentorship.domain.reports.ranges import parse_range
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.zones import UTC_NAME, current_name
from mentorship.extensions import db
from mentorship.models import Cause
from mentorship.queries.reports.facts import ReportSpec, Scope
from mentorship.queries.reports.summary import summary
from mentorship.schemas.reports import summary_answer
from mentorship.services.sessions.sweep import no_updates, update_session_statuses

_DIVISIONS = click.Choice([each.value for each in By])


@click.command()
@click.option("--from", "first", help="The first day, like 2026-11-01. Without days: this month.")
@click.option("--to", "last", help="The last day, which is included.")
@click.option("--by", type=_DIVISIONS, default=By.TOTAL.value, show_default=True)
@click.option("--zone", default=UTC_NAME, show_default=True, help="Whose days: an IANA name.")
@click.option("--json", "as_machine", is_flag=True, help="Print the JSON of /api/reports/summary.")
@with_database
def report(*, first: str | None, last: str | None, by: str, zone: str, as_machine: bool) -> None:
    """Print the report on everybody's sessions in a range of days, after a sweep."""
    now, timezone = utc_now(), current_name(zone)
    if timezone is None:
        raise click.ClickException(f"There is no time zone {zone}.")
    try:
        dates = parse_range(first, last, timezone=timezone, now=now)
    except InvalidInput as error:
        raise click.ClickException(str(error)) from None
    spec = ReportSpec(dates, By(by), Scope(), now, current.settings().outcome_silence)
    update_session_statuses(db.session(), now=now, cause=Cause.COMMAND, returning=no_updates)
    rows = summary(db.session(), spec)
    click.echo(json.dumps(summary_answer(spec, rows, str)) if as_machine else _text(spec, rows))


def _text(spec: ReportSpec, rows: Iterable[Row]) -> str:
    """A block for each row, with a line for each figure; a dash where it is unknown."""
    dates = spec.dates
    lines = [f"From {dates.first} to {dates.last}, both included ({dates.timezone})"]
    for row in rows:
        lines += ["", f"{row.label} [{row.key}]"]
        values = ((figure.name, getattr(row.tally, figure.name)) for figure in FIGURES)
        lines += [f"  {to_camel(name):<20} {_value(value)}" for name, value in values]
    return "\n".join(lines)


def _value(value: float | None) -> str:
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


COMMANDS = (report,)
