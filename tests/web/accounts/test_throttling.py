"""Attacks on the rate limits of passwords and mail, counted in memory and in Redis alike."""

from collections.abc import Iterator

import pytest
from redis import Redis
from structlog.testing import capture_logs

from mentorship.adapters.passwords import hash_password
from mentorship.adapters.rate_limiter import ACCOUNT, MAILBOX, OVERALL, Throttle
from mentorship.current import parts_of
from mentorship.domain.accounts.viewers import Role
from tests.support.builders import a_user
from tests.support.programs import a_redis

PASSWORD = "correct horse battery"
HERE, THERE, ELSEWHERE = "203.0.113.9", "198.51.100.7", "192.0.2.44"

FAR_AHEAD = "2099-01-01"
"""Counters in memory are cleared by a thread for which the frozen clock does not hold."""

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory) -> Iterator[str]:
    """A Redis of these tests' own."""
    with a_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest.fixture(params=["memory", "redis"])
def throttle(request, app, clock, monkeypatch) -> Throttle:
    """The throttle of the application, which counts in each of the two ways."""
    clock.move_to(FAR_AHEAD)
    url = None
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        Redis.from_url(url).flushall()
    made = Throttle(url)
    monkeypatch.setattr(parts_of(app), "throttle", made)
    return made


@pytest.fixture
def maya(session, clock, throttle):
    return a_user(session, "Maya Mentor", Role.MENTOR, password_hash=hash_password(PASSWORD))


@pytest.fixture
def sam(session, clock, throttle):
    return a_user(session, "Sam Student", Role.STUDENT, password_hash=hash_password(PASSWORD))


def browser(app, address=HERE):
    """A fresh browser at this address."""
    made = app.test_client()
    made.environ_base["REMOTE_ADDR"] = address
    return made


def sign_in(client, person, password=PASSWORD):
    email = person if isinstance(person, str) else person.email
    answer = client.post("/login", data={"email": email, "password": password})
    if answer.status_code == 303:
        client.post("/logout")
    return answer.status_code


def forgot(client, email):
    return client.post("/forgot", data={"email": email}).status_code


def sign_up(client, email, **changes):
    fields = {
        "name": "Nell",
        "email": email,
        "password": PASSWORD,
        "role": "student",
        "timezone": "Europe/Berlin",
    }
    return client.post("/signup", data=fields | changes).status_code


def test_one_address_without_an_account_locks_nobody_out(app, maya, sam):
    known = browser(app)
    assert sign_in(known, sam) == 303
    attacker = browser(app)
    tries = [sign_in(attacker, f"nobody{n // 3}@x.example", "wrong") for n in range(600)]
    assert tries[-1] == 429

    assert sign_in(browser(app, THERE), maya) == 303
    assert sign_in(known, sam) == 303, "in the same office, in a browser that has signed in"
    assert forgot(browser(app), maya.email) == 200
    assert sign_up(browser(app), "new@example.org") == 200


def test_many_addresses_without_an_account_lock_nobody_out(app, maya, throttle):
    for _ in range(OVERALL.amount + 1):
        throttle.hit(OVERALL, "")

    assert sign_in(browser(app), maya) == 303
    assert forgot(browser(app), maya.email) == 200
    assert sign_up(browser(app), "new@example.org") == 200


def test_while_many_fail_each_network_is_slowed_down_for_a_minute_at_most(
    app, maya, throttle, clock
):
    for _ in range(OVERALL.amount + 1):
        throttle.hit(OVERALL, "")
    guesses = [sign_in(browser(app), f"a{n}@x.example", "wrong") for n in range(6)]
    assert guesses == [401] * 3 + [429] * 3
    refused = browser(app).post("/login", data={"email": maya.email, "password": PASSWORD})
    assert (refused.status_code, int(refused.headers["Retry-After"]) <= 60) == (429, True)
    assert sign_in(browser(app, THERE), maya) == 303


def test_what_one_limit_refuses_uses_up_no_other(app, maya, throttle):
    attacker = browser(app)
    for n in range(40):
        sign_in(attacker, f"nobody{n}@x.example", "wrong")
    for _ in range(ACCOUNT.amount + 50):
        assert sign_in(attacker, maya, "wrong") == 429

    assert throttle.counted(ACCOUNT, maya.email) == 0
    assert sign_in(browser(app, THERE), maya) == 303


def test_others_tries_do_not_lock_out_a_browser_that_has_signed_in(app, maya):
    known = browser(app)
    assert sign_in(known, maya) == 303
    attackers = [browser(app, f"198.51.100.{n}") for n in range(40)]
    for _ in range(3):
        for attacker in attackers:
            sign_in(attacker, maya, "wrong")

    assert sign_in(browser(app, THERE), maya) == 429, "the account is guessed at from everywhere"
    assert sign_in(known, maya) == 303


def test_24_wrong_tries_from_one_address_lock_nobody_out_at_another(app, maya):
    attacker = browser(app)
    assert [sign_in(attacker, maya, "wrong") for _ in range(24)] == [401] * 10 + [429] * 14

    assert sign_in(browser(app, THERE), maya) == 303


def test_people_behind_one_address_are_not_locked_out_for_long_by_one_of_them(app, maya, sam):
    guesser = browser(app)
    for _ in range(500):
        sign_in(guesser, maya, "wrong")
    assert sign_in(browser(app), sam) == 303

    for n in range(500):
        sign_in(guesser, f"nobody{n}@x.example", "wrong")
    refused = browser(app).post("/login", data={"email": sam.email, "password": PASSWORD})
    assert (refused.status_code, int(refused.headers["Retry-After"]) <= 60) == (429, True)


def test_a_known_browser_has_a_limit_of_its_own(app, maya, sam):
    known = browser(app)
    sign_in(known, maya)

    assert [sign_in(known, maya, "wrong") for _ in range(12)] == [401] * 10 + [429] * 2
    assert sign_in(browser(app, THERE), maya) == 303


def test_a_browser_is_known_for_its_own_account_alone(app, maya, sam):
    guesser = browser(app)
    sign_in(guesser, sam)

    assert [sign_in(guesser, maya, "wrong") for _ in range(11)] == [401] * 10 + [429]


@pytest.mark.parametrize("value", ["", "x", "e30.x", "W10.x", "a" * 3000, "\u00e9"])
def test_a_forged_mark_of_a_browser_counts_for_nothing(app, maya, value):
    guesser = browser(app)
    guesser.set_cookie("mentorship_browser", value)

    assert [sign_in(guesser, maya, "wrong") for _ in range(11)] == [401] * 10 + [429]


def test_the_mark_of_a_browser_signs_nobody_in(app, maya):
    known = browser(app)
    sign_in(known, maya)

    assert known.get_cookie("mentorship_browser") is not None
    assert known.get("/dashboard").status_code == 302


@pytest.mark.parametrize(
    "addresses",
    [
        [f"2001:db8:1:2:{n:x}::{n:x}" for n in range(1, 26)],
        [f"[2001:db8:1:2::{n:x}]:{n}" for n in range(1, 26)],
        [f"203.0.113.9:{n}" for n in range(1000, 1025)],
        ["203.0.113.9", "::ffff:203.0.113.9", "[::ffff:cb00:7109]:99", "64:ff9b::cb00:7109"] * 6,
    ],
)
def test_one_subscriber_counts_as_one(app, throttle, addresses):
    answers = [
        sign_in(browser(app, address), f"nobody{n}@x.example", "wrong")
        for n, address in enumerate(addresses)
    ]

    assert answers == [401] * 20 + [429] * (len(addresses) - 20)


def test_networks_beside_each_other_count_apart(app, throttle):
    addresses = [f"2001:db8:1:{n:x}::1" for n in range(25)]

    assert {sign_in(browser(app, each), "x@x.example", "wrong") for each in addresses} == {401}


def test_labels_after_a_plus_are_one_mailbox(app, throttle):
    client = browser(app)
    answers = [forgot(client, f"victim+b{n}@example.org") for n in range(MAILBOX.amount + 3)]

    assert answers == [200] * MAILBOX.amount + [429] * 3


def test_sign_ups_with_somebodys_address_do_not_keep_them_from_a_new_password(app, maya):
    for _ in range(MAILBOX.amount + 3):
        sign_up(browser(app, ELSEWHERE), maya.email)

    assert forgot(browser(app), maya.email) == 200


def test_a_mistyped_sign_up_uses_up_no_mail(app, throttle):
    client = browser(app)
    for _ in range(MAILBOX.amount + 3):
        assert sign_up(client, "new@example.org", password="password1") == 400

    assert sign_up(client, "new@example.org") == 200


def test_a_clock_that_was_a_day_ahead_keeps_nobody_waiting_for_a_day(app, maya, clock, request):
    if "redis" in request.node.callspec.id:
        pytest.skip("Redis counts by its own clock")
    clock.tick(86_400)
    for _ in range(10):
        sign_in(browser(app), maya, "wrong")
    clock.tick(-86_400)
    answer = browser(app).post("/login", data={"email": maya.email, "password": PASSWORD})

    assert answer.status_code == 303
    assert "Retry-After" not in answer.headers


def test_thousands_of_failures_leave_a_few_lines_without_names_or_addresses(app, maya):
    with capture_logs() as logged:
        for n in range(1200):
            sign_in(browser(app), f"nobody{n}@x.example", "wrong")
        for _ in range(30):
            sign_in(browser(app, THERE), maya, "wrong")

    lines = [line for line in logged if line["event"] == "sign_ins_failed"]
    counts = [(line["by"], line["count"], line["network"]) for line in lines]
    assert counts == [
        *(("network", count, "203.0.113.0/24") for count in (1, 10, 100, 1000)),
        ("network", 1, "198.51.100.0/24"),
        ("network", 10, "198.51.100.0/24"),
        ("account", 10, "198.51.100.0/24"),
    ]
    for secret in (HERE, THERE, "maya", "nobody", "example", "wrong"):
        assert secret not in str(lines)
