"""Locks on what a transaction is going to change."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from mentorship.database import begin_write
from mentorship.models import User
from mentorship.services.locks import lock_people

MOST_PARAMETERS = {"postgresql": 65_535, "sqlite": 250_000}
"""Of one statement."""


def test_more_people_than_a_statement_can_name_are_locked(session, engine, cast):
    begin_write(session)
    lock_people(session, range(MOST_PARAMETERS[engine] + 1, 0, -1))

    if engine == "postgresql":
        with Session(session.get_bind()) as other:
            free = select(User.id).with_for_update(skip_locked=True, key_share=True)
            assert other.scalars(free).all() == []
