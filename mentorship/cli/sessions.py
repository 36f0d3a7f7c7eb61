"""Commands about sessions."""

import json
from datetime import datetime
from pathlib import Path

import click

from mentorship.cli.accounts import CSV_FILE
from mentorship.cli.database import with_database
from mentorship.cli.imports import say_how_to_remove
from mentorship.cli.progress import with_progress
from mentorship.clock import utc_now
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.timestamps import parse_timestamp
from mentorship.extensions import db
from mentorship.models import Cause
from mentorship.schemas.sessions import sweep_answer
from mentorship.services.sessions.imports.import_csv import import_sessions
from mentorship.services.sessions.sweep import (
    SweepResult,
    all_updates,
    preview_sweep,
    update_session_statuses,
)


@click.command("import-sessions")
@click.argument("file", type=CSV_FILE)
@with_database
def import_sessions_command(file: Path) -> None:
    """Book sessions from a CSV FILE, all or nothing.

    Columns: mentor_email, student_email, start, end, topic, and optionally status, is_delayed.
    Times are ISO 8601 with an offset.
    """
    try:
        done = import_sessions(
            db.session(), file.read_bytes(), now=utc_now(), file_name=file.name, watch=with_progress
        )
    except InvalidInput as error:
        raise click.ClickException(f"{error} Nothing was imported.") from None
    click.echo(f"Imported {done.count} session{'' if done.count == 1 else 's'}.")
    say_how_to_remove(done.import_id)
    if done.overlapping:
        click.echo(
            f"{done.overlapping} of them overlap another session of the same person; "
            "they were imported anyway.",
            err=True,
        )
    if done.overdue:
        click.echo(
            f"{done.overdue} of them are SCHEDULED although their start time has passed; "
            "the next sweep will mark them as delayed.",
            err=True,
        )


def _time(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_timestamp(text, now=utc_now())
    except InvalidInput as error:
        raise click.BadParameter(str(error)) from None


@click.command()
@click.option("--dry-run", is_flag=True, help="Only show what would change; write nothing.")
@click.option("--at", "at", callback=_time, help="Show what would change at this time.")
@click.option("--json", "as_machine", is_flag=True, help="Print JSON instead of a table.")
@with_database
def sweep(*, dry_run: bool, at: datetime | None, as_machine: bool) -> None:
    """Apply all transitions that are due now, once."""
    now = at or utc_now()
    if dry_run or at:
        result = preview_sweep(db.session(), now=now)
    else:
        result = update_session_statuses(
            db.session(), now=now, cause=Cause.COMMAND, returning=all_updates
        )
    click.echo(json.dumps(sweep_answer(result, now, str)) if as_machine else _table(result))
    if dry_run or at:
        click.echo("Nothing was written.", err=True)


def _table(result: SweepResult) -> str:
    lines = [f"{'session':>9}  {'from':<10} {'to':<10} {'delayed':<8} due (UTC)"]
    lines += [
        f"{update.session_id:>9}  {update.old_status:<10} {update.new_status:<10} "
        f"{'yes' if update.is_delayed else 'no':<8} {update.due_at:%Y-%m-%d %H:%M:%S}"
        for update in result.updates
    ]
    return "\n".join([*(lines if result.updates else []), result.message])


COMMANDS = (import_sessions_command, sweep)
