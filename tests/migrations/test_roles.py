"""Roles become three columns, and on the way back the strongest of them."""

import flask_migrate
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Role
from mentorship.extensions import db
from mentorship.models import User
from tests.support.builders import a_user

S, M, A = Role.STUDENT, Role.MENTOR, Role.ADMIN


def an_account(name, role):
    columns = "email, name, role, timezone, created_at"
    values = f"'{name}@example.org', '{name}', '{role}', 'UTC', '2026-11-24 09:00:00.000000'"
    with db.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO users ({columns}) VALUES ({values})"))


def stored_roles():
    with Session(db.engine) as session:
        return {user.name: set(user.roles) for user in session.scalars(select(User))}


def test_everybody_keeps_their_role_up_and_the_strongest_of_several_down(empty_app):
    flask_migrate.upgrade(revision="0024")
    for name, role in (("sam", S), ("maya", M), ("ada", A)):
        an_account(name, role)

    flask_migrate.upgrade()
    with Session(db.engine) as session:
        a_user(session, "both", S, M)
        a_user(session, "all", S, M, A)
    assert stored_roles() == {
        "sam": {S},
        "maya": {M},
        "ada": {A},
        "both": {S, M},
        "all": {S, M, A},
    }

    flask_migrate.downgrade(revision="0024")
    with db.engine.connect() as connection:
        rows = connection.execute(text("SELECT name, role FROM users ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [
        ("sam", S),
        ("maya", M),
        ("ada", A),
        ("both", M),
        ("all", A),
    ]
    flask_migrate.upgrade()
    assert stored_roles()["all"] == {A}


def test_nobody_is_without_a_role_and_ids_go_on(empty_app):
    flask_migrate.upgrade(revision="0024")
    an_account("sam", S)
    an_account("gone", S)
    with db.engine.begin() as connection:
        connection.execute(text("DELETE FROM users WHERE name = 'gone'"))

    flask_migrate.upgrade()

    with Session(db.engine) as session:
        assert a_user(session, "next", M).id == 3
        with pytest.raises(IntegrityError):
            a_user(session, "nobody")
