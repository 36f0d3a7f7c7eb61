"""Signed requests with which a meeting system adds the link to a recording."""

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.sessions.meeting_links import clean_link
from mentorship.domain.shared.errors import BadSignature, InvalidInput, ProductError
from mentorship.domain.shared.messages import N_
from mentorship.models import RecordingCall
from mentorship.services.sessions.followup import lock_completed_session, store_recording
from mentorship.services.sessions.revisions import count_additions

WINDOW = timedelta(minutes=5)
"""How far the timestamp of a request may be from our clock, either way."""


@dataclass(frozen=True)
class SignedRequest:
    """A request as received: `timestamp` is in Unix seconds, `signature` is sha256=<hex>."""

    timestamp: str
    signature: str
    body: bytes


def sign(secret: bytes, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 in hex (RFC 2104) of the timestamp, a full stop and the body."""
    return hmac.new(secret, timestamp.encode() + b"." + body, sha256).hexdigest()


def check_signature(call: SignedRequest, secret: bytes, *, now: datetime) -> str:
    """The verified signature of a request. Raises BadSignature.

    Does not notice a repeated request; `accept_recording` does.
    """
    if not re.fullmatch(r"[0-9]{1,11}", call.timestamp, re.ASCII):
        raise BadSignature
    expected = sign(secret, call.timestamp, call.body)
    given = call.signature.encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(given, f"sha256={expected}".encode()):
        raise BadSignature
    if abs(now - datetime.fromtimestamp(int(call.timestamp), UTC)) > WINDOW:
        raise BadSignature
    return expected


def accept_recording(
    session: Session, *, booking_id: int, url: str, signature: str, now: datetime
) -> bool:
    """Store the link of a verified request, and commit; returns whether the link has changed.

    The signature is stored in the same transaction, so that a repeated request has no effect. A
    request that was refused may be sent again.

    Raises BadSignature for a repeated request, InvalidInput for an invalid web address, NotFound
    for an unknown session, and Conflict while it is not completed.
    """
    url = clean_link(url, what=N_("The recording link"))
    if not url:
        raise InvalidInput(N_("The recording link is missing."))
    begin_write(session)
    try:
        session.execute(insert(RecordingCall).values(signature=signature, received_at=now))
        lock_completed_session(session, booking_id)
        changed = store_recording(session, booking_id, url, now=now)
        if changed:
            count_additions(session, [booking_id])
        session.commit()
    except IntegrityError:
        session.rollback()
        raise BadSignature from None
    except ProductError:
        session.rollback()
        raise
    return changed


def forget_old_calls(session: Session, *, now: datetime) -> None:
    """Delete signatures too old to be replayed, and commit; without any it only reads."""
    # A call may be dated one window ahead, and is accepted until one window after its date.
    is_old = RecordingCall.received_at < now - 2 * WINDOW
    is_needed = session.scalar(select(exists().where(is_old)))
    session.rollback()
    if is_needed:
        begin_write(session)
        session.execute(delete(RecordingCall).where(is_old))
        session.commit()
