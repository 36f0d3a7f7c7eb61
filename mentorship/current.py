"""Typed access to what the current application was created with, for views and commands."""

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
    """The parts of one application; `create_app` makes them, and a test may replace one."""

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
    """The key that signs cookies, links and webhooks: SECRET_KEY, or the one made in its place."""
    return cast(str, current_app.config["SECRET_KEY"])


def links() -> Links:
    """Makes and reads the signed links in mail."""
    return parts_of(current_app).links


def mail_transport() -> MailTransport:
    """The transport of mail: an SMTP server, or a folder."""
    return parts_of(current_app).mail_transport


def throttle() -> Throttle:
    """Counts attempts and changes for the rate limits."""
    return parts_of(current_app).throttle
