"""Links in mail that act for a person: they set a password or confirm an address, once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.shared.errors import LinkExpired
from mentorship.models import User
from mentorship.queries.accounts.people import viewer_of


class Purpose(Enum):
    """The purpose of a link: a name that is signed with it, and how long the link works."""

    INVITATION = ("set-password", timedelta(days=7))
    FORGOTTEN = ("forgotten-password", timedelta(hours=2))
    CONFIRMATION = ("confirm-address", timedelta(days=7))

    @property
    def lasts(self) -> timedelta:
        """How long the link works."""
        return self.value[1]


@dataclass(frozen=True)
class Links:
    """Makes addresses of this installation, signed with its key."""

    base_url: str
    secret_key: str

    def page(self, path: str) -> str:
        """The address of an ordinary page; `path` without a leading slash."""
        return f"{self.base_url}/{path}"

    def password(self, purpose: Purpose, *, user_id: int, epoch: int) -> str:
        """The link with which this person can set a password."""
        return self.page(f"reset/{self._token(purpose, user_id, epoch)}")

    def confirmation(self, *, user_id: int, epoch: int) -> str:
        """The link with which this person can confirm their address."""
        return self.page(f"confirm/{self._token(Purpose.CONFIRMATION, user_id, epoch)}")

    def _token(self, purpose: Purpose, user_id: int, epoch: int) -> str:
        return make_token(secret_key=self.secret_key, user_id=user_id, epoch=epoch, purpose=purpose)


def make_token(
    *, secret_key: str, user_id: int, epoch: int, purpose: Purpose = Purpose.INVITATION
) -> str:
    """A signed token for this person. Using it raises the epoch, so it works only once."""
    return _serializer(secret_key, purpose).dumps([user_id, epoch])


def link_owner(
    session: Session,
    token: str,
    *,
    secret_key: str,
    purposes: Iterable[Purpose] = (Purpose.INVITATION, Purpose.FORGOTTEN),
) -> Viewer:
    """The person this token was issued to, for one of these purposes; by default, a password.

    Raises LinkExpired if the token is forged, too old, used, or for another purpose.
    """
    for purpose in purposes:
        try:
            user_id, epoch = _serializer(secret_key, purpose).loads(
                token, max_age=int(purpose.lasts.total_seconds())
            )
        except BadData:
            continue
        person = viewer_of(session, user_id=user_id, epoch=epoch)
        if person is not None:
            return person
    raise LinkExpired


def has_confirmed(session: Session, token: str, *, secret_key: str) -> bool:
    """Whether the address of this token, however old the token is, has been confirmed."""
    try:
        user_id, _ = _serializer(secret_key, Purpose.CONFIRMATION).loads(token)
    except BadData:
        return False
    is_confirmed = select(~User.is_confirmation_pending).where(User.id == user_id)
    return bool(session.scalar(is_confirmed))


def _serializer(secret_key: str, purpose: Purpose) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret_key, salt=purpose.value[0])
