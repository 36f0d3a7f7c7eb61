"""Limits go on while Redis cannot be asked, or does not answer."""

import signal
import socket
from itertools import count
from time import monotonic

import pytest
from structlog.testing import capture_logs

from mentorship.adapters.rate_limiter import LONGEST_WAIT, MAILBOX, PAUSE, Throttle
from tests.support.processes import a_free_port
from tests.support.programs import a_redis

ADDRESS = "127.0.0.1"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def hanging():
    """A server that lets everybody in and never says a word; yields its socket."""
    with socket.create_server((ADDRESS, 0)) as server:
        server.settimeout(0)
        yield server


@pytest.fixture
def redis(tmp_path):
    """A real Redis: the process and its address."""
    with a_redis(tmp_path) as server:
        yield server.process, server.url


def connections(server):
    """How many have come since the last time."""
    for number in count():
        try:
            server.accept()[0].close()
        except BlockingIOError:
            return number
    raise AssertionError


def url_of(server):
    return f"redis://{ADDRESS}:{server.getsockname()[1]}/0"


def test_without_redis_the_process_counts_alone():
    throttle = Throttle(f"redis://{ADDRESS}:{a_free_port()}/0")

    with capture_logs() as logged:
        assert [throttle.hit(MAILBOX, "sam") for _ in range(6)] == [True] * 5 + [False]
    assert throttle.is_used_up(MAILBOX, "sam")
    assert throttle.seconds_left(MAILBOX, "sam", now=0) >= 1
    throttle.clear(MAILBOX, "sam")
    assert not throttle.is_used_up(MAILBOX, "sam")
    assert [line["event"] for line in logged] == ["redis_unreachable"]


def test_a_redis_that_hangs_is_waited_for_once_and_briefly(hanging, clock):
    throttle = Throttle(url_of(hanging), clock=clock)
    begun = monotonic()

    answers = [throttle.hit(MAILBOX, "sam") for _ in range(6)]

    assert answers == [True] * 5 + [False]
    assert connections(hanging) == 1
    assert LONGEST_WAIT <= 0.2
    assert monotonic() - begun < 5 * LONGEST_WAIT


def test_it_is_asked_again_after_a_pause_and_by_one_request_alone(hanging, clock):
    throttle = Throttle(url_of(hanging), clock=clock)
    throttle.hit(MAILBOX, "sam")

    for _ in range(3):
        clock.now += PAUSE.total_seconds()
        for _ in range(5):
            throttle.hit(MAILBOX, "kim")

    assert connections(hanging) == 1 + 3


def test_a_real_redis_that_is_stopped_and_goes_on(redis, clock):
    process, url = redis
    here, elsewhere = Throttle(url, clock=clock), Throttle(url, clock=clock)
    assert here.hit(MAILBOX, "sam")

    process.send_signal(signal.SIGSTOP)
    begun = monotonic()
    with capture_logs() as logged:
        alone = [here.hit(MAILBOX, "sam") for _ in range(6)]
    took = monotonic() - begun
    process.send_signal(signal.SIGCONT)

    assert (alone, [line["event"] for line in logged]) == (
        [True] * 5 + [False],
        ["redis_unreachable"],
    )
    assert took < 5 * LONGEST_WAIT
    clock.now += PAUSE.total_seconds()
    assert here.hit(MAILBOX, "kim")  # Counted together with the others again.
    assert [elsewhere.hit(MAILBOX, "kim") for _ in range(5)] == [True] * 4 + [False]
