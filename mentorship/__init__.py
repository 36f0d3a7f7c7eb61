"""Mentorship: mentoring sessions that keep their own status."""

from pathlib import Path

from flask import Flask
from sqlalchemy import make_url
from werkzeug.middleware.proxy_fix import ProxyFix

from mentorship import cli, current, web
from mentorship.adapters.mail_transport import mail_transport_for
from mentorship.adapters.rate_limiter import throttle_for
from mentorship.adapters.static_files import serve_static_files
from mentorship.config import (
    LONGEST_BODY,
    PROJECT,
    RESOURCES,
    Settings,
    SettingsError,
    cli_errors,
    keep_private,
    load_settings,
    local_secret_key,
)
from mentorship.current import Parts
from mentorship.domain.accounts.sign_ins import LASTS_FOR
from mentorship.extensions import db, login_manager, migrate
from mentorship.logs import configure_logs
from mentorship.queries.booking.open_bookings import LIMITS_OPTION
from mentorship.services.accounts.signed_links import Links
from mentorship.services.booking.holds import HOLD_OPTION
from mentorship.web.http.request_guards import with_lower_scheme
from mentorship.web.http.security_headers import security_headers


def create_app(settings: Settings | None = None) -> Flask:
    """The application, wired. Raises SettingsError where a setting is wrong."""
    settings = settings or load_settings()
    configure_logs(is_production=settings.is_production)
    app = Flask(
        __name__,
        instance_path=str(PROJECT / "instance"),
        template_folder=str(RESOURCES / "templates"),
        static_folder=None,
    )
    if settings.is_production and app.debug:  # Werkzeug's debugger would let strangers run code.
        raise SettingsError("FLASK_DEBUG: production refuses debug mode")
    app.config.from_mapping(_flask_config(settings))
    current.init_app(app, _parts(app, settings))

    db.init_app(app)
    migrate.init_app(app, db, directory=str(RESOURCES / "migrations"))
    # Pages are handed their viewer; to look one up while an error is shown could fail again.
    login_manager.init_app(app, add_context_processor=False)
    web.init_app(app, settings)
    cli.init_app(app)

    serve_static_files(app, RESOURCES / "static", security_headers(settings))
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        inner = with_lower_scheme(app.wsgi_app)
        app.wsgi_app = ProxyFix(inner, x_for=hops, x_proto=hops)  # type: ignore[method-assign]  # Flask's documented way to add middleware.
    return app


def _parts(app: Flask, settings: Settings) -> Parts:
    return Parts(
        settings=settings,
        links=Links(settings.base_url, app.config["SECRET_KEY"]),
        mail_transport=mail_transport_for(settings.smtp_url, Path(app.instance_path) / "outbox"),
        throttle=throttle_for(settings.redis_url),
    )


_POOL_TIMEOUT = 10
"""Seconds that a request waits for a connection; as long as one for a lock."""


def _pool_options(database: str, settings: Settings) -> dict[str, object]:
    """The options of the connection pool, which never exceeds DATABASE_POOL_SIZE on PostgreSQL."""
    if make_url(database).get_backend_name() == "sqlite":
        return {}
    return {
        "pool_size": settings.database_pool_size,
        "max_overflow": 0,
        "pool_timeout": _POOL_TIMEOUT,
        # In autocommit, as `database.read` uses it, there is nothing to roll back.
        "skip_autocommit_rollback": True,
    }


def _flask_config(settings: Settings) -> dict[str, object]:
    instance = PROJECT / "instance"
    if settings.secret_key:
        key = settings.secret_key.get_secret_value()
    else:
        key = local_secret_key(instance)
    database = settings.database_url
    if database is None:
        with cli_errors("DATABASE_URL"):
            instance.mkdir(mode=0o700, parents=True, exist_ok=True)
        database = f"sqlite:///{instance / 'mentorship.db'}"
    keep_private(instance)
    if (file := make_url(database)).get_backend_name() == "sqlite" and file.database:
        for ending in ("", "-wal", "-shm"):
            keep_private(Path(f"{file.database}{ending}"))
    return {
        "SECRET_KEY": key,
        "SQLALCHEMY_DATABASE_URI": database,
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "hide_parameters": True,  # Tokens in addresses would be secrets in a log.
            "execution_options": {
                HOLD_OPTION: settings.hold,
                LIMITS_OPTION: settings.booking_limits,
            },
            **_pool_options(database, settings),
        },
        "SESSION_COOKIE_NAME": f"{'__Host-' * settings.has_https_cookies}mentorship_session",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.is_production,
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": LASTS_FOR,
        "MAX_CONTENT_LENGTH": LONGEST_BODY,
    }
