"""Accounts: creating them, checking passwords, and setting new ones."""

import secrets
from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mentorship.adapters.passwords import hash_password, is_easily_guessed, password_fits
from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role, Viewer
from mentorship.domain.shared.errors import InvalidInput, NotConfirmed
from mentorship.domain.shared.locales import HourCycle, Language
from mentorship.domain.shared.messages import N_
from mentorship.models import ApiToken, CalendarFeed, SignIn, User
from mentorship.models.user import role_columns
from mentorship.queries.accounts.people import account_of
from mentorship.services.accounts import emails
from mentorship.services.accounts.signed_links import Links
from mentorship.services.mail.outbox import Mail, enqueue
from mentorship.services.shared.text_fields import (
    clean_email,
    clean_name,
    clean_text,
    clean_timezone,
    folded_name,
)

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 128

FIRST_EPOCHS = 1_000_000_000
"""A new account begins with one of this many epochs.

So a cookie or link for the same id in another database of this host, signed with the same key, is
not valid here.
"""


def clean_password(value: str, *, about: Iterable[str] = ()) -> str:
    """The unchanged password. Raises InvalidInput if it is too short, too long or easy to guess.

    `about` is what others know about its owner, which must not be the password (NIST SP 800-63B).
    """
    if not SHORTEST_PASSWORD <= len(value) <= LONGEST_PASSWORD:
        raise InvalidInput(
            N_(
                "The password must have %(shortest)s to %(longest)s characters.",
                shortest=SHORTEST_PASSWORD,
                longest=LONGEST_PASSWORD,
            )
        )
    clean_text(value, what=N_("The password"), longest=LONGEST_PASSWORD)
    if is_easily_guessed(value, about=about):
        raise InvalidInput(
            N_(
                "This password is easy to guess: it is common, or made of everyday words, names, "
                "years or neighbouring keys. Please choose another one."
            )
        )
    return value


def new_account(
    *,
    email: str,
    name: str,
    roles: Set[Role],
    password: str,
    timezone: str,
    now: datetime,
    language: Language | None = None,
    hour_cycle: HourCycle | None = None,
) -> dict[str, object]:
    """The columns of a new user, checked.

    An empty password means that it is set later. Raises InvalidInput with a sentence about the
    first invalid field.
    """
    email, name = clean_email(email), clean_name(name)
    password = clean_password(password, about=(email, name)) if password else ""
    return {
        "email": email,
        "name": name,
        "folded_name": folded_name(name),
        **role_columns(roles),
        "timezone": clean_timezone(timezone),
        "language": language,
        "hour_cycle": hour_cycle,
        "password_hash": hash_password(password) if password else None,
        "session_epoch": secrets.randbelow(FIRST_EPOCHS),
        "created_at": now,
    }


def create_user(session: Session, account: dict[str, object]) -> None:
    """Store one account made by `new_account`. Raises InvalidInput if the address has one."""
    begin_write(session)
    try:
        session.execute(insert(User).values(account))
        session.commit()
    except IntegrityError:
        session.rollback()
        raise InvalidInput(
            N_("There is already an account with %(email)s.", email=account["email"])
        ) from None


def has_users(session: Session) -> bool:
    """Whether there is any account."""
    return bool(session.scalar(select(exists().where(User.id > 0))))


def check_password(session: Session, *, email: str, password: str) -> Viewer | None:
    """The person with this address and password, or None.

    Takes equally long whether or not the account exists. Raises NotConfirmed if the password is
    right but the address is not confirmed yet.
    """
    account = account_of(session, email)
    session.rollback()
    fits = password_fits(account.password_hash if account else None, password)
    if account is None or not fits:
        return None
    if account.is_confirmation_pending:
        raise NotConfirmed
    return account.viewer


def set_password(
    session: Session,
    *,
    viewer: Viewer,
    password: str,
    links: Links,
    now: datetime,
    reading: Mapping[str, object] = MappingProxyType({}),
) -> Viewer:
    """Store a new password and sign the person out everywhere; returns the updated viewer.

    `reading` are the columns of `new_reading` with a first password. The owner gets a mail.
    Somebody who sets it by a link has shown that the address is theirs. Raises InvalidInput if the
    password is refused, or if the epoch has changed in the meantime.
    """
    clean_password(password, about=(viewer.email, viewer.name))
    mail = emails.password_changed(
        viewer.email, viewer.name, links.page("forgot"), language=viewer.language, now=now
    )
    return _end_all(
        session,
        viewer,
        now,
        mail,
        password_hash=hash_password(password),
        is_confirmation_pending=False,
        **reading,
    )


def change_password(
    session: Session, *, viewer: Viewer, current: str, password: str, links: Links, now: datetime
) -> Viewer:
    """Like `set_password`, with the `current` password. Raises InvalidInput if that is wrong."""
    if check_password(session, email=viewer.email, password=current) is None:
        raise InvalidInput(N_("The current password is wrong."))
    return set_password(session, viewer=viewer, password=password, links=links, now=now)


def sign_out_everywhere(session: Session, *, viewer: Viewer, now: datetime) -> None:
    """End all sign-ins, tokens and the calendar feed of the person."""
    _end_all(session, viewer, now)


def _end_all(
    session: Session, viewer: Viewer, now: datetime, mail: Mail | None = None, **values: object
) -> Viewer:
    """Raise the epoch in cookies and links; revoke tokens and the calendar feed (decision 6)."""
    begin_write(session)
    changed = session.connection().execute(
        update(User)
        .where(User.id == viewer.id, User.session_epoch == viewer.epoch)
        .values(session_epoch=User.session_epoch + 1, **values)
    )
    if changed.rowcount == 1:
        session.execute(
            update(ApiToken)
            .where(ApiToken.user_id == viewer.id, ApiToken.revoked_at.is_(None))
            .values(revoked_at=now)
        )
        session.execute(delete(CalendarFeed).where(CalendarFeed.user_id == viewer.id))
        session.execute(delete(SignIn).where(SignIn.user_id == viewer.id))
        if mail:
            enqueue(session, mail, now=now)
    session.commit()
    if changed.rowcount != 1:
        raise InvalidInput(N_("The password has just been changed elsewhere."))
    return replace(viewer, epoch=viewer.epoch + 1)
