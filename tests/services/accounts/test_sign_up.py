"""Sign-up, confirmation and forgotten passwords: what is stored, mailed and kept secret."""

import re

import pytest
from sqlalchemy import update

from mentorship.domain.accounts.viewers import Role
from mentorship.domain.shared.errors import Forbidden, InvalidInput, NotConfirmed, NotFound
from mentorship.domain.shared.locales import Language
from mentorship.models import User
from mentorship.queries.accounts.people import account_of, people_page
from mentorship.services.accounts.approve_mentor import approve_mentor
from mentorship.services.accounts.passwords import check_password, new_account, set_password
from mentorship.services.accounts.sign_up import (
    confirm,
    forgotten_password,
    send_confirmation,
    sign_up,
)
from mentorship.services.accounts.signed_links import Links, Purpose, link_owner, make_token
from tests.support.builders import a_user, at
from tests.support.clocks import standing_at
from tests.support.databases import counted_statements
from tests.support.mails import composed_mail

NOW = at("12:00")
KEY = "k" * 32
LINKS = Links("https://mentors.example.org", KEY)
PASSWORD = "correct horse battery"
EMAIL = "nell@example.org"


def signs_up(session, *, now=NOW, **changes):
    values = {
        "email": EMAIL,
        "name": "Nell",
        "roles": {Role.STUDENT},
        "password": PASSWORD,
        "timezone": "Europe/Berlin",
    }
    sign_up(session, new_account(**(values | changes), now=now), links=LINKS, now=now)


def the_account(session, email=EMAIL):
    session.rollback()
    account = account_of(session, email)
    session.rollback()
    return account


def person_of_link(session, mail):
    """Whom the link in a mail names, whatever it is for."""
    [token] = re.findall(r"https://mentors\.example\.org/(?:confirm|reset)/(\S+)", mail.text)
    session.rollback()
    return link_owner(session, token, secret_key=KEY, purposes=Purpose)


def test_who_signs_up_confirms_the_address_before_the_first_sign_in(session):
    signs_up(session)

    with pytest.raises(NotConfirmed, match="confirm your e-mail address"):
        check_password(session, email=EMAIL, password=PASSWORD)
    assert check_password(session, email=EMAIL, password="another password") is None

    [mail] = composed_mail(session)
    assert (mail.recipient, mail.not_after) == (EMAIL, NOW + Purpose.CONFIRMATION.lasts)
    person = person_of_link(session, mail)
    confirmed = confirm(session, viewer=person, password=PASSWORD)

    assert check_password(session, email=EMAIL, password=PASSWORD) == confirmed
    with pytest.raises(InvalidInput, match="has already been used"):
        person_of_link(session, mail)
    with pytest.raises(InvalidInput, match="already been used"):
        confirm(session, viewer=person, password=PASSWORD)


def test_mail_to_an_unconfirmed_address_names_nobody(session):
    """Whoever typed the address chose the name, too: it could be an advertisement."""
    signs_up(session, name="WIN 500 EUR now: https://evil.example")
    send_confirmation(session, email=EMAIL, links=LINKS, now=at("12:10"))
    forgotten_password(session, email=EMAIL, language=Language.EN, links=LINKS, now=at("12:20"))

    mails = composed_mail(session)
    assert len(mails) == 3
    for mail in mails:
        assert "WIN" not in mail.subject + mail.text + mail.html
        assert mail.text.startswith("Hello,\n")


def test_the_owner_is_told_of_a_new_password(session):
    viewer = a_user(session, "Nell", Role.STUDENT)
    set_password(session, viewer=viewer, password="a quite new one", links=LINKS, now=NOW)

    [mail] = composed_mail(session)
    assert (mail.recipient, mail.subject) == (EMAIL, "Your password was changed")
    assert "If this was not you" in mail.text
    assert "https://mentors.example.org/forgot" in mail.text
    assert "a quite new one" not in mail.text


def test_a_link_to_confirm_is_no_link_to_set_a_password_nor_the_other_way_round(session):
    viewer = a_user(session, "Nell", Role.STUDENT)
    tokens = {
        purpose: make_token(secret_key=KEY, user_id=viewer.id, epoch=0, purpose=purpose)
        for purpose in Purpose
    }

    for purpose in (Purpose.INVITATION, Purpose.FORGOTTEN):
        assert link_owner(session, tokens[purpose], secret_key=KEY) == viewer
        with pytest.raises(InvalidInput):
            link_owner(session, tokens[purpose], secret_key=KEY, purposes=[Purpose.CONFIRMATION])
    with pytest.raises(InvalidInput):
        link_owner(session, tokens[Purpose.CONFIRMATION], secret_key=KEY)


def test_nobody_prepares_an_account_for_somebody_elses_address(session):
    signs_up(session, name="Mallory", password="mallory knows this one", roles={Role.MENTOR})
    [first] = composed_mail(session)
    signs_up(session, now=at("12:05"))

    account = the_account(session)
    assert (account.viewer.name, account.viewer.roles) == ("Nell", {Role.STUDENT})
    assert not account.is_approval_pending
    with pytest.raises(InvalidInput):
        person_of_link(session, first)
    second = composed_mail(session)[1]
    assert (
        confirm(session, viewer=person_of_link(session, second), password="mallory knows") is None
    )
    assert confirm(session, viewer=person_of_link(session, second), password=PASSWORD)


def test_a_second_sign_up_leaves_a_confirmed_account_as_it_is_and_tells_its_owner(session):
    viewer = a_user(session, "Nell", Role.STUDENT)

    signs_up(session, name="Mallory", roles={Role.MENTOR})

    assert the_account(session).viewer == viewer
    [mail] = composed_mail(session)
    assert (mail.recipient, mail.subject) == (EMAIL, "You already have an account")
    assert "Hello Nell," in mail.text
    assert "https://mentors.example.org/forgot" in mail.text
    assert "Mallory" not in mail.text + mail.html


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_nobody_signs_up_as_an_admin(session):
    with pytest.raises(InvalidInput, match="student or a mentor"):
        signs_up(session, roles={Role.ADMIN})

    assert the_account(session) is None


def test_a_confirmation_is_sent_again_only_while_one_is_wanting(session):
    signs_up(session)
    send_confirmation(session, email=EMAIL, links=LINKS, now=at("12:10"))
    send_confirmation(session, email="who@example.org", links=LINKS, now=at("12:10"))

    first, second = composed_mail(session)
    assert confirm(session, viewer=person_of_link(session, second), password=PASSWORD)
    send_confirmation(session, email=EMAIL, links=LINKS, now=at("12:20"))
    assert [mail.id for mail in composed_mail(session)] == [first.id, second.id]


def test_a_forgotten_password_is_set_anew_by_the_link_which_confirms_the_address_too(session):
    signs_up(session)
    forgotten_password(session, email=EMAIL, language=Language.EN, links=LINKS, now=at("12:10"))

    mail = composed_mail(session)[1]
    assert mail.not_after == at("14:10")
    person = person_of_link(session, mail)
    set_password(session, viewer=person, password="a quite new one", links=LINKS, now=at("12:20"))

    assert check_password(session, email=EMAIL, password="a quite new one").id == person.id
    with pytest.raises(InvalidInput, match="has already been used"):
        person_of_link(session, mail)


def test_an_address_without_an_account_is_told_how_to_get_one(session):
    forgotten_password(session, email="who@example.org", language=Language.EN, links=LINKS, now=NOW)

    [mail] = composed_mail(session)
    assert mail.recipient == "who@example.org"
    assert "https://mentors.example.org/signup" in mail.text


def test_each_case_takes_the_same_statements(session):
    """Up to one: an account that is confirmed is read for its owner's name, in sign-up."""
    a_user(session, "Nell", Role.STUDENT)
    counts = {}
    for email in (EMAIL, "new@example.org"):
        with counted_statements(session.get_bind()) as forgotten:
            forgotten_password(session, email=email, language=Language.EN, links=LINKS, now=NOW)
        with counted_statements(session.get_bind()) as signing:
            signs_up(session, email=email)
        counts[email] = (len(forgotten), len(signing))

    (forgot, signed), (forgot_new, signed_new) = counts.values()
    assert forgot == forgot_new
    assert abs(signed - signed_new) <= 1


def test_who_signs_up_twice_in_a_second_gets_a_link_that_works(session):
    signs_up(session)
    signs_up(session)

    first, second = composed_mail(session)
    with pytest.raises(InvalidInput):
        person_of_link(session, first)
    assert confirm(session, viewer=person_of_link(session, second), password=PASSWORD)


def test_an_asked_for_mail_that_is_asked_for_twice_in_a_second_goes_once(session):
    signs_up(session)
    with standing_at(NOW):  # A link tells when it was made.
        for _ in range(2):
            forgotten_password(session, email=EMAIL, language=Language.EN, links=LINKS, now=NOW)

    assert len(composed_mail(session)) == 2


def test_a_mentor_is_approved_by_an_admin_once_the_address_is_confirmed(session):
    admin = a_user(session, "Ada", Role.ADMIN)
    signs_up(session, roles={Role.MENTOR})
    mentor = the_account(session).viewer

    def press():
        session.rollback()
        return approve_mentor(session, viewer=admin, person_id=mentor.id, links=LINKS, now=NOW)

    with pytest.raises(InvalidInput, match="has not confirmed"):
        press()
    confirm(session, viewer=mentor, password=PASSWORD)
    assert the_account(session).is_approval_pending
    assert "is approved" in press()
    assert not the_account(session).is_approval_pending
    assert press() == "Nell needs no approval."

    assert [mail.subject for mail in composed_mail(session)] == [
        "Confirm your e-mail address",
        "Students can find you now",
    ]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_only_an_admin_approves_and_only_somebody_who_is_there(session):
    admin = a_user(session, "Ada", Role.ADMIN)
    mentor = a_user(session, "Maya", Role.MENTOR)

    with pytest.raises(Forbidden):
        approve_mentor(session, viewer=mentor, person_id=mentor.id, links=LINKS, now=NOW)
    session.rollback()
    with pytest.raises(NotFound, match="no such person"):
        approve_mentor(session, viewer=admin, person_id=2**31 - 1, links=LINKS, now=NOW)


def test_people_are_found_by_a_part_of_the_name_or_address_and_shown_in_pages(session):
    for number in range(45):
        a_user(session, f"Person {number:02}", Role.STUDENT)
    a_user(session, "Zoe 100%_", Role.MENTOR)
    session.execute(update(User).where(User.name == "Zoe 100%_").values(is_approval_pending=True))
    session.commit()

    def names(search, page=1):
        return [person.name for person in people_page(session, search=search, page=page).people]

    everybody = people_page(session, search="", page=2)
    assert (everybody.total, everybody.page, everybody.pages, everybody.waiting) == (46, 2, 3, 1)
    assert names("")[:2] == ["Zoe 100%_", "Person 00"]
    assert names("", page=99) == names("", page=3) == [f"Person {n:02}" for n in range(39, 45)]
    assert names("PERSON 1") == [f"Person {number}" for number in range(10, 20)]
    assert names("person.07@") == ["Person 07"]
    assert names("0%_") == ["Zoe 100%_"]
    assert names("%") == ["Zoe 100%_"]
    assert names("nobody") == []
    a_user(session, "Ørjan Çelik", Role.STUDENT)
    assert names("ØRJAN ÇELIK") == names("orjan celik") == ["Ørjan Çelik"]
    assert names("")[:2] == ["Zoe 100%_", "Ørjan Çelik"]
