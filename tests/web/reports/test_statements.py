"""The statement of a person's hours, and the page that checks its code."""

import re

import pytest

from mentorship.domain.sessions.lifecycle import Status
from mentorship.domain.sessions.outcomes import OutcomeWord
from tests.support.builders import a_booking, at, the_booking
from tests.support.processes import sign_in_as

STATEMENT, CHECK = "/reports/statement", "/statement/check"
NOVEMBER = {"from": "2026-11-01", "to": "2026-11-30"}


@pytest.fixture
def taught(session, cast):
    """A session of an hour that took place, and one that is still to come."""
    booking = a_booking(
        session,
        mentor=cast.mentor,
        student=cast.student,
        starts="07:00",
        status=Status.COMPLETED,
        topic="Writing",
    )
    a_booking(session, mentor=cast.mentor, student=cast.student, starts="18:00", topic="Later")
    stored = the_booking(session, booking)
    stored.decided_outcome, stored.decided_at = OutcomeWord.TOOK_PLACE, at("08:30")
    stored.decided_by = cast.admin.id
    session.commit()
    return booking


def statement(client, **asked):
    answer = client.get(STATEMENT, query_string=NOVEMBER | asked)
    assert answer.status_code == 200, answer.text
    return answer.text


def check_address(page):
    """The address that is printed on the statement, without the site."""
    return re.search(r'href="[^"]*(/statement/check\?[^"]*)"', page)[1].replace("&amp;", "&")


def test_a_statement_lists_what_has_begun_with_sums(client_for, cast, taught):
    page = statement(client_for(cast.mentor))

    assert "Maya Mentor" in page
    assert "Writing" in page
    assert "Sam Student" in page
    assert "Later" not in page
    foot = page.partition("<tfoot>")[2].partition("</tfoot>")[0]
    assert re.findall(r">([^<>]+)</t[hd]>", foot) == ["1 session", "1", "1 h", "1 h"]


def test_an_admin_can_print_it_for_everybody_and_a_mentor_only_their_own(client_for, cast, taught):
    admin, other = client_for(cast.admin), client_for(cast.other_mentor)

    assert "As student" in statement(admin, person=cast.student.id)
    assert "Writing" in statement(admin, person=cast.mentor.id)
    asked = NOVEMBER | {"person": cast.mentor.id}
    assert other.get(STATEMENT, query_string=asked).status_code == 403
    assert client_for(cast.student).get(STATEMENT).status_code == 403
    assert admin.get(STATEMENT, query_string=NOVEMBER | {"person": 999}).status_code == 404
    for person in ("abc", "0", "-1", "1" + "0" * 20):
        assert admin.get(STATEMENT, query_string=NOVEMBER | {"person": person}).status_code == 400


def test_everybody_can_check_a_statement(client_for, cast, taught):
    address = check_address(statement(client_for(cast.mentor)))

    for viewer in (None, cast.student):
        assert "still the same as when" in client_for(viewer).get(address).text
    # An admin's statement about the same person and days has the same code.
    assert check_address(statement(client_for(cast.admin), person=cast.mentor.id)) == address


def test_a_check_tells_that_the_figures_have_changed(client_for, session, cast, taught):
    address = check_address(statement(client_for(cast.mentor)))
    the_booking(session, taught).completed_at = at("08:30")
    session.commit()

    assert "figures have changed since" in client_for(None).get(address).text


def test_a_forged_code_is_told_apart(client_for, cast, taught):
    address = check_address(statement(client_for(cast.mentor)))
    person = f"person={cast.mentor.id}"

    for forged in (
        address.replace(person, f"person={cast.student.id}"),
        address.replace("2026-11-30", "2026-11-29"),
        re.sub("code=.*", "code=AAAA-BBBB", address),
        re.sub("code=.*", "code=", address),
    ):
        assert forged != address
        assert "was not made here" in client_for(None).get(forged).text


@pytest.mark.parametrize(
    "change",
    [
        ("zone=UTC", "zone=Mars"),
        ("person=", "person=x"),
        ("from=2026-11-01", "from=never"),
        ("to=2026-11-30", "to=2026-10-30"),
        ("from=2026-11-01&", ""),
    ],
)
def test_what_cannot_be_checked_is_refused_with_a_sentence(client_for, cast, taught, change):
    address = check_address(statement(client_for(cast.mentor)))

    answer = client_for(None).get(address.replace(*change))

    assert answer.status_code == 400
    assert "field" in answer.text or "range" in answer.text


def test_the_statement_names_the_organisation(app_with, cast, taught):
    app = app_with(site_name="Mentors of <Hilltop>")
    client = app.test_client()
    sign_in_as(app, client, cast.mentor)

    assert "Mentors of &lt;Hilltop&gt;" in client.get(STATEMENT, query_string=NOVEMBER).text
