"""Limits go on while Redis cannot be asked."""

from structlog.testing import capture_logs

from mentorship.adapters.throttle import MAILBOX, Throttle
from tests.support.processes import a_free_port


def test_without_redis_the_process_counts_alone():
    throttle = Throttle(f"redis://127.0.0.1:{a_free_port()}/0")

    with capture_logs() as logged:
        assert [throttle.hit(MAILBOX, "sam") for _ in range(6)] == [True] * 5 + [False]
    assert throttle.is_used_up(MAILBOX, "sam")
    assert throttle.seconds_left(MAILBOX, "sam", now=0) >= 1
    throttle.clear(MAILBOX, "sam")
    assert not throttle.is_used_up(MAILBOX, "sam")
    assert {line["event"] for line in logged} == {"redis_unreachable"}
