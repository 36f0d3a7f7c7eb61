"""The pages of reports: what they show, where the figures lead, and who may see them."""

import re

import pytest

from mentorship.domain.sessions.lifecycle import Status
from tests.support.builders import a_booking

NOVEMBER = {"from": "2026-11-01", "to": "2026-11-30"}


@pytest.fixture
def sessions(session, cast):
    """Two of the mentor's, one of them over, and one of another mentor's."""

    def book(starts, topic, mentor=cast.mentor, **state):
        return a_booking(
            session, mentor=mentor, student=cast.student, starts=starts, topic=topic, **state
        )

    book("07:00", "<b>Bold</b>", status=Status.COMPLETED)
    book("18:00", "Writing")
    book("12:00", "Not theirs", mentor=cast.other_mentor)


def figures_of(page):
    """The values of the table of figures, by the names of the JSON."""
    found = {}
    for name, row in re.findall(r'<tr id="figure-(\w+)">(.*?)</tr>', page, re.DOTALL):
        value = re.search(r'<data value="([^"]*)"', row)[1]
        found[name] = float(value) if value else None
    return found


def test_the_page_has_the_figures_of_the_json(client_for, cast, sessions):
    client = client_for(cast.admin)

    page = client.get("/reports", query_string=NOVEMBER).text

    [row] = client.get("/api/reports/summary", query_string=NOVEMBER).json["rows"]
    assert figures_of(page) == {
        name: it for name, it in row.items() if name not in ("key", "label")
    }


def test_every_figure_leads_to_as_many_sessions_as_it_counts(client_for, cast, sessions):
    client = client_for(cast.admin)
    page = client.get("/reports", query_string=NOVEMBER).text
    figures = figures_of(page)
    counts = {"booked", "scheduled", "ongoing", "completed", "delayed", "open", "onTime"}
    walked = 0
    for name, row in re.findall(r'<tr id="figure-(\w+)">(.*?)</tr>', page, re.DOTALL):
        address = re.search(r'href="([^"]*)"', row)[1].replace("&amp;", "&")
        answer = client.get(address)
        assert answer.status_code == 200, name
        total = int(re.search(r'<data class="total" value="(\d+)"', answer.text)[1])
        if name in counts:
            assert total == figures[name], name
        walked += 1
    assert walked == 27


@pytest.mark.parametrize("by", ["mentor", "student", "topic", "week", "month"])
def test_each_division_has_its_rows_and_lists(client_for, cast, sessions, by):
    client, asked = client_for(cast.admin), NOVEMBER | {"by": by}

    page = client.get("/reports", query_string=asked).text

    rows = client.get("/api/reports/summary", query_string=asked).json["rows"]
    assert page.count('<th scope="row">') == len(rows)
    body = page.partition("<tbody>")[2].partition("</tbody>")[0]
    addresses = [it.replace("&amp;", "&") for it in re.findall(r'href="([^"]*)"', body)]
    assert len(addresses) == 12 * len(rows)
    for address in addresses[:24]:
        assert client.get(address).status_code == 200, address


def test_rows_are_sorted_by_a_column(client_for, cast, sessions):
    client = client_for(cast.admin)

    def mentors(**order):
        page = client.get("/reports", query_string=NOVEMBER | {"by": "mentor"} | order).text
        return re.findall(r'<th scope="row"><a [^>]*>(\w+)', page)

    assert mentors() == ["Maya", "Otto"]
    assert mentors(sort="delayed") == ["Maya", "Otto"]
    assert mentors(sort="booked") == ["Maya", "Otto"]
    answer = client.get("/reports", query_string={"by": "mentor", "sort": "name"})
    assert answer.status_code == 400


@pytest.mark.parametrize("name", ["this-month", "last-month", "this-term", "one-year"])
def test_the_usual_ranges_are_at_hand(client_for, cast, sessions, name):
    page = client_for(cast.admin).get("/reports", query_string={"range": name})

    assert page.status_code == 200
    assert (
        'aria-current="true"'
        in page.text.partition('<nav class="ranges"')[2].partition("</nav>")[0]
    )
    assert client_for(cast.admin).get("/reports", query_string={"range": "ever"}).status_code == 400


def test_a_mentor_sees_their_own_and_no_division_by_mentor(client_for, cast, sessions):
    client = client_for(cast.mentor)

    page = client.get("/reports", query_string=NOVEMBER).text

    assert figures_of(page)["booked"] == 2
    assert "Your own sessions" in page
    assert "by=mentor" not in page
    listed = client.get("/reports/sessions", query_string=NOVEMBER).text
    assert "Not theirs" not in listed
    assert "&lt;b&gt;Bold" in listed
    for path in ("/reports", "/reports/sessions"):
        other = NOVEMBER | {"mentorId": cast.other_mentor.id}
        assert client.get(path, query_string=other).status_code == 403
        assert client_for(cast.student).get(path).status_code == 403


def test_a_report_on_one_person_says_who_that_is(client_for, cast, sessions):
    client = client_for(cast.admin)

    page = client.get("/reports", query_string=NOVEMBER | {"mentorId": cast.other_mentor.id}).text

    assert figures_of(page)["booked"] == 1
    assert "Otto Other" in page
    assert client.get("/reports", query_string={"mentorId": 999}).status_code == 404


def test_pictures_have_a_title_a_description_and_a_table(client_for, cast, sessions):
    page = client_for(cast.admin).get("/reports", query_string=NOVEMBER).text

    assert page.count('<svg class="picture"') == page.count("<desc ") == 3
    assert page.count("The same as a table") == 3


def test_admins_and_mentors_find_the_reports_in_the_bar_on_top(client_for, cast):
    for viewer, is_shown in ((cast.admin, True), (cast.mentor, True), (cast.student, False)):
        assert ('href="/reports"' in client_for(viewer).get("/dashboard").text) is is_shown
