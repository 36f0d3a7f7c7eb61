"""HTTP: blueprints, and the rules that hold for every request."""

from flask import Flask

from mentorship.config import Settings
from mentorship.web import (
    account,
    admin_api,
    afterwards,
    auth,
    availability,
    availability_api,
    booking,
    calendar,
    change_limits,
    cron_api,
    dashboard,
    errors,
    feeds,
    fields,
    formats,
    guard,
    headers,
    identity,
    known_browsers,
    languages,
    limits,
    mail,
    mentors,
    names,
    openapi,
    people,
    profile,
    recording_api,
    session_page,
    sessions,
    sign_up,
    tokens,
    waiting,
    webhooks,
    well_known,
)


def init_app(app: Flask, settings: Settings) -> None:
    """Register the blueprints and the handlers around them."""
    app.url_map.converters["id"] = guard.IdConverter
    guard.init_app(app, settings)
    headers.init_app(app, settings)
    errors.init_app(app)
    fields.init_app(app)
    languages.init_app(app)
    formats.init_app(app)
    names.init_app(app)
    identity.init_app(app)
    known_browsers.init_app(app, settings)
    limits.init_app(app, settings)
    change_limits.init_app(app)
    feeds.init_app(app)
    for module in (
        account, admin_api, afterwards, auth, availability, availability_api, booking, calendar,
        cron_api, dashboard, feeds, mail, mentors, openapi, people, profile, recording_api,
        session_page, sessions, sign_up, tokens, waiting, webhooks, well_known,
    ):  # fmt: skip
        app.register_blueprint(module.bp)
    openapi.init_app(app)
