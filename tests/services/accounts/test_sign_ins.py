"""Sign-ins as rows: how many, how long, and forgotten afterwards."""

from datetime import timedelta

from sqlalchemy import select

from mentorship.domain.accounts.sign_ins import IDLE_FOR, LASTS_FOR
from mentorship.domain.accounts.viewers import Role
from mentorship.models import SignIn
from mentorship.services.accounts import sign_ins
from mentorship.services.accounts.sign_ins import MOST, begin_sign_in, end_sign_in, note_seen
from mentorship.services.operations.retention import Retention
from tests.support.builders import a_user, at
from tests.support.databases import counted_statements

NOW = at("12:00")
TICK = timedelta(microseconds=1)


def held(session):
    found = set(session.scalars(select(SignIn.id)))
    session.rollback()
    return found


def test_of_very_many_sign_ins_of_one_person_the_oldest_end(session):
    sam, stella = a_user(session, "Sam", Role.STUDENT), a_user(session, "Stella", Role.STUDENT)
    other = begin_sign_in(session, viewer=stella, now=NOW)
    begun = [
        begin_sign_in(session, viewer=sam, now=NOW + timedelta(seconds=second))
        for second in range(MOST + 2)
    ]

    assert held(session) == {other, *begun[2:]}


def test_use_is_noted_once_an_hour(session):
    sam = a_user(session, "Sam", Role.STUDENT)
    begun = begin_sign_in(session, viewer=sam, now=NOW)
    for minutes, is_noted in ((59, False), (60, True)):
        with counted_statements(session.get_bind()) as statements:
            note_seen(session, begun, last=NOW, now=NOW + timedelta(minutes=minutes))
        assert any(each.startswith("UPDATE") for each in statements) is is_noted
    session.rollback()
    assert session.get_one(SignIn, begun).last_seen_at == NOW + timedelta(hours=1)


def test_what_ended_by_itself_is_forgotten_batch_by_batch(session, monkeypatch):
    monkeypatch.setattr(sign_ins, "BATCH", 2)
    sam = a_user(session, "Sam", Role.STUDENT)
    idle = {begin_sign_in(session, viewer=sam, now=NOW) for _ in range(3)}
    old = begin_sign_in(session, viewer=sam, now=NOW + IDLE_FOR - LASTS_FOR)
    note_seen(session, old, last=NOW - LASTS_FOR, now=NOW + IDLE_FOR - TICK)
    recent = begin_sign_in(session, viewer=sam, now=NOW + TICK)
    signed_out = begin_sign_in(session, viewer=sam, now=NOW + TICK)
    end_sign_in(session, signed_out)
    retention = Retention()

    assert retention.step(session, now=NOW + IDLE_FOR - TICK) is False
    assert held(session) == {*idle, old, recent}
    later = [Retention().step(session, now=NOW + IDLE_FOR) for _ in range(3)]

    assert later == [True, True, False]
    assert held(session) == {recent}
