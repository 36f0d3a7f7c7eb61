"""HTTP: blueprints, and the rules that hold for every request."""

from flask import Flask

from mentorship.config import Settings
from mentorship.web import (
    admin_api,
    auth,
    cron_api,
    dashboard,
    errors,
    formats,
    guard,
    headers,
    identity,
    openapi,
    sessions,
)


def init_app(app: Flask, settings: Settings) -> None:
    """Register the blueprints and the handlers around them."""
    app.url_map.converters["id"] = guard.IdConverter
    guard.init_app(app, settings)
    headers.init_app(app, settings)
    errors.init_app(app)
    formats.init_app(app)
    identity.init_app()
    auth.init_app(app, settings)
    for module in (admin_api, auth, cron_api, dashboard, openapi, sessions):
        app.register_blueprint(module.bp)
