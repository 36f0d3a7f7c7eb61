"""Commands that run the product: the server, the worker and the demo."""

import importlib
import socket
import threading
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import click
from sqlalchemy.orm import Session

from mentorship import current
from mentorship.adapters.passwords import DEMO_PASSWORD
from mentorship.adapters.webhook_client import WebhookClient
from mentorship.cli.database import with_database
from mentorship.cli.serving import on_stop, serve_application
from mentorship.clock import utc_now
from mentorship.config import PROJECT, RESOURCES
from mentorship.domain.shared.errors import InvalidInput
from mentorship.extensions import db
from mentorship.queries.accounts.people import account_of
from mentorship.schemas.webhooks import webhook_body
from mentorship.served_address import announce_address
from mentorship.services.mail.compose import MailSettings
from mentorship.services.operations.demo import DEMO_SIGN_INS, load_demo
from mentorship.services.operations.worker import SENDERS, run_calls, run_mail, run_worker
from mentorship.services.webhooks.send import WebhookSender


@click.command()
@click.option("--if-empty", is_flag=True, help="Leave a database that has users alone, quietly.")
@with_database
def demo(*, if_empty: bool) -> None:
    """Fill an empty database with people, slots and sessions around the present minute."""
    settings = current.settings()
    if settings.is_production:
        raise click.ClickException(
            "Demo accounts have a known password, so they are created in development only "
            "(MENTORSHIP_ENV=development)."
        )
    try:
        count = load_demo(db.session(), now=utc_now())
        click.echo(f"Loaded {count} demo sessions.")
    except InvalidInput as error:
        if not if_empty:
            raise click.ClickException(str(error)) from None
        if account_of(db.session(), DEMO_SIGN_INS[0][0]) is None:
            click.echo("The database already has users of its own, so no demo was loaded.")
            return
    click.echo(f"Sign in with the password {DEMO_PASSWORD} as")
    for email, role in DEMO_SIGN_INS:
        click.echo(f"  {email:<20} ({role.lower()})")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64))
@with_database
def serve(host: str, port: int, workers: int) -> None:
    """Serve the product."""
    _require_free_port(host, port)
    db.engine.dispose()  # Each worker opens its own connections.
    address = f"[{host}]" if ":" in host else host
    click.echo(f"Mentorship serves http://{address}:{port}")
    settings = current.settings()
    with ExitStack() as stack:
        if not settings.is_production:
            url = f"http://{'127.0.0.1' if host in _EVERYWHERE else address}:{port}"
            stack.enter_context(
                announce_address(PROJECT / "instance", url, database_url=settings.database_url)
            )
            # A default BASE_URL is known only now, so the application is created again with it.
            importlib.reload(importlib.import_module("mentorship.wsgi"))
        serve_application("mentorship.wsgi:app", host=host, port=port, workers=workers)


_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104  # This only compares.


def _require_free_port(host: str, port: int) -> None:
    """Raises ClickException if the port is taken; the server would share it with another one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise click.ClickException(
            f"The server cannot listen on {host} port {port}: {error.strerror}"
        ) from None


@click.command()
@with_database
def worker() -> None:
    """Change session statuses when they are due, send mail and call webhooks."""
    stop = threading.Event()
    on_stop(stop.set)
    settings = current.settings()
    transport = current.mail_transport()
    mail_settings = MailSettings(
        base_url=settings.base_url,
        sender=settings.sender,
        secret_key=current.secret_key(),
        templates=RESOURCES / "templates",
        outcome_silence=settings.outcome_silence,
        group_names=settings.group_names,
    )
    engine = db.engine
    rounds: dict[str, Any] = {
        "clock": utc_now,
        "wait": lambda pause: stop.wait(pause / timedelta(seconds=1)),
    }

    def open_session() -> Session:
        return Session(engine, expire_on_commit=False)

    click.echo(f"The worker is running. Mail goes to {transport.where}.")
    client = WebhookClient(loopback=settings.webhook_loopback, is_production=settings.is_production)
    sender = WebhookSender(
        client, mail_settings.secret_key, webhook_body, utc_now, settings.outcome_silence
    )
    beside = [
        *(
            threading.Thread(
                target=run_mail, args=(open_session, transport, mail_settings), kwargs=rounds
            )
            for _ in range(SENDERS)
        ),
        threading.Thread(
            target=run_calls, args=(open_session, sender), kwargs={"wait": rounds["wait"]}
        ),
    ]
    for thread in beside:
        thread.start()
    try:
        run_worker(open_session, **rounds)
    finally:
        stop.set()
        for thread in beside:
            thread.join()
    click.echo("The worker has stopped.")


COMMANDS = (demo, serve, worker)
