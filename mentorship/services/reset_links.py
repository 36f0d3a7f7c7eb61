"""Tokens with which a person without a password, or with a lost one, can set one."""

from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy.orm import Session

from mentorship.domain.errors import InvalidInput
from mentorship.domain.people import Viewer
from mentorship.queries.people import viewer_of

LASTS = 7 * 24 * 3600
"""Seconds."""


def make_token(*, secret_key: str, user_id: int, epoch: int) -> str:
    """A signed token for this person. Setting a password raises the epoch and so uses it up."""
    return _serializer(secret_key).dumps([user_id, epoch])


def person_of(session: Session, token: str, *, secret_key: str) -> Viewer:
    """For whom a token is. Raises InvalidInput where it is forged, too old or used."""
    try:
        user_id, epoch = _serializer(secret_key).loads(token, max_age=LASTS)
    except BadData:
        person = None
    else:
        person = viewer_of(session, user_id=user_id, epoch=epoch)
        session.rollback()
    if person is None:
        raise InvalidInput("This link has expired or was used already. Please ask for a new one.")
    return person


def _serializer(secret_key: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret_key, salt="set-password")
