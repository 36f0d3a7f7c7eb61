"""Webhook endpoints: add, choose kinds, turn on and off, replace the key, remove, retry a call."""

import secrets
from collections.abc import Collection
from datetime import datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, insert, literal, select, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.sessions.meeting_links import clean_link
from mentorship.domain.shared.errors import InvalidInput, NotFound
from mentorship.domain.shared.messages import N_
from mentorship.domain.webhooks.events import kinds_from
from mentorship.domain.webhooks.ip_addresses import is_public, is_secure_webhook, literal_address
from mentorship.models import CallOutcome, WebhookCall, WebhookEndpoint, table_of

MOST_ENDPOINTS = 20

_ENDPOINTS, _CALLS = table_of(WebhookEndpoint), table_of(WebhookCall)


def add_endpoint(
    session: Session,
    url: str,
    kinds: Collection[str],
    *,
    loopback: bool,
    is_production: bool,
    now: datetime,
) -> int:
    """Add an endpoint, which is off at first; returns its id. Commits.

    Raises InvalidInput for an invalid web address or a numeric one that is not public, in
    production for an address without TLS or with an unusual port, for no kind of event or an
    unknown one, and if there are too many endpoints.
    """
    url = clean_url(url, loopback=loopback, is_production=is_production)
    chosen = kinds_from(kinds)
    begin_write(session)
    held = session.scalar(select(func.count()).select_from(WebhookEndpoint).where(_is_kept()))
    if (held or 0) >= MOST_ENDPOINTS:
        session.rollback()
        raise InvalidInput(
            N_(
                "You can have up to %(most)s webhooks. Please remove one first.",
                most=MOST_ENDPOINTS,
            )
        )
    new = insert(WebhookEndpoint).values(
        url=url, kinds=chosen, salt=_salt(), is_active=False, created_at=now
    )
    endpoint_id = session.execute(new.returning(WebhookEndpoint.id)).scalar_one()
    session.commit()
    return endpoint_id


def clean_url(value: str, *, loopback: bool, is_production: bool) -> str:
    """An address that can be called. Raises InvalidInput.

    The name is resolved and checked again for each call.
    """
    url = clean_link(value, what=N_("The address"))
    if not url:
        raise InvalidInput(N_("The address is missing."))
    if is_production and not is_secure_webhook(url):
        raise InvalidInput(N_("The address must begin with https:// and use port 443 or 8443."))
    address = literal_address(urlsplit(url).hostname or "")
    is_allowed = (
        address is None or is_public(address) or (loopback and ip_address(address).is_loopback)
    )
    if not is_allowed:
        raise InvalidInput(N_("The address must be reachable from the public internet."))
    return url


def turn_on(session: Session, endpoint_id: int, *, now: datetime) -> None:
    """Turn a webhook on for later events, and commit. Raises NotFound.

    A change that was made while the webhook was being turned off may have left a call behind, which
    is given up. If the webhook is on already, nothing changes.
    """
    begin_write(session)
    is_active = session.scalar(
        select(WebhookEndpoint.is_active)
        .where(WebhookEndpoint.id == endpoint_id, _is_kept())
        .with_for_update(key_share=True)
    )
    if is_active is False:
        give_up_waiting(session, endpoint_id, now=now)
        turned = update(_ENDPOINTS).where(_ENDPOINTS.c.id == endpoint_id)
        session.execute(turned.values(is_active=True, off_reason=None, failing_since=None))
    session.commit()
    if is_active is None:
        raise NotFound(N_("There is no such webhook."))


def turn_off(session: Session, endpoint_id: int, *, now: datetime) -> None:
    """Turn a webhook off and give up its waiting calls. Raises NotFound. Commits."""
    _change(session, endpoint_id, is_active=False, off_reason=None, failing_since=None, give_up=now)


def remove_endpoint(session: Session, endpoint_id: int, *, now: datetime) -> None:
    """Remove a webhook. Raises NotFound. Commits."""
    _change(session, endpoint_id, is_active=False, removed_at=now, give_up=now)


def choose_kinds(session: Session, endpoint_id: int, kinds: Collection[str]) -> None:
    """Call a webhook about events of these kinds from now on; waiting calls are still made.

    Commits.

    Raises InvalidInput for no kind and for an unknown one, and NotFound.
    """
    _change(session, endpoint_id, kinds=kinds_from(kinds))


def renew_secret(session: Session, endpoint_id: int) -> None:
    """Replace the signing key of a webhook. Raises NotFound. Commits."""
    _change(session, endpoint_id, salt=_salt())


def retry_call(session: Session, endpoint_id: int, call_id: int, *, now: datetime) -> None:
    """Make a finished call once more, with the same id. Commits.

    Raises NotFound if the call does not exist or is still waiting, and InvalidInput while its
    endpoint is off.
    """
    begin_write(session)
    is_active = session.scalar(
        select(WebhookEndpoint.is_active).where(WebhookEndpoint.id == endpoint_id, _is_kept())
    )
    if is_active is False:
        session.rollback()
        raise InvalidInput(N_("Please turn the webhook on first."))
    changed = session.connection().execute(
        update(_CALLS)
        .where(
            _CALLS.c.id == call_id,
            _CALLS.c.endpoint_id == endpoint_id,
            _CALLS.c.outcome.is_not(None),
            literal(is_active is not None),
        )
        .values(outcome=None, ended_at=None, attempts=0, next_try_at=now, answer=None, error=None)
    )
    session.commit()
    if changed.rowcount != 1:
        raise NotFound(N_("There is no such call."))


def give_up_waiting(session: Session, endpoint_id: int, *, now: datetime) -> None:
    """Give up all waiting calls of an endpoint. Does not commit."""
    session.execute(
        update(_CALLS)
        .where(_CALLS.c.endpoint_id == endpoint_id, _CALLS.c.outcome.is_(None))
        .values(outcome=CallOutcome.GIVEN_UP, ended_at=now, claimed_by=None)
    )


def _change(
    session: Session, endpoint_id: int, *, give_up: datetime | None = None, **columns: Any
) -> None:
    begin_write(session)
    changed = session.connection().execute(
        update(_ENDPOINTS)
        .where(_ENDPOINTS.c.id == endpoint_id, _ENDPOINTS.c.removed_at.is_(None))
        .values(columns)
    )
    if give_up is not None and changed.rowcount == 1:
        give_up_waiting(session, endpoint_id, now=give_up)
    session.commit()
    if changed.rowcount != 1:
        raise NotFound(N_("There is no such webhook."))


def _is_kept() -> Any:
    return WebhookEndpoint.removed_at.is_(None)


def _salt() -> str:
    return secrets.token_hex(16)
