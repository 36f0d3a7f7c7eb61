"""Commands: each reads the clock once, calls a service and prints what it did."""

from flask import Flask

from mentorship.cli import accounts, imports, operations, sessions


def init_app(app: Flask) -> None:
    """Add the commands to `flask`."""
    for module in (imports, accounts, operations, sessions):
        for command in module.COMMANDS:
            app.cli.add_command(command)
