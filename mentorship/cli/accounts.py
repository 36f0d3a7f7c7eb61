"""Commands about accounts."""

from collections.abc import Set
from pathlib import Path

import click

from mentorship import current
from mentorship.cli.database import with_database
from mentorship.cli.imports import say_how_to_remove
from mentorship.cli.progress import with_progress
from mentorship.clock import utc_now
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.shared.email_addresses import normalized
from mentorship.domain.shared.errors import InvalidInput
from mentorship.extensions import db
from mentorship.queries.accounts.people import account_of
from mentorship.services.accounts import passwords
from mentorship.services.accounts.import_csv import import_users
from mentorship.services.accounts.signed_links import Purpose
from mentorship.services.shared.text_fields import clean_roles

CSV_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.option("--email", required=True)
@click.option("--name", required=True)
@click.option(
    "--role",
    "role_names",
    required=True,
    multiple=True,
    help="student, mentor or admin; several with commas: student,mentor",
)
@click.option("--password", help="Asked for if not given.")
@click.option("--timezone", default="UTC", show_default=True, help="An IANA name.")
@with_database
def create_user(
    email: str, name: str, role_names: tuple[str, ...], password: str | None, timezone: str
) -> None:
    """Create one account."""
    if password is None:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        roles = clean_roles(",".join(role_names))
        account = passwords.new_account(
            email=email,
            name=name,
            roles=roles,
            password=passwords.clean_password(password),
            timezone=timezone,
            now=utc_now(),
        )
        passwords.create_user(db.session(), account)
    except InvalidInput as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"Created the {_listed(roles)} {account['email']}.")


def _listed(roles: Set[Role]) -> str:
    """Like "student, mentor and admin", in the order of the roles."""
    *first, last = (role.lower() for role in Role if role in roles)
    return f"{', '.join(first)} and {last}" if first else last


@click.command("import-users")
@click.argument("file", type=CSV_FILE)
@with_database
def import_users_command(file: Path) -> None:
    """Create accounts from a CSV FILE, all or nothing.

    Columns: email, name, role, and optionally password, timezone. Several roles of one person
    are written in one cell, separated by commas.
    """
    try:
        done = import_users(
            db.session(), file.read_bytes(), now=utc_now(), file_name=file.name, watch=with_progress
        )
    except InvalidInput as error:
        raise click.ClickException(f"{error} Nothing was imported.") from None
    click.echo(f"Imported {done.count} {'person' if done.count == 1 else 'people'}.")
    say_how_to_remove(done.import_id)
    if done.without_password:
        click.echo("These people can set a password with a link that works for seven days:")
    for person in done.without_password:
        click.echo(f"{person.email}  {_reset_link(person.user_id, epoch=person.epoch)}")


@click.command("reset-link")
@click.option("--email", required=True)
@with_database
def reset_link(email: str) -> None:
    """Print a link to set a password. It works once, for seven days."""
    account = account_of(db.session(), normalized(email))
    if account is None:
        raise click.ClickException(f"There is no account with {email}.")
    click.echo(_reset_link(account.viewer.id, epoch=account.viewer.epoch))


def _reset_link(user_id: int, *, epoch: int) -> str:
    links = current.links()
    return links.password(Purpose.INVITATION, user_id=user_id, epoch=epoch)


COMMANDS = (create_user, import_users_command, reset_link)
