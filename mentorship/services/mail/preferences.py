"""The kinds of mail that a person wants."""

from collections.abc import Mapping

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.domain.mail import MailKind
from mentorship.models import MailChoice, User


def set_preferences(session: Session, *, user_id: int, wants: Mapping[MailKind, bool]) -> None:
    """Store whether the person wants these kinds of mail, and commit; others stay as they are."""
    begin_write(session)
    # Two simultaneous calls, as mail programs make them, must not insert the same row.
    session.execute(select(User.id).where(User.id == user_id).with_for_update())
    session.execute(
        delete(MailChoice).where(MailChoice.user_id == user_id, MailChoice.kind.in_(wants))
    )
    session.execute(
        insert(MailChoice),
        [
            {"user_id": user_id, "kind": kind, "is_wanted": is_wanted}
            for kind, is_wanted in wants.items()
        ],
    )
    session.commit()
