"""Commands that list and undo imports."""

import click

from mentorship.cli.database import this_program, with_database
from mentorship.clock import utc_now
from mentorship.domain.shared.errors import InvalidInput
from mentorship.extensions import db
from mentorship.models.imports import ImportKind
from mentorship.services.operations.remove_import import Removal, list_imports, remove_import

_WORDS = {
    "users": ("person", "people"),
    "session_bookings": ("session", "sessions"),
    "mentor_time_slots": ("slot", "slots"),
    "status_changes": ("row of the journal", "rows of the journal"),
    "outbox_messages": ("mail", "mails"),
    "webhook_calls": ("webhook call", "webhook calls"),
}
"""The tables that a removal counts, in the order of the report."""


_KINDS = {ImportKind.SESSIONS: _WORDS["session_bookings"], ImportKind.PEOPLE: _WORDS["users"]}
"""What the rows of an import are called, singular and plural."""


def say_how_to_remove(import_id: int | None) -> None:
    """Print the number of an import and the command that undoes it, on stderr."""
    if import_id is not None:
        click.echo(
            f"This is import {import_id}. To undo it: {this_program()} remove-import {import_id}",
            err=True,
        )


@click.command("list-imports")
@with_database
def list_imports_command() -> None:
    """Print what was imported, the newest first. Times are in UTC."""
    for entry in list_imports(db.session()):
        state = f", removed {entry.removed_at:%Y-%m-%d %H:%M}" if entry.removed_at else ""
        one, many = _KINDS[entry.kind]
        click.echo(
            f"{entry.id:>6}  {entry.imported_at:%Y-%m-%d %H:%M}"
            f"  {entry.rows} {one if entry.rows == 1 else many}"
            f"  {entry.file_name}{state}"
        )


@click.command("remove-import")
@click.argument("import_id", metavar="ID", type=click.IntRange(1, 2**31 - 1))
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@click.option("--force", is_flag=True, help="Also if people have acted on it since.")
@with_database
def remove_import_command(*, import_id: int, dry_run: bool, force: bool) -> None:
    """Undo the import with this ID, as import-users or import-sessions printed it.

    Sessions go with their journal and mail, and with the slots that were made for them and that
    nobody else uses; people go with their profile. All or nothing. Nobody gets a mail about it.
    """
    try:
        removal = remove_import(
            db.session(), import_id, now=utc_now(), is_forced=force, is_dry_run=dry_run
        )
    except InvalidInput as error:
        raise click.ClickException(f"{error} Nothing was removed.") from None
    click.echo(f"{'Would remove' if dry_run else 'Removed'} {_counted(removal)}.")
    if removal.slots_left:
        click.echo(
            f"{removal.slots_left} of the slots that the import created stay, "
            "because others use them.",
            err=True,
        )


def _counted(removal: Removal) -> str:
    what = [
        f"{count} {one if count == 1 else many}"
        for table, (one, many) in _WORDS.items()
        if (count := removal.removed[table])
    ]
    return " and ".join(filter(None, (", ".join(what[:-1]), what[-1]))) if what else "nothing"


COMMANDS = (list_imports_command, remove_import_command)
