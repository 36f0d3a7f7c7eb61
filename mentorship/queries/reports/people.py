"""Who a report is about."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.database import read
from mentorship.domain.shared.errors import NotFound
from mentorship.domain.shared.messages import N_
from mentorship.models import User


def name_of(session: Session, person_id: int) -> str:
    """The name of a person. Raises NotFound."""
    rows = read(session, select(User.name).where(User.id == person_id))
    if not rows:
        raise NotFound(N_("There is no such person."))
    return str(rows[0].name)
