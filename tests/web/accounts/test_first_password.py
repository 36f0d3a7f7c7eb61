"""Whoever was imported says with the first password where they are and how they read times."""

import re

import pytest
from sqlalchemy import select, update

from mentorship.adapters.passwords import hash_password
from mentorship.domain.accounts.viewers import Role
from mentorship.models import User
from mentorship.services.accounts.signed_links import make_token
from tests.support.builders import a_user

PASSWORD = "correct horse battery"
GERMAN = {"Accept-Language": "de-DE,de;q=0.9"}
AMERICAN = {"Accept-Language": "en-US"}
HERE = {"timezone": "Europe/Berlin", "language": "de", "hour_cycle": "h23"}


def link_for(app, person):
    token = make_token(secret_key=app.config["SECRET_KEY"], user_id=person.id, epoch=person.epoch)
    return f"/reset/{token}"


def stored(session, person):
    session.rollback()
    session.expire_all()
    user = session.get_one(User, person.id)
    return user.timezone, user.language, user.hour_cycle


@pytest.fixture
def nele(session, clock):
    """An imported mentor: nothing but a name, an address and a role."""
    return a_user(session, "Nele", Role.MENTOR)


def test_the_first_password_asks_for_zone_language_and_hours(app, nele, session, client_for):
    client, link = client_for(None), link_for(app, nele)
    page = client.get(link, headers=GERMAN).text

    assert re.search(r'<select name="timezone"[^>]* data-browser-zone=', page)
    assert re.search(r'<option value="de" selected>', page)
    assert re.search(r'<option value="h23" selected>', page)
    assert '<option value="h12" selected>' in client.get(link, headers=AMERICAN).text
    assert client.post(link, data={"password": PASSWORD} | HERE).status_code == 303
    assert stored(session, nele) == ("Europe/Berlin", "de", "h23")


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"timezone": ""}, "Please choose your time zone."),
        ({"timezone": "localtime"}, "is not a time zone"),
        ({"language": "xx"}, "The language must be"),
        ({"hour_cycle": "h24"}, "The time format must be"),
        ({"password": "short"}, "must have 8 to"),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_lost(
    wrong, complaint, app, nele, session, client_for
):
    client, link = client_for(None), link_for(app, nele)
    answer = client.post(link, data={"password": PASSWORD} | HERE | wrong, headers=AMERICAN)

    assert answer.status_code == 400
    assert complaint in answer.text
    if "timezone" not in wrong:
        assert "<option selected>Europe/Berlin</option>" in answer.text
    assert stored(session, nele) == ("UTC", None, None)
    assert client.post(link, data={"password": PASSWORD} | HERE).status_code == 303


def test_a_zone_of_the_file_is_shown_and_an_old_one_becomes_todays(app, nele, session, client_for):
    session.execute(update(User).where(User.id == nele.id).values(timezone="Asia/Tokyo"))
    session.commit()
    client, link = client_for(None), link_for(app, nele)

    page = client.get(link).text
    assert "<option selected>Asia/Tokyo</option>" in page
    assert "data-browser-zone" not in page
    client.post(link, data={"password": PASSWORD} | HERE | {"timezone": "Europe/Kiev"})
    assert stored(session, nele)[0] == "Europe/Kyiv"


def test_a_later_password_asks_for_nothing_else_and_changes_nothing_else(
    app, session, client_for, clock
):
    sam = a_user(session, "Sam", Role.STUDENT, password_hash=hash_password(PASSWORD))
    client, link = client_for(None), link_for(app, sam)

    assert 'name="timezone"' not in client.get(link).text
    assert client.post(link, data={"password": "a quite new one"} | HERE).status_code == 303
    assert stored(session, sam) == ("UTC", None, None)


def test_the_first_sign_in_notes_how_the_browser_reads_and_a_choice_stays(
    session, client_for, clock
):
    sam = a_user(session, "Sam", Role.STUDENT, password_hash=hash_password(PASSWORD))
    fields = {"email": sam.email, "password": PASSWORD}

    assert client_for(None).post("/login", data=fields, headers=AMERICAN).status_code == 303
    assert stored(session, sam) == ("UTC", "en", "h12")
    assert client_for(None).post("/login", data=fields, headers=GERMAN).status_code == 303
    assert stored(session, sam) == ("UTC", "en", "h12")


def test_the_first_sign_in_says_once_that_times_are_in_utc_where_nobody_chose_a_zone(
    session, client_for, clock
):
    sam = a_user(session, "Sam", Role.STUDENT, password_hash=hash_password(PASSWORD))
    fields = {"email": sam.email, "password": PASSWORD}
    hint = "Your times are in UTC. Choose your time zone"
    for is_said in (True, False):
        client = client_for(None)
        signed_in = client.post("/login", data=fields, headers=AMERICAN)
        assert (signed_in.status_code, signed_in.headers["Location"]) == (303, "/dashboard")
        assert (hint in client.get("/dashboard", headers=AMERICAN).text) == is_said


def test_signing_up_notes_how_the_browser_counts_hours(session, client_for, clock):
    fields = {
        "name": "Nell",
        "email": "nell@example.org",
        "password": PASSWORD,
        "role": "student",
        "timezone": "America/New_York",
    }
    assert client_for(None).post("/signup", data=fields, headers=AMERICAN).status_code == 200
    session.rollback()
    row = session.execute(select(User.language, User.hour_cycle)).one()

    assert tuple(row) == ("en", "h12")
