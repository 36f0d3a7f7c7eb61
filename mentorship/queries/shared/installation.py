"""Reading which installation this is."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.domain.shared.global_ids import Identity
from mentorship.models import Installation


def identity_of(session: Session) -> Identity:
    """The identity that is stored in the database."""
    row = session.execute(
        select(
            Installation.identity,
            Installation.old_host,
            Installation.last_old_booking,
            Installation.last_old_mail,
            Installation.last_old_call,
            Installation.last_old_person,
        )
    ).one()
    return Identity(*row)
