"""What a request needs of the application that answers it."""

from typing import cast

from flask import current_app

from mentorship.config import Settings


def settings() -> Settings:
    """The settings of the current application."""
    return cast(Settings, current_app.extensions["settings"])
