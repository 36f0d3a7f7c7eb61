"""Tokens in mail with which the reader stops one kind of mail without signing in."""

from functools import cache

from itsdangerous import BadData, BadSignature, URLSafeSerializer

from mentorship.domain.mail import MailKind
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.global_ids import Identity
from mentorship.domain.shared.messages import N_

_SALT = "unsubscribe"


def unsubscribe_token(user_id: int, kind: MailKind, *, secret_key: str, identity: Identity) -> str:
    """A signed token that stops this kind of mail to this person, and does nothing else.

    It names the installation, because another database with the same key has other people.
    """
    return _serializer(secret_key).dumps([user_id, kind.value], salt=f"{_SALT} {identity.uuid}")


def unsubscribe_token_owner(
    token: str, *, secret_key: str, identity: Identity
) -> tuple[int, MailKind]:
    """The reader's id and the kind of mail that a token is for. Raises InvalidInput."""
    try:
        user_id, kind = _content(token, secret_key, identity)
        return int(user_id), MailKind(kind)
    except (BadData, ValueError, TypeError):
        raise InvalidInput(
            N_("This link is incomplete. Please copy it from the e-mail again.")
        ) from None


def _content(token: str, secret_key: str, identity: Identity) -> tuple[int, str]:
    """The content that was signed. Tokens in older mail do not name the installation."""
    serializer = _serializer(secret_key)
    try:
        user_id, kind = serializer.loads(token, salt=f"{_SALT} {identity.uuid}")
    except BadSignature:
        user_id, kind = serializer.loads(token, salt=_SALT)
        if user_id > identity.last_old_person:
            raise
    return user_id, kind


@cache
def _serializer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key)
