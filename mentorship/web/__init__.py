"""HTTP: the blueprints, and the rules for every request."""

from flask import Flask

from mentorship.config import Settings
from mentorship.web import mail, operations, webhooks
from mentorship.web.accounts import account, mentor_profile, people, sign_in, sign_up, tokens_api
from mentorship.web.availability import api, pages
from mentorship.web.booking import book, directory, waiting_list
from mentorship.web.calendars import feeds
from mentorship.web.http import (
    authentication,
    errors,
    formatting,
    labels,
    locale,
    openapi,
    request_body,
    request_guards,
    security_headers,
)
from mentorship.web.http.limits import changes, known_browsers
from mentorship.web.reports import api as reports_api
from mentorship.web.reports import files as report_files
from mentorship.web.reports import pages as report_pages
from mentorship.web.reports import statements
from mentorship.web.reports import values as report_values
from mentorship.web.sessions import (
    actions,
    admin_api,
    cron_api,
    dashboard,
    detail,
    followup,
    live,
    outcome_queue,
    receipts_api,
    recording_api,
    week_view,
)


def init_app(app: Flask, settings: Settings) -> None:
    """Register the blueprints and the handlers around them."""
    app.url_map.converters["id"] = request_guards.IdConverter
    request_guards.init_app(app, settings)
    security_headers.init_app(app, settings)
    errors.init_app(app)
    request_body.init_app(app)
    locale.init_app(app)
    formatting.init_app(app)
    labels.init_app(app)
    report_values.init_app(app)
    outcome_queue.init_app(app)
    authentication.init_app(app)
    known_browsers.init_app(app, settings)
    changes.init_app(app)
    feeds.init_app(app)
    live.init_app(app, settings)
    for module in (
        account,
        admin_api,
        followup,
        sign_in,
        pages,
        api,
        book,
        week_view,
        cron_api,
        dashboard,
        feeds,
        mail,
        directory,
        openapi,
        people,
        mentor_profile,
        receipts_api,
        recording_api,
        detail,
        actions,
        outcome_queue,
        sign_up,
        tokens_api,
        waiting_list,
        webhooks,
        operations,
        reports_api,
        report_files,
        report_pages,
        statements,
    ):
        app.register_blueprint(module.bp)
    openapi.init_app(app)
