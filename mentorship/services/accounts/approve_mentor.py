"""An admin approves a mentor who signed up."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Role, Viewer, require_role
from mentorship.domain.shared.errors import InvalidInput, NotFound
from mentorship.domain.shared.locales import Language
from mentorship.domain.shared.messages import N_
from mentorship.models import User
from mentorship.services.accounts import emails
from mentorship.services.accounts.signed_links import Links
from mentorship.services.mail.outbox import enqueue


def approve_mentor(
    session: Session, *, viewer: Viewer, person_id: int, links: Links, now: datetime
) -> str:
    """Let students find a mentor, and tell the mentor by mail; returns a sentence.

    A second approval changes nothing. Raises Forbidden if the viewer is not an admin, NotFound for
    an unknown person, and InvalidInput if the address is not confirmed, because anybody may have
    entered it.
    """
    require_role(viewer, Role.ADMIN)
    begin_write(session)
    approved = session.execute(
        update(User)
        .where(User.id == person_id, User.is_approval_pending, ~User.is_confirmation_pending)
        .values(is_approval_pending=False)
        .returning(User.name, User.email, User.language)
    ).one_or_none()
    if approved is not None:
        mail = emails.approved(
            approved.email,
            approved.name,
            links.page("dashboard"),
            language=approved.language and Language(approved.language),
            now=now,
        )
        enqueue(session, mail, now=now)
        session.commit()
        return N_("%(name)s is approved and will be told by e-mail.", name=approved.name)
    person = session.execute(
        select(User.name, User.is_approval_pending).where(User.id == person_id)
    ).one_or_none()
    session.rollback()
    if person is None:
        raise NotFound(N_("There is no such person."))
    if person.is_approval_pending:
        raise InvalidInput(
            N_("%(name)s has not confirmed the e-mail address yet.", name=person.name)
        )
    return N_("%(name)s needs no approval.", name=person.name)
