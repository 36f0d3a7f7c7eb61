"""The pages about webhooks: what an admin does from an address to a call sent again."""

import re

import pytest
from sqlalchemy import func, select, update

from mentorship.current import parts_of
from mentorship.domain.shared.delivery_problems import Problem
from mentorship.domain.webhooks.events import EventKind
from mentorship.models import WebhookCall, WebhookEndpoint
from mentorship.services.webhooks.endpoints import MOST_ENDPOINTS
from tests.support.builders import a_booking, a_call_given_up, a_webhook, at

URL = "https://hooks.example.org/a"
NOT_PUBLIC = "The address must be reachable from the public internet."


@pytest.fixture
def admin(cast, client_for, clock):
    return client_for(cast.admin)


def add(client, url, *kinds):
    return client.post("/webhooks", data={"url": url, "kinds": list(kinds) or ["transition"]})


def stored(session, model):
    session.rollback()
    session.expire_all()
    return list(session.scalars(select(model).order_by(model.id)))


def test_an_address_is_added_off_turned_on_and_off_and_removed(session, admin):
    assert "There are no webhooks yet" in admin.get("/webhooks").text
    where = add(admin, f" {URL} ").headers["Location"]
    page = admin.get(where).text
    assert URL in page
    assert "Turn on" in page
    key = re.search(r"whsec_[A-Za-z0-9+/]{43}=", page).group()
    assert [endpoint.is_active for endpoint in stored(session, WebhookEndpoint)] == [False]

    admin.post(f"{where}/on")
    assert "Turn off" in admin.get(where).text
    assert "On</p>" in admin.get("/webhooks").text
    admin.post(f"{where}/key")
    assert key not in admin.get(where).text
    admin.post(f"{where}/off")
    assert "Turn on" in admin.get(where).text
    admin.post(f"{where}/remove")
    assert URL not in admin.get("/webhooks").text
    for gone in (admin.get(where), *(admin.post(f"{where}/{do}") for do in ("on", "off", "key"))):
        assert gone.status_code == 404


def chosen(page):
    """The kinds of events that are ticked."""
    boxes = re.findall(r'name="kinds" value="([a-z]+)"( checked)?', page)
    assert [kind for kind, _checked in boxes] == list(EventKind)
    return [kind for kind, checked in boxes if checked]


def test_each_endpoint_has_the_kinds_of_events_that_were_chosen_for_it(session, admin):
    assert chosen(admin.get("/webhooks").text) == list(EventKind)
    where = add(admin, URL, "booked", "moved").headers["Location"]
    assert chosen(admin.get(where).text) == ["booked", "moved"]
    answer = admin.post(f"{where}/kinds", data={"kinds": ["outcome"]})
    assert answer.headers["Location"] == where
    assert "Kinds of events saved." in (page := admin.get(where).text)
    assert chosen(page) == ["outcome"]
    [endpoint] = stored(session, WebhookEndpoint)
    assert endpoint.kinds == {EventKind.OUTCOME}
    assert admin.post("/webhooks/99/kinds", data={"kinds": ["booked"]}).status_code == 404


@pytest.mark.parametrize(
    ("kinds", "says"),
    [
        ([], "Please choose at least one kind of event."),
        ([""], "There is no kind of event “”."),
        (["booked", "TRANSITION"], "There is no kind of event “TRANSITION”."),
        (["booked,moved"], "There is no kind of event “booked,moved”."),
    ],
)
def test_kinds_that_cannot_be_chosen_are_refused_in_words_and_nothing_is_lost(
    session, admin, kinds, says
):
    answer = admin.post("/webhooks", data={"url": URL, "kinds": kinds})
    assert answer.status_code == 400
    assert says in answer.text
    assert f'value="{URL}"' in answer.text
    assert chosen(answer.text) == [kind for kind in kinds if kind in list(EventKind)]
    assert stored(session, WebhookEndpoint) == []

    endpoint = a_webhook(session, URL)
    answer = admin.post(f"/webhooks/{endpoint}/kinds", data={"kinds": kinds})
    assert answer.status_code == 400
    assert says in answer.text
    [kept] = stored(session, WebhookEndpoint)
    assert kept.kinds == {EventKind.TRANSITION}


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "The address is missing."),
        ("ftp://hooks.example.org", "must be a web address like https://"),
        ("https://user@hooks.example.org", "must be a web address like https://"),
        ("http://127.0.0.1/", NOT_PUBLIC),
        ("http://[::1]:80/", NOT_PUBLIC),
        ("http://169.254.169.254/latest", NOT_PUBLIC),
        ("https://localhost", NOT_PUBLIC),
        ("https://LocalHost.:8443/a", NOT_PUBLIC),
        ("https://hooks.localhost/", NOT_PUBLIC),
        ("https://127.1", NOT_PUBLIC),
        ("https://2130706433", NOT_PUBLIC),
        ("https://0x7f.1/", NOT_PUBLIC),
        ("https://0177.0.0.1/", NOT_PUBLIC),
        ("https://0", NOT_PUBLIC),
        ("https://10.0.0.1./", NOT_PUBLIC),
        ("https://192.168.257/", NOT_PUBLIC),
        ("https://\uff11\uff12\uff17.1/", NOT_PUBLIC),
        ("https://127\u30020\u30020\u30021/", NOT_PUBLIC),
        ("https://example.org/" + "x" * 2000, "longer than 2000"),
    ],
)
def test_what_cannot_be_called_is_refused_in_words_and_kept_in_the_form(session, admin, url, says):
    answer = add(admin, url)
    assert answer.status_code == 400
    assert says in answer.text
    assert f'value="{url}"' in answer.text
    assert stored(session, WebhookEndpoint) == []


@pytest.mark.parametrize(
    ("url", "is_taken"),
    [
        (URL, True),
        ("https://hooks.example.org:443/a", True),
        ("https://hooks.example.org:8443/a", True),
        ("http://hooks.example.org/a", False),
        ("http://hooks.example.org:443/a", False),
        ("https://hooks.example.org:22/a", False),
        ("https://hooks.example.org:6379/a", False),
    ],
)
def test_production_takes_https_at_two_ports_alone(session, admin, app, monkeypatch, url, is_taken):
    production = parts_of(app).settings.model_copy(update={"mentorship_env": "production"})
    monkeypatch.setattr(parts_of(app), "settings", production)

    answer = add(admin, url)

    assert answer.status_code == (303 if is_taken else 400)
    assert len(stored(session, WebhookEndpoint)) == is_taken
    if not is_taken:
        assert "must begin with https:// and use port 443 or 8443." in answer.text


def test_there_is_a_limit(session, admin):
    for number in range(MOST_ENDPOINTS):
        a_webhook(session, f"{URL}/{number}")
    answer = add(admin, URL)
    assert answer.status_code == 400
    assert "Please remove one first." in answer.text


def test_the_log_says_what_came_of_a_call_and_sends_it_again(session, cast, admin):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student)
    endpoint = a_webhook(session, URL)
    call = a_call_given_up(session, endpoint, booking)
    where = f"/webhooks/{endpoint}"
    page = " ".join(admin.get(where).text.split())
    assert f"Session {booking}</a>: Status, Ongoing" in page
    assert "Given up, Tue 24 Nov 2026, 09:00 UTC · 12 tries" in page
    assert "The other system answered 500." in page

    assert admin.post(f"{where}/calls/{call}/again").status_code == 303
    [waits] = stored(session, WebhookCall)
    assert (waits.outcome, waits.attempts, waits.next_try_at) == (None, 0, at("09:50"))
    assert "Next try: Tue 24 Nov 2026, 09:50 UTC" in admin.get(where).text
    assert admin.post(f"{where}/calls/{call}/again").status_code == 404
    assert admin.post(f"{where}/calls/{call + 1}/again").status_code == 404
    assert admin.post(f"/webhooks/{endpoint + 1}/calls/{call}/again").status_code == 404


@pytest.mark.parametrize(
    ("problem", "message"),
    [(Problem.TLS, "The encrypted connection to the server failed."), (None, "The call failed")],
)
def test_the_log_says_in_words_why_there_was_no_answer(session, cast, admin, problem, message):
    endpoint = a_webhook(session, URL)
    booking = a_booking(session, mentor=cast.mentor, student=cast.student)
    call = a_call_given_up(session, endpoint, booking)
    values = {"answer": None, "problem": problem, "error": "SSLError: [SSL] record layer failure"}
    session.rollback()
    session.execute(update(WebhookCall).where(WebhookCall.id == call).values(values))
    session.commit()

    page = admin.get(f"/webhooks/{endpoint}").text
    assert message in page
    assert "SSLError" not in page


def test_nothing_is_sent_again_to_what_is_off(session, cast, admin):
    booking = a_booking(session, mentor=cast.mentor, student=cast.student)
    endpoint = a_webhook(session, URL, is_active=False)
    call = a_call_given_up(session, endpoint, booking)
    where = f"/webhooks/{endpoint}"
    assert "Send again" not in admin.get(where).text
    answer = admin.post(f"{where}/calls/{call}/again")
    assert answer.status_code == 400
    assert "Please turn the webhook on first." in answer.text


def test_the_log_is_paged(session, cast, admin):
    endpoint = a_webhook(session, URL)
    for _ in range(51):
        booking = a_booking(session, mentor=cast.mentor, student=cast.student)
        a_call_given_up(session, endpoint, booking)
    assert session.scalar(select(func.count()).select_from(WebhookCall)) == 51
    where = f"/webhooks/{endpoint}"
    first, second = admin.get(where).text, admin.get(f"{where}?page=2").text
    assert (first.count("Given up"), second.count("Given up")) == (50, 1)
    assert "Page 1 of 2" in first
    assert admin.get(f"{where}?page=0").status_code == 400
