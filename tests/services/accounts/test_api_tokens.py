"""Personal tokens: made, used, revoked, ended by a new password."""

from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import select

from mentorship.adapters.passwords import hash_password
from mentorship.domain.accounts.api_tokens import TokenScope
from mentorship.domain.accounts.viewers import Role
from mentorship.domain.calendars import Alarm
from mentorship.domain.shared.errors import InvalidInput, NotAuthenticated, NotFound
from mentorship.models import ApiToken
from mentorship.queries.accounts.api_tokens import tokens_of
from mentorship.services.accounts.api_tokens import (
    KEPT_REVOKED,
    MOST_TOKENS,
    PREFIX,
    create_token,
    revoke_token,
    token_owner,
)
from mentorship.services.accounts.passwords import change_password, sign_out_everywhere
from mentorship.services.calendars.feeds import create_feed
from tests.support.builders import LINKS, a_user, at
from tests.support.databases import counted_statements

NOW = at("12:00")
PASSWORD = "correct horse battery"


@pytest.fixture
def sam(session):
    return a_user(session, "Sam", Role.STUDENT, password_hash=hash_password(PASSWORD))


def test_a_token_names_its_person_and_only_its_hash_is_stored(session, sam):
    token = create_token(session, viewer=sam, name=" My calendar ", now=NOW)

    assert token_owner(session, token.secret, now=NOW) == (token.id, sam, TokenScope.ACT)
    assert token.secret.startswith(PREFIX)
    [stored] = session.scalars(select(ApiToken))
    assert (stored.name, stored.token_hash) == (
        "My calendar",
        sha256(token.secret.encode()).hexdigest(),
    )
    for wrong in ("", PREFIX, token.secret[:-1], token.secret + "x", stored.token_hash, "\udcff"):
        session.rollback()
        assert token_owner(session, wrong, now=NOW) is None


def test_a_use_is_noted_at_most_once_a_minute(session, sam):
    token = create_token(session, viewer=sam, name="A program", now=NOW)
    writes = []
    for seconds in (0, 1, 59, 60, 61):
        session.rollback()
        with counted_statements(session.get_bind()) as statements:
            token_owner(session, token.secret, now=NOW + timedelta(seconds=seconds))
        writes.append(sum(statement.startswith("UPDATE") for statement in statements))

    assert writes == [1, 0, 0, 1, 0]
    [held] = tokens_of(session, sam, now=NOW)
    assert held.last_used_at == NOW + timedelta(seconds=60)


def test_a_revoked_token_ends_and_nobody_revokes_anothers(session, sam):
    stella = a_user(session, "Stella", Role.STUDENT)
    token = create_token(session, viewer=sam, name="A program", now=NOW)

    with pytest.raises(NotFound, match="no such token"):
        revoke_token(session, viewer=stella, token_id=token.id, now=NOW)
    assert token_owner(session, token.secret, now=NOW)
    session.rollback()
    assert revoke_token(session, viewer=sam, token_id=token.id, now=NOW)
    assert token_owner(session, token.secret, now=NOW) is None
    session.rollback()
    session.rollback()
    assert not revoke_token(session, viewer=sam, token_id=token.id, now=NOW)
    assert tokens_of(session, sam, now=NOW) == []


@pytest.mark.parametrize("end", ["a new password", "signing out everywhere"])
def test_what_ends_all_sessions_ends_the_tokens_of_this_person_too(session, sam, end):
    stella = a_user(session, "Stella", Role.STUDENT)
    token = create_token(session, viewer=sam, name="A program", now=NOW)
    another = create_token(session, viewer=stella, name="A program", now=NOW)

    if end == "a new password":
        change_password(
            session, viewer=sam, current=PASSWORD, password="something new", links=LINKS, now=NOW
        )
    else:
        sign_out_everywhere(session, viewer=sam, now=NOW)

    assert token_owner(session, token.secret, now=NOW) is None
    session.rollback()
    assert token_owner(session, another.secret, now=NOW) == (another.id, stella, TokenScope.ACT)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_wrong_current_password_changes_nothing(session, sam):
    token = create_token(session, viewer=sam, name="A program", now=NOW)

    with pytest.raises(InvalidInput, match="current password is wrong"):
        change_password(
            session, viewer=sam, current="no", password="something new", links=LINKS, now=NOW
        )

    assert token_owner(session, token.secret, now=NOW) == (token.id, sam, TokenScope.ACT)


def test_one_person_has_only_so_many_tokens(session, sam):
    made = [create_token(session, viewer=sam, name=f"{n}", now=NOW) for n in range(MOST_TOKENS)]

    with pytest.raises(InvalidInput, match="revoke one first"):
        create_token(session, viewer=sam, name="one more", now=NOW)
    revoke_token(session, viewer=sam, token_id=made[0].id, now=NOW)
    assert create_token(session, viewer=sam, name="one more", now=NOW)


def test_who_was_signed_out_everywhere_makes_neither_a_token_nor_a_feed(session, sam):
    sign_out_everywhere(session, viewer=sam, now=NOW)

    with pytest.raises(NotAuthenticated):
        create_token(session, viewer=sam, name="Later", now=NOW)
    with pytest.raises(NotAuthenticated):
        create_feed(session, viewer=sam, alarm=Alarm.NONE, now=NOW)
    assert tokens_of(session, sam, now=NOW) == []


def test_of_tokens_that_were_made_and_revoked_only_the_latest_are_kept(session, sam):
    kept = [create_token(session, viewer=sam, name="kept", now=NOW) for _ in range(3)]
    for _ in range(KEPT_REVOKED + 10):
        token = create_token(session, viewer=sam, name="x", now=NOW)
        revoke_token(session, viewer=sam, token_id=token.id, now=NOW)

    session.rollback()
    assert len(session.scalars(select(ApiToken)).all()) <= len(kept) + KEPT_REVOKED + 1
    assert {each.id for each in tokens_of(session, sam, now=NOW)} == {token.id for token in kept}
    session.rollback()
    assert not revoke_token(session, viewer=sam, token_id=token.id, now=NOW)


def test_a_token_ends_by_itself_and_then_makes_room(session, sam):
    short = create_token(session, viewer=sam, name="Short", days=1, now=NOW)
    usual = create_token(session, viewer=sam, name="Usual", now=NOW)
    assert (short.expires_at, usual.expires_at) == (
        NOW + timedelta(days=1),
        NOW + timedelta(days=90),
    )
    for _ in range(MOST_TOKENS - 2):
        create_token(session, viewer=sam, name="More", now=NOW)
    last = short.expires_at - timedelta(microseconds=1)
    assert token_owner(session, short.secret, now=last)

    assert token_owner(session, short.secret, now=short.expires_at) is None
    held = tokens_of(session, sam, now=short.expires_at)
    assert short.id not in [token.id for token in held]
    session.rollback()
    assert create_token(session, viewer=sam, name="One more", now=short.expires_at)
