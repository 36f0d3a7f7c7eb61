"""Commands: each reads the clock once, calls a service and prints what it did."""

from flask import Flask

from mentorship.cli import imports, people, running, sessions


def init_app(app: Flask) -> None:
    """Add the commands to `flask`."""
    for module in (imports, people, running, sessions):
        for command in module.COMMANDS:
            app.cli.add_command(command)
