"""GET and POST /api/cron/complete-sessions: for the holder of CRON_SECRET alone."""

import json

import pytest

from mentorship.domain.sessions.lifecycle import Status
from tests.conftest import CRON_SECRET
from tests.support.builders import a_booking, the_booking, the_journal
from tests.support.description import DescribedClient

PATH = "/api/cron/complete-sessions"
RIGHT = {"Authorization": f"Bearer {CRON_SECRET}"}


@pytest.fixture
def due(session, cast, clock):
    """Two sessions that the clock has made due: one was never started, one has ended."""
    people = {"mentor": cast.mentor, "student": cast.student}
    late = a_booking(session, **people, starts="09:40")
    over = a_booking(session, **people, starts="08:30", status=Status.ONGOING)
    return late, over


@pytest.fixture
def with_secret(app_with):
    """`with_secret(...)`: a client of an application with this CRON_SECRET."""

    def make(secret):
        app = app_with(cron_secret=secret)
        app.test_client_class = DescribedClient
        return app.test_client()

    return make


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_holder_of_the_secret_is_told_every_update(client_for, due, method):
    late, over = due

    answer = client_for(None).open(PATH, method=method, headers=RIGHT)

    assert (answer.status_code, answer.json) == (
        200,
        {
            "success": True,
            "message": "1 session became ongoing with a delay and 1 session completed.",
            "startedSessions": 1,
            "completedSessions": 1,
            "failedSessions": 0,
            "timestamp": "2026-11-24T09:50:00Z",
            "updates": [
                {
                    "sessionId": late,
                    "oldStatus": "SCHEDULED",
                    "newStatus": "ONGOING",
                    "isDelayed": True,
                    "timestamp": "2026-11-24T09:50:00Z",
                    "dueAt": "2026-11-24T09:40:00Z",
                    "cause": "cron",
                    "reason": "The start time passed and nobody had started the session.",
                },
                {
                    "sessionId": over,
                    "oldStatus": "ONGOING",
                    "newStatus": "COMPLETED",
                    "isDelayed": False,
                    "timestamp": "2026-11-24T09:50:00Z",
                    "dueAt": "2026-11-24T09:30:00Z",
                    "cause": "cron",
                    "reason": "The session was started on time and its end time passed.",
                },
            ],
        },
    )


def test_a_second_call_has_nothing_to_do(client_for, due):
    client_for(None).get(PATH, headers=RIGHT)

    again = client_for(None).get(PATH, headers=RIGHT).json

    assert (again["startedSessions"], again["completedSessions"], again["updates"]) == (0, 0, [])


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        f"Bearer {CRON_SECRET[:-1]}",
        f"Bearer {CRON_SECRET}x",
        f"Bearer {CRON_SECRET.upper()}",
        f"Bearer  {CRON_SECRET}",
        f"Basic {CRON_SECRET}",
        f"Bearer{CRON_SECRET}",
        CRON_SECRET,
        f"Token {CRON_SECRET}",
        "Bearer undefined",
        "Bearer null",
        "Bearer s\u00e9cret-s\u00e9cret-s\u00e9cret",
        "Bearer \u00ff\u00fe",
        f"Bearer {CRON_SECRET}, Bearer {CRON_SECRET}",
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)  # The database is never asked.
def test_another_header_is_unauthorized_and_runs_nothing(client_for, session, due, header):
    headers = {} if header is None else {"Authorization": header}

    answer = client_for(None).post(PATH, headers=headers)

    assert (answer.status_code, answer.json) == (
        401,
        {"success": False, "error": "Unauthorized"},
    )
    assert the_journal(session) == []


def test_the_scheme_is_read_in_any_case(client_for, due):
    answer = client_for(None).get(PATH, headers={"Authorization": f"bearer {CRON_SECRET}"})

    assert answer.status_code == 200


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_unknown_argument_beside_the_right_secret_is_refused(client_for, session, due):
    right = {"Authorization": f"Bearer {CRON_SECRET}"}
    answer = client_for(None).post(f"{PATH}?nonsense=1", headers=right)

    assert answer.status_code == 400
    assert the_journal(session) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_secret_is_taken_from_the_header_alone(client_for, session, cast, due):
    for client in (client_for(None), client_for(cast.admin)):
        in_the_address = {"secret": CRON_SECRET, "CRON_SECRET": CRON_SECRET}
        assert client.post(PATH, query_string=in_the_address).status_code == 401
        for sent in (
            {"data": {"secret": CRON_SECRET}},
            {"json": {"authorization": f"Bearer {CRON_SECRET}"}},
            {"headers": {"X-Cron-Secret": CRON_SECRET, "Cookie": f"CRON_SECRET={CRON_SECRET}"}},
        ):
            assert client.post(PATH, **sent).status_code == 401
    assert the_journal(session) == []


@pytest.mark.parametrize(
    "secret",
    [
        None,
        "",
        "brief",
        "fifteen-letters",
        "your-cron-secret",
        "changeme-changeme",
        "Your-Cron-Secret",
        "schl\u00fcssel-f\u00fcr-cron",  # Servers drop such a header's value.
        "a-cron-secret-for-tests\n",
        "a-cron-secret-for-tests ",
        " a-cron-secret-for-tests",
        "a-cron-secret\tfor-tests",
        "a-cron-secret\x7ffor-tests",
        " " * 40,
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_without_a_usable_secret_the_route_is_off_and_one_log_line_says_so(
    with_secret, session, due, capsys, secret
):
    client = with_secret(secret)
    capsys.readouterr()

    sent = (secret or "").replace("\n", "")
    answer = client.post(PATH, headers={"Authorization": f"Bearer {sent}"})

    assert answer.status_code == 503
    assert answer.json["error"].startswith("The cron route is disabled because CRON_SECRET ")
    assert the_booking(session, due[0]).status is Status.SCHEDULED
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert "cron_refused" in lines[0]
    assert not secret or secret not in lines[0]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_secret_may_have_any_visible_character_and_blanks_inside(with_secret, due):
    secret = "one, two! ~three~ {four}"

    answer = with_secret(secret).post(PATH, headers={"Authorization": f"Bearer {secret}"})

    assert answer.status_code == 200


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_secret_never_stands_in_an_answer_or_in_the_log(client_for, due, capsys):
    for headers in (RIGHT, {"Authorization": f"Bearer {CRON_SECRET}x"}):
        answer = client_for(None).get(PATH, headers=headers)
        assert CRON_SECRET not in json.dumps(answer.json) + str(answer.headers)
    output = capsys.readouterr()
    assert CRON_SECRET not in output.err + output.out


@pytest.mark.parametrize("asks", [{"Accept": "text/html"}, {"HX-Request": "true"}])
def test_a_refusal_is_json_whatever_the_caller_would_rather_have(client_for, asks):
    answer = client_for(None).post(PATH, headers=asks)

    assert (answer.status_code, answer.json) == (401, {"success": False, "error": "Unauthorized"})


def test_the_route_needs_no_cookie_and_sets_none(client_for, due):
    answer = client_for(None).get(PATH, headers=RIGHT)

    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
