"""Accounts, passwords and the links that set them."""

from datetime import timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.shared.errors import InvalidInput
from mentorship.models import User
from mentorship.queries.accounts.people import account_of, viewer_of
from mentorship.services.accounts.passwords import (
    check_password,
    create_user,
    has_users,
    new_account,
    set_password,
)
from mentorship.services.accounts.signed_links import Purpose, link_owner, make_token
from mentorship.services.shared.text_fields import clean_timezone
from tests.support.builders import LINKS, TODAY, at
from tests.support.clocks import standing_at
from tests.support.meanwhile import meanwhile

NOW = at("12:00")
KEY = "k" * 32
PASSWORD = "correct horse battery"


def an_account(**changes):
    values = {
        "email": "Maya@Example.ORG",
        "name": " Maya ",
        "roles": {Role.MENTOR},
        "password": PASSWORD,
        "timezone": "Europe/Berlin",
        "now": NOW,
    }
    return new_account(**(values | changes))


def maya(session):
    create_user(session, an_account())
    viewer = account_of(session, "maya@example.org").viewer
    session.rollback()
    return viewer


def test_an_account_keeps_what_was_said_and_never_the_password(session):
    assert not has_users(session)
    session.rollback()
    viewer = maya(session)

    user = session.get_one(User, viewer.id)
    assert (user.email, user.name, user.roles) == ("maya@example.org", "Maya", {Role.MENTOR})
    assert (user.timezone, user.created_at) == ("Europe/Berlin", NOW)
    assert user.password_hash.startswith("$argon2id$")
    assert PASSWORD not in user.password_hash
    assert has_users(session)


def test_only_the_right_password_fits_and_only_to_its_account(session):
    viewer = maya(session)
    create_user(session, an_account(email="sam@example.org", roles={Role.STUDENT}, password=""))

    assert check_password(session, email="maya@example.org", password=PASSWORD) == viewer
    for email, password in (
        ("maya@example.org", PASSWORD.upper()),
        ("maya@example.org", f"{PASSWORD} "),
        ("maya@example.org", ""),
        ("sam@example.org", ""),
        ("sam@example.org", "no account has this password"),
        ("who@example.org", "no account has this password"),
    ):
        assert check_password(session, email=email, password=password) is None


def test_an_address_has_one_account_in_whatever_case_it_is_written(session):
    maya(session)

    with pytest.raises(InvalidInput, match=r"already an account with maya@example\.org"):
        create_user(session, an_account(email="MAYA@example.org"))
    session.rollback()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"email": ""},                    "The e-mail address is missing."),
        ({"email": "maya"},                "'maya' is not an e-mail address."),
        ({"email": "a@b\r\nBcc: c@d"},     "contains a character"),
        ({"email": "a@exa\ud800mple.org"}, "contains a character"),
        ({"name": "  "},                   "The name is missing."),
        ({"name": "x" * 121},              "longer than 120 characters"),
        ({"name": "a\x00b"},               "contains a character"),
        ({"name": "\u202eMaya"},            "contains a character"),
        ({"name": "a" + "\u0300" * 9},      "contains a character"),
        ({"name": "\u200b \u2060"},         "The name is missing."),
        ({"timezone": "Berlin"},           "'Berlin' is not a time zone"),
        ({"timezone": "/etc/passwd"},      "is not a time zone"),
        ({"password": "seven77"},          "must have 8 to 128 characters"),
        ({"password": "x" * 129},          "must have 8 to 128 characters"),
        ({"password": "        "},         "The password is missing."),
        ({"password": "nul\x00nul\x00"},   "contains a character"),
        ({"password": "Passw0rd"},         "easy to guess"),
        ({"password": "12345678"},         "easy to guess"),
        ({"password": "qwertzuiop"},       "easy to guess"),
        ({"password": "mentorship-demo"},  "easy to guess"),
        ({"password": "maya@example.org"}, "easy to guess"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_a_sentence(changes, complaint):
    with pytest.raises(InvalidInput) as refused:
        an_account(**changes)

    assert complaint in str(refused.value)
    assert str(refused.value).endswith(".")


def test_no_time_zone_means_utc():
    assert clean_timezone("") == clean_timezone("UTC") == "UTC"


def test_a_new_password_replaces_the_old_one_and_signs_out_everywhere(session):
    viewer = maya(session)

    set_password(session, viewer=viewer, password="another password", links=LINKS, now=NOW)

    assert check_password(session, email=viewer.email, password=PASSWORD) is None
    changed = check_password(session, email=viewer.email, password="another password")
    assert changed is not None
    assert changed.epoch == viewer.epoch + 1
    assert viewer_of(session, user_id=viewer.id, epoch=viewer.epoch) is None


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_password_that_does_not_fit_changes_nothing(session):
    viewer = maya(session)

    with pytest.raises(InvalidInput, match="8 to 128"):
        set_password(session, viewer=viewer, password="short", links=LINKS, now=NOW)

    assert check_password(session, email=viewer.email, password=PASSWORD) == viewer


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_of_two_changes_with_one_link_the_second_is_refused(session):
    viewer = maya(session)
    set_password(session, viewer=viewer, password="the first of two", links=LINKS, now=NOW)

    with pytest.raises(InvalidInput, match="changed elsewhere"):
        set_password(session, viewer=viewer, password="the second of two", links=LINKS, now=NOW)

    assert check_password(session, email=viewer.email, password="the first of two")


def a_token(viewer, key=KEY):
    return make_token(secret_key=key, user_id=viewer.id, epoch=viewer.epoch)


def test_a_link_names_its_person_until_it_is_used(session):
    viewer = maya(session)
    token = a_token(viewer)

    assert link_owner(session, token, secret_key=KEY) == viewer
    assert link_owner(session, token, secret_key=KEY) == viewer
    set_password(session, viewer=viewer, password="another password", links=LINKS, now=NOW)

    with pytest.raises(InvalidInput, match="has already been used"):
        link_owner(session, token, secret_key=KEY)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_link_works_for_seven_days_and_not_a_second_longer(session):
    viewer = maya(session)
    with standing_at(TODAY) as clock:
        token = a_token(viewer)
        clock.tick(Purpose.INVITATION.lasts)
        assert link_owner(session, token, secret_key=KEY) == viewer
        clock.tick(timedelta(seconds=1))
        with pytest.raises(InvalidInput, match="expired"):
            link_owner(session, token, secret_key=KEY)
    assert Purpose.INVITATION.lasts == timedelta(days=7)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_link_that_was_not_made_here_names_nobody(session):
    viewer = maya(session)
    token = a_token(viewer)

    for forged in (
        "",
        "x",
        token[:-1],
        f"{token}x",
        a_token(viewer, "another key" * 4),
        "\x00",
        "é",
    ):
        with pytest.raises(InvalidInput, match="expired or has already been used"):
            link_owner(session, forged, secret_key=KEY)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)  # SQLite has one writer.
def test_a_password_that_changes_at_the_same_moment_is_not_overwritten(session):
    viewer = maya(session)

    def another_tab():
        with Session(session.get_bind()) as other:
            set_password(other, viewer=viewer, password="the first of two", links=LINKS, now=NOW)

    with (
        meanwhile(session.get_bind(), "UPDATE users", another_tab),
        pytest.raises(InvalidInput, match="changed elsewhere"),
    ):
        set_password(session, viewer=viewer, password="the second of two", links=LINKS, now=NOW)

    assert check_password(session, email=viewer.email, password="the first of two")


def test_what_the_database_refuses_does_not_say_what_was_to_be_stored(session, cast):
    twin = {
        "id": cast.student.id,
        "email": "twin@example.org",
        "name": "Twin",
        "is_student": True,
        "timezone": "UTC",
        "created_at": NOW,
        "password_hash": "a-hash",
    }
    with pytest.raises(IntegrityError) as refused:
        session.execute(insert(User).values(twin))
    session.rollback()

    assert "a-hash" not in str(refused.value)
