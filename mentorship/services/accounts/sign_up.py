"""Signing up, confirming an address, and a forgotten password.

Nobody can learn from them whether an address has an account: only its mailbox gets the answer, and
each case runs the same statements and, if there is a password, one hash.
"""

from dataclasses import replace
from datetime import datetime
from typing import cast

from sqlalchemy import update
from sqlalchemy.orm import Session

from mentorship.adapters.passwords import password_fits
from mentorship.database import begin_write, insert_or
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.locales import Language
from mentorship.domain.shared.messages import N_
from mentorship.models import User
from mentorship.queries.accounts.people import account_of
from mentorship.services.accounts import emails
from mentorship.services.accounts.signed_links import Links, Purpose
from mentorship.services.mail.outbox import enqueue


def sign_up(session: Session, account: dict[str, object], *, links: Links, now: datetime) -> None:
    """Store an account made by `new_account`, and send a link that confirms its address.

    A mentor then waits for an admin. A second sign-up before the address is confirmed replaces the
    first, so that nobody can prepare an account for somebody else's address. The owner of a
    confirmed account gets a mail, and nothing changes.
    """
    if account["is_admin"]:
        raise InvalidInput(N_("Please choose whether you are a student or a mentor."))
    values = account | {
        "is_confirmation_pending": True,
        "is_approval_pending": account["is_mentor"],
    }
    email, name = str(account["email"]), str(account["name"])
    language = cast("Language | None", account["language"])
    begin_write(session)
    stored = session.execute(
        insert_or(session, User)
        .values(values)
        .on_conflict_do_update(
            index_elements=["email"],
            set_=values | {"session_epoch": User.session_epoch + 1},
            where=User.is_confirmation_pending,
        )
        .returning(User.id, User.session_epoch)
    ).one_or_none()
    if stored is not None:
        link = links.confirmation(user_id=stored.id, epoch=stored.session_epoch)
        mail = emails.confirm_address(email, link, language=language, now=now)
    else:
        owner = account_of(session, email)
        if owner is not None:
            name, language = owner.viewer.name, owner.viewer.language
        mail = emails.has_account(email, name, links.page("forgot"), language=language, now=now)
    enqueue(session, mail, now=now)
    session.commit()


def send_confirmation(session: Session, *, email: str, links: Links, now: datetime) -> None:
    """Send the link again to an account whose address is not confirmed yet.

    The account is kept as long as the new link works.
    """
    begin_write(session)
    account = account_of(session, email)
    if account is not None and account.is_confirmation_pending:
        person = account.viewer
        link = links.confirmation(user_id=person.id, epoch=person.epoch)
        session.execute(update(User).where(User.id == person.id).values(created_at=now))
        enqueue(
            session,
            emails.confirm_address(email, link, language=person.language, now=now),
            now=now,
        )
    session.commit()


def confirm(session: Session, *, viewer: Viewer, password: str) -> Viewer | None:
    """Confirm the link owner's address if the password matches; returns the updated viewer.

    Returns None if the password is wrong: somebody else may have signed up with this address.
    Raises InvalidInput if the link was used in the meantime.
    """
    account = account_of(session, viewer.email)
    session.rollback()
    if not password_fits(account.password_hash if account else None, password):
        return None
    begin_write(session)
    confirmed = session.connection().execute(
        update(User)
        .where(
            User.id == viewer.id,
            User.session_epoch == viewer.epoch,
            User.is_confirmation_pending,
        )
        .values(is_confirmation_pending=False, session_epoch=User.session_epoch + 1)
    )
    session.commit()
    if confirmed.rowcount != 1:
        raise InvalidInput(N_("This link has already been used. Please sign in."))
    return replace(viewer, epoch=viewer.epoch + 1)


def forgotten_password(
    session: Session, *, email: str, language: Language, links: Links, now: datetime
) -> None:
    """Send mail to this address that says how to set a new password, or that it has no account.

    Mail to an address without an account is in `language`.
    """
    begin_write(session)
    account = account_of(session, email)
    if account is not None:
        person = account.viewer
        link = links.password(Purpose.FORGOTTEN, user_id=person.id, epoch=person.epoch)
        name = None if account.is_confirmation_pending else person.name
        mail = emails.set_new_password(email, name, link, language=person.language, now=now)
    else:
        mail = emails.no_account(email, links.page("signup"), language=language, now=now)
    enqueue(session, mail, now=now)
    session.commit()
