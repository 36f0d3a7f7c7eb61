"""What the current application was made with, by type: for views and commands."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from mentorship.adapters.mail_transport import MailTransport
from mentorship.adapters.rate_limiter import Throttle
from mentorship.config import Settings
from mentorship.services.accounts.signed_links import Links

_EXTENSION = "mentorship"


@dataclass
class Parts:
    """One of each for an application; `create_app` makes them, and a test may replace one."""

    settings: Settings
    links: Links
    mail_transport: MailTransport
    throttle: Throttle


def init_app(app: Flask, parts: Parts) -> None:
    """Give the application its parts."""
    app.extensions[_EXTENSION] = parts


def parts_of(app: Flask) -> Parts:
    """The parts of an application, current or not."""
    return cast(Parts, app.extensions[_EXTENSION])


def settings() -> Settings:
    """The settings of the current application."""
    return parts_of(current_app).settings


def secret_key() -> str:
    """What cookies, links and keys are signed with: SECRET_KEY, or what was made in its place."""
    return cast(str, current_app.config["SECRET_KEY"])


def links() -> Links:
    """What makes and reads the signed links of mails."""
    return parts_of(current_app).links


def mail_transport() -> MailTransport:
    """Where mail goes: a server, or a folder."""
    return parts_of(current_app).mail_transport


def throttle() -> Throttle:
    """What counts tries and changes."""
    return parts_of(current_app).throttle
