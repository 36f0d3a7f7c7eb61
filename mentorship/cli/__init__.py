"""Commands: each reads the clock once, calls a service and prints what it did."""

from flask import Flask
from flask.cli import FlaskGroup
from werkzeug.utils import import_string

from mentorship.cli import accounts, imports, operations, receipts, reports, sessions


def init_app(app: Flask) -> None:
    """Add the commands to `flask`."""
    for module in (imports, accounts, operations, sessions, receipts, reports):
        for command in module.COMMANDS:
            app.cli.add_command(command)


def main() -> None:
    """The `mentorship` command of an installed wheel: the commands of `flask --app wsgi`."""
    # The product reads `.env` itself, and says in one line what is wrong with it.
    FlaskGroup(create_app=lambda: import_string("mentorship.wsgi:app"), load_dotenv=False)(
        prog_name="mentorship"
    )
