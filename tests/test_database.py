"""Units of work: who begins them, and what is open before."""

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from mentorship.database import begin_write, one_connection, read
from mentorship.models import User


def test_a_write_ends_an_open_read_and_sees_what_was_committed_since(session, cast):
    name = select(User.name).where(User.id == cast.mentor.id)
    session.scalar(name)
    with Session(session.get_bind()) as other:
        begin_write(other)
        other.execute(update(User).where(User.id == cast.mentor.id).values(name="Mira"))
        other.commit()

    begin_write(session)
    session.execute(update(User).where(User.id == cast.mentor.id).values(timezone="UTC"))

    assert session.scalar(name) == "Mira"
    session.commit()


def test_a_write_does_not_begin_inside_another(session, cast):
    begin_write(session)
    session.execute(update(User).where(User.id == cast.mentor.id).values(name="Mira"))

    with pytest.raises(RuntimeError, match="is open already"):
        begin_write(session)

    session.commit()
    assert session.scalar(select(User.name).where(User.id == cast.mentor.id)) == "Mira"


def test_reads_can_share_a_connection_and_still_see_what_is_committed_in_between(session, cast):
    name = select(User.name).where(User.id == cast.mentor.id)
    session.rollback()
    taken, returned = [], []
    event.listen(session.get_bind(), "checkout", lambda *_: taken.append(1))
    event.listen(session.get_bind(), "checkin", lambda *_: returned.append(1))

    with one_connection(session):
        before = read(session, name)
        assert (len(taken), len(returned)) == (1, 0)
        with Session(session.get_bind()) as other:
            begin_write(other)
            other.execute(update(User).where(User.id == cast.mentor.id).values(name="Mira"))
            other.commit()
        after = read(session, name)

    assert [before, after] == [[(cast.mentor.name,)], [("Mira",)]]
    assert (len(taken), len(returned)) == (2, 2)
    assert not session.in_transaction()
