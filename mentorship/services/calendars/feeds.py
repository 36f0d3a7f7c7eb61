"""A person's calendar feed: one private address, which can be renewed and ended."""

import secrets
from datetime import datetime

from sqlalchemy import delete, insert, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.accounts.viewers import Viewer
from mentorship.domain.calendars import Alarm
from mentorship.domain.shared.errors import InvalidInput, NotFound
from mentorship.domain.shared.messages import N_
from mentorship.models import CalendarFeed
from mentorship.queries.calendars import Feed, feed_by
from mentorship.services.shared.locks import lock_account
from mentorship.services.shared.token_hash import token_hash


def create_feed(session: Session, *, viewer: Viewer, alarm: Alarm, now: datetime) -> str:
    """The secret of a new feed address, known only now; an older address ends. Commits.

    Raises NotAuthenticated if the person was signed out in the meantime.
    """
    secret = secrets.token_urlsafe(32)
    begin_write(session)
    lock_account(session, viewer)
    session.execute(delete(CalendarFeed).where(CalendarFeed.user_id == viewer.id))
    session.execute(
        insert(CalendarFeed).values(
            user_id=viewer.id, token_hash=token_hash(secret), alarm=alarm, made_at=now
        )
    )
    session.commit()
    return secret


def set_alarm(session: Session, *, viewer: Viewer, alarm: Alarm) -> None:
    """Store when calendars remind the person of a session.

    Raises NotFound without a feed. Commits.
    """
    begin_write(session)
    changed = session.connection().execute(
        update(CalendarFeed).where(CalendarFeed.user_id == viewer.id).values(alarm=alarm)
    )
    session.commit()
    if changed.rowcount != 1:
        raise NotFound(N_("You have no calendar address. Please create one first."))


def revoke_feed(session: Session, *, viewer: Viewer) -> None:
    """End the address of the person's feed. Commits."""
    begin_write(session)
    session.execute(delete(CalendarFeed).where(CalendarFeed.user_id == viewer.id))
    session.commit()


def open_feed(session: Session, secret: str) -> Feed:
    """The feed at an address. Raises NotFound with the same message, whatever is wrong."""
    found = feed_by(session, token_hash(secret))
    if found is None:
        raise NotFound(N_("There is no calendar at this address."))
    return found


def clean_alarm(value: str) -> Alarm:
    """The chosen time of the reminder. Raises InvalidInput."""
    try:
        return Alarm(value)
    except ValueError:
        raise InvalidInput(N_("Please choose when your calendar should remind you.")) from None
